#include "bench/proof_text.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/status_macros.h"

namespace proofmint::bench {

absl::Status FillClaims(const Jti& jti, dpop::HtuBuffer& buffer,
                        dpop::Claims& claims) {
  PROOFMINT_ASSIGN_OR_RETURN(claims.htu, dpop::NormalizeHtu(kHtu, buffer));
  claims.jti = jti;
  claims.htm = kHtm;
  claims.iat = absl::ToUnixSeconds(absl::Now());
  claims.nonce = kNonce;
  return absl::OkStatus();
}

}  // namespace proofmint::bench
