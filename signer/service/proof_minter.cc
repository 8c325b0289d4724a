#include "signer/service/proof_minter.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"
#include "signer/service/errors.h"
#include "signer/service/request_validation.h"

namespace proofmint::service {

template <size_t kCapacity>
void ProofMinter::MintOnStack(std::span<Job> jobs) const {
  std::array<dpop::HtuBuffer, kCapacity> htu_buffers;
  std::array<std::optional<ValidRequest>, kCapacity> requests;
  for (size_t i = 0; i < jobs.size(); ++i) {
    std::string prefix;
    if (jobs[i].index >= 0) {
      prefix = absl::StrCat("requests[", jobs[i].index, "].");
    }
    absl::StatusOr<ValidRequest> valid =
        ValidateRequest(*jobs[i].request, prefix, htu_buffers[i]);
    jobs[i].status = valid.status();
    if (valid.ok()) requests[i] = *valid;
  }

  // The jobs in the order of their keys.
  std::array<dpop::ProofKey, kCapacity> keys;
  // Zeros, here and below, since gcc cannot see that all that are read have
  // been set.
  std::array<size_t, kCapacity> order = {};
  size_t ready = 0;
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    size_t end = ready;
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (requests[i].has_value() && requests[i]->algorithm == algorithm) {
        order[end++] = i;
      }
    }
    absl::Status taken =
        pool_.Take(algorithm, std::span(keys).subspan(ready, end - ready));
    if (taken.ok()) {
      ready = end;
      continue;
    }
    for (size_t k = ready; k < end; ++k) {
      jobs[order[k]].status = KeyGenerationFailedError(taken);
    }
  }
  if (ready == 0) return;

  //= rfc9449#4.2
  //# The value MUST be assigned such that there is a negligible probability
  //# that the same value will be assigned to any other DPoP proof used in the
  //# same context during the time window of validity.
  std::array<uint8_t, kCapacity * dpop::kJtiEntropySize> jtis;
  absl::Status status =
      entropy_.Fill(std::span(jtis).first(ready * dpop::kJtiEntropySize));

  std::array<std::string, kCapacity> proofs;
  std::array<int64_t, kCapacity> iats = {};
  if (status.ok()) {
    absl::Time now = clock_();
    std::array<dpop::ProofJob, kCapacity> to_sign;
    for (size_t k = 0; k < ready; ++k) {
      const ValidRequest& request = *requests[order[k]];
      dpop::Claims claims;
      std::copy_n(jtis.begin() + k * dpop::kJtiEntropySize,
                  dpop::kJtiEntropySize, claims.jti.begin());
      claims.htm = request.htm;
      claims.htu = request.htu;
      claims.iat = iats[k] = absl::ToUnixSeconds(now + request.iat_offset);
      claims.nonce = request.nonce;
      claims.access_token_sha256 = request.access_token_sha256;
      dpop::WriteSigningInput(keys[k], claims, proofs[k]);
      to_sign[k] = {&keys[k], &proofs[k]};
    }
    status =
        dpop::SignProofs(kernel_, entropy_, std::span(to_sign).first(ready));
  }
  for (size_t k = 0; k < ready; ++k) {
    Job& job = jobs[order[k]];
    if (!status.ok()) {
      job.status = SigningFailedError(status);
      continue;
    }
    job.response->set_proof(std::move(proofs[k]));
    // set_jkt would copy it twice.
    job.response->mutable_jkt()->assign(keys[k].jkt().data(),
                                        keys[k].jkt().size());
    job.response->set_iat(iats[k]);
  }
}

void ProofMinter::MintTogether(std::span<Job> jobs) const {
  if (jobs.size() == 1) {
    MintOnStack<1>(jobs);
  } else {
    MintOnStack<kMaxTogether>(jobs);
  }
}

absl::Status ProofMinter::Mint(const v1::SignProofRequest& request,
                               v1::SignProofResponse& response) const {
  Job job = {&request, &response, absl::OkStatus()};
  MintTogether({&job, 1});
  return job.status;
}

}  // namespace proofmint::service
