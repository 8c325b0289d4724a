// Makes RPCs whose messages are arbitrary bytes.

#ifndef PROOFMINT_TESTS_SERVICE_TESTING_GENERIC_CALL_H_
#define PROOFMINT_TESTS_SERVICE_TESTING_GENERIC_CALL_H_

#include <grpcpp/generic/generic_stub.h>

#include <string>

#include "absl/time/clock.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::testing {

// CallWithBytes sends `message` to `method`, such as "/package.Service/Method",
// and returns how the call ended.
inline grpc::Status CallWithBytes(const std::string& target,
                                  const std::string& method,
                                  const std::string& message) {
  grpc::GenericStub stub(NewChannel(target));
  grpc::Slice slice(message);
  grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::CompletionQueue queue;
  auto context = NewContext();
  auto call = stub.PrepareUnaryCall(context.get(), method, request, &queue);
  grpc::Status status;
  call->StartCall();
  call->Finish(&response, &status, &queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);  // The context's deadline bounds the wait.
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return status;
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_TESTING_GENERIC_CALL_H_
