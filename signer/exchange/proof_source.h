// ProofSource makes DPoP proofs for an exchange. It is all that an exchange
// knows of a signer: SignerClient is one that calls proofmintd,
// FakeProofSource one for the tests of a broker.

#ifndef PROOFMINT_SIGNER_EXCHANGE_PROOF_SOURCE_H_
#define PROOFMINT_SIGNER_EXCHANGE_PROOF_SOURCE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"

namespace proofmint {

// ProofRequest describes the HTTP request that a proof is for, with the fields
// and the limits of SignProofRequest in proof_signer.proto.
struct ProofRequest {
  dpop::Algorithm algorithm = dpop::Algorithm::kEs256;
  std::string htm = "";    // the method, such as "POST"
  std::string htu = "";    // the URL, exactly as it is called
  std::string nonce = "";  // empty: no claim "nonce"
  // The SHA-256 of the access token that goes with the proof: the claim "ath".
  std::optional<std::array<uint8_t, 32>> access_token_sha256 = std::nullopt;
  std::string key_handle = "";  // opaque bytes; empty: sign with a new key
  bool return_key_handle = false;
  absl::Duration iat_offset = absl::ZeroDuration();  // added to the time
};

// Proof is one proof and the key that signed it.
struct Proof {
  std::string jwt = "";  // the value of the header DPoP
  std::string jkt = "";  // the key's thumbprint (RFC 7638), 43 characters
  std::string key_handle = "";  // opaque bytes, a secret; empty: not asked for
  int64_t iat = 0;              // seconds since the Unix epoch
};

// ProofSource is the interface. Implementations are thread-safe.
class ProofSource {
 public:
  using Callback = std::function<void(absl::StatusOr<Proof>)>;

  virtual ~ProofSource() = default;

  // Calls `done` exactly once, on any thread, perhaps before SignProof returns,
  // and soon after `deadline` at the latest. A proof is for one request: never
  // send it twice. Errors have the codes and details of docs/errors.md, read by
  // ReasonOf and RetryDelayOf.
  virtual void SignProof(ProofRequest request, absl::Time deadline,
                         Callback done) = 0;
};

// ReasonOf returns the reason of a signer's error, such as
// "KEY_GENERATION_FAILED", and is empty for other errors and OK. Thread-safe.
std::string ReasonOf(const absl::Status& status);

// RetryDelayOf returns how long a signer asks to wait before the next call;
// nullopt: it does not say. Thread-safe.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_PROOF_SOURCE_H_
