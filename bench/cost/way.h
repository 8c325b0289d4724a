// A Way is one of the ways in which a broker can get its proofs.

#ifndef PROOFMINT_BENCH_COST_WAY_H_
#define PROOFMINT_BENCH_COST_WAY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace proofmint::cost {

// The nonce of every proof. All are for ES256 and for the htm and htu of
// bench/load/request_set.h.
inline constexpr absl::string_view kNonce = "eyJ7S_zG.eyJH0-Z.HX4w-7v";

// The deadline of every call to a signer.
inline constexpr absl::Duration kTimeout = absl::Seconds(5);

// The number of proofs in a call of the explicit batches.
inline constexpr int kBatchSize = 64;

// MadeProof is a proof with what a broker must know of it.
struct MadeProof {
  absl::string_view jwt;
  absl::string_view jkt;  // the thumbprint of its key
  int64_t iat;            // seconds since the Unix epoch
};

// Way makes the calls of one broker. Thread-safe; `thread` is the number of the
// calling thread, and no two threads call with the same number at a time.
class Way {
 public:
  // Receives the proofs of a call, or the error that it ended with. The views
  // are valid during the call of Done only.
  using Done =
      std::function<void(const absl::Status&, std::span<const MadeProof>)>;

  // Waits until every call is done.
  virtual ~Way() = default;

  // Gets the proofs of one call. Calls `done` once: before it returns if the
  // way is in process, otherwise on a thread of the way, which `done` must not
  // block.
  virtual void Call(size_t thread, Done done) = 0;

  virtual bool in_process() const = 0;
  virtual int proofs_per_call() const { return 1; }
};

// NewWay returns the way `name` for a broker of `threads` threads:
//
//   arrivals       no proof at all: what the other figures contain of the load
//   openssl        signs in process with OpenSSL, a fresh key for each proof
//   boringssl      the same with BoringSSL
//   unary_stub     SignProof of the generated stub, with a completion queue
//   batch_stub     BatchSignProofs with kBatchSize proofs
//   signer_client  single calls of the client library, which makes batches
//
// Ways that need a signer connect to `target`. Fails with INVALID_ARGUMENT for
// another name, and with UNAVAILABLE if the signer does not answer.
absl::StatusOr<std::unique_ptr<Way>> NewWay(absl::string_view name,
                                            const std::string& target,
                                            size_t threads);

}  // namespace proofmint::cost

#endif  // PROOFMINT_BENCH_COST_WAY_H_
