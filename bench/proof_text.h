// The claims of the proofs that are timed, made alike on every side.

#ifndef PROOFMINT_BENCH_PROOF_TEXT_H_
#define PROOFMINT_BENCH_PROOF_TEXT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/htu.h"

namespace proofmint::bench {

// What a broker typically asks for: a token request with the server's nonce.
inline constexpr absl::string_view kHtm = "POST";
inline constexpr absl::string_view kHtu = "https://idp.example/oauth2/token";
inline constexpr absl::string_view kNonce = "eyJ7S_zG.eyJH0-Z.HX4w-7v";

// The random bytes of the claim jti.
using Jti = decltype(dpop::Claims::jti);

// FillClaims does what the service does for each proof: the htu is checked and
// normalized into `buffer`, the iat is the time now.
absl::Status FillClaims(const Jti& jti, dpop::HtuBuffer& buffer,
                        dpop::Claims& claims);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_PROOF_TEXT_H_
