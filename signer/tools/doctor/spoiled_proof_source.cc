#include "signer/tools/doctor/spoiled_proof_source.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace proofmint::doctor {
namespace {

std::string OtherScheme(const std::string& url) {
  return absl::StartsWithIgnoreCase(url, "https:")
             ? absl::StrCat("http:", url.substr(6))
             : absl::StrCat("https:", url.substr(5));
}

ProofRequest Spoiled(ProofRequest request, Spoil spoil) {
  switch (spoil) {
    case Spoil::kOtherUrl:
      request.htu += "/elsewhere";
      break;
    case Spoil::kOtherScheme:
      request.htu = OtherScheme(request.htu);
      break;
    case Spoil::kOtherMethod:
      request.htm = "PUT";
      break;
    case Spoil::kOldIat:
      request.iat_offset -= kOldIatAge;
      break;
    case Spoil::kNothing:
    case Spoil::kReplay:
      break;
  }
  return request;
}

}  // namespace

void SpoiledProofSource::Set(Spoil spoil) {
  base::MutexLock lock(mutex_);
  spoil_ = spoil;
}

void SpoiledProofSource::SignProof(ProofRequest request, absl::Time deadline,
                                   Callback done) {
  Spoil spoil;
  Proof last;
  {
    base::MutexLock lock(mutex_);
    spoil = spoil_;
    last = last_;
  }
  if (spoil == Spoil::kReplay) {
    if (last.jwt.empty()) {
      done(absl::FailedPreconditionError("no proof to send again"));
    } else {
      done(std::move(last));
    }
    return;
  }
  source_.SignProof(
      Spoiled(std::move(request), spoil), deadline,
      [this, spoil, done = std::move(done)](absl::StatusOr<Proof> proof) {
        if (spoil == Spoil::kNothing && proof.ok()) {
          base::MutexLock lock(mutex_);
          last_ = *proof;
        }
        done(std::move(proof));
      });
}

}  // namespace proofmint::doctor
