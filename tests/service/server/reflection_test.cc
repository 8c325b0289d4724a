#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "tests/service/testing/generic_call.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::CallWithBytes;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;

constexpr char kMethod[] =
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr char kListServices[] = "\x3a\x01*";  // Field 7, list_services: "*".

// This is one test, because gRPC enables reflection for the rest of the
// process.
TEST(ReflectionTest, IsOffUntilAskedFor) {
  {
    TestServer server;
    EXPECT_EQ(CallWithBytes(server.unix_target(), kMethod, kListServices)
                  .error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
  }
  ServerOptions options;
  options.enable_reflection = true;
  TestServer server(TestTime, options);
  EXPECT_TRUE(CallWithBytes(server.unix_target(), kMethod, kListServices).ok());
}

}  // namespace
}  // namespace proofmint::service
