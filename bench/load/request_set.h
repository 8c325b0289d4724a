// Prepares the requests to send, serialized in advance.

#ifndef PROOFMINT_BENCH_LOAD_REQUEST_SET_H_
#define PROOFMINT_BENCH_LOAD_REQUEST_SET_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <string>
#include <vector>

#include "bench/load/options.h"
#include "signer/dpop/algorithm.h"

namespace proofmint::load {

// The htm and htu of every request.
inline constexpr char kHtm[] = "POST";
inline constexpr char kHtu[] =
    "https://idp.example/realms/load/protocol/openid-connect/token";

// MethodName returns the full name of the RPC for calls of `batch` proofs.
std::string MethodName(int batch);

// PreparedRequest is the request of a call: its bytes and its algorithms.
struct PreparedRequest {
  grpc::ByteBuffer bytes;
  std::vector<dpop::Algorithm> algorithms;  // one for each proof
};

// RequestSet returns requests in which the algorithms are mixed as evenly as
// their weights allow. Not thread-safe.
class RequestSet {
 public:
  explicit RequestSet(const Options& options);

  // Returns the next request, which lives as long as the set.
  const PreparedRequest& Next();

 private:
  std::vector<PreparedRequest> requests_;  // one period of the mix
  size_t next_ = 0;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_REQUEST_SET_H_
