#include "signer/service/mint/proof_minter.h"

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
#include "signer/service/contract/errors.h"
#include "signer/service/contract/request_validation.h"

namespace proofmint::service {

struct ProofMinter::Mints {
  std::span<Job> jobs;
  std::span<std::optional<ValidRequest>> requests;  // none: the job has failed
  std::span<dpop::ProofKey> keys;
  std::span<size_t> order;
  size_t ready = 0;
};

namespace {

std::string FieldPath(int index, absl::string_view field) {
  return index < 0 ? std::string(field)
                   : absl::StrCat("requests[", index, "].", field);
}

}  // namespace

void ProofMinter::InjectFaults(Mints& mints) const {
  for (size_t i = 0; i < mints.jobs.size(); ++i) {
    if (!mints.requests[i].has_value()) continue;
    if (FaultHappens(faults_.key_generation_failure_rate)) {
      mints.jobs[i].status =
          KeyGenerationFailedError(absl::UnavailableError("injected fault"));
    } else if (FaultHappens(faults_.signing_failure_rate)) {
      mints.jobs[i].status =
          SigningFailedError(absl::UnavailableError("injected fault"));
    } else {
      continue;
    }
    mints.requests[i].reset();
  }
}

void ProofMinter::OpenHandles(Mints& mints) const {
  for (size_t i = 0; i < mints.jobs.size(); ++i) {
    std::optional<ValidRequest>& request = mints.requests[i];
    if (!request.has_value() || request->key_handle.empty()) continue;
    Job& job = mints.jobs[i];
    absl::StatusOr<dpop::ProofKey> key = handles_.Open(
        request->key_handle, request->algorithm, job.caller, clock_());
    if (!key.ok()) {
      job.status = InvalidKeyHandleError(FieldPath(job.index, "key_handle"));
      continue;
    }
    mints.order[mints.ready] = i;
    mints.keys[mints.ready++] = *std::move(key);
  }
}

void ProofMinter::TakeKeys(dpop::Algorithm algorithm, Mints& mints) const {
  size_t end = mints.ready;
  for (size_t i = 0; i < mints.jobs.size(); ++i) {
    const std::optional<ValidRequest>& request = mints.requests[i];
    if (request.has_value() && request->algorithm == algorithm &&
        request->key_handle.empty()) {
      mints.order[end++] = i;
    }
  }
  absl::Status taken =
      pool_.Take(algorithm, mints.keys.subspan(mints.ready, end - mints.ready));
  if (taken.ok()) {
    mints.ready = end;
    return;
  }
  for (size_t k = mints.ready; k < end; ++k) {
    mints.jobs[mints.order[k]].status = KeyGenerationFailedError(taken);
  }
}

template <size_t kCapacity>
void ProofMinter::MintOnStack(std::span<Job> jobs) const {
  std::array<dpop::HtuBuffer, kCapacity> htu_buffers;
  std::array<std::optional<ValidRequest>, kCapacity> requests;
  for (size_t i = 0; i < jobs.size(); ++i) {
    absl::StatusOr<ValidRequest> valid = ValidateRequest(
        *jobs[i].request, FieldPath(jobs[i].index, ""), htu_buffers[i]);
    jobs[i].status = valid.status();
    if (valid.ok()) requests[i] = *valid;
  }

  // The jobs in the order of their keys.
  std::array<dpop::ProofKey, kCapacity> keys;
  // Zeros, here and below, since gcc cannot see that all that are read have
  // been set.
  std::array<size_t, kCapacity> order = {};
  Mints mints = {jobs, std::span(requests).first(jobs.size()), keys, order};
  InjectFaults(mints);
  OpenHandles(mints);
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    TakeKeys(algorithm, mints);
  }
  const size_t ready = mints.ready;
  if (ready == 0) return;

  //= rfc9449#4.2
  //# The value MUST be assigned such that there is a negligible probability
  //# that the same value will be assigned to any other DPoP proof used in the
  //# same context during the time window of validity.
  //= rfc9449#7.3
  //# It is RECOMMENDED that clients generate a unique DPoP proof, even when
  //# retrying idempotent requests in response to HTTP errors generally
  //# understood as transient.
  std::array<uint8_t, kCapacity * dpop::kJtiEntropySize> jtis;
  absl::Status status =
      entropy_.Fill(std::span(jtis).first(ready * dpop::kJtiEntropySize));

  std::array<std::string, kCapacity> proofs;
  std::array<int64_t, kCapacity> iats = {};
  const absl::Time now = clock_();
  if (status.ok()) {
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
    if (job.request->return_key_handle()) {
      absl::Status sealed =
          handles_.Seal(keys[k], requests[order[k]]->algorithm, job.caller, now,
                        *job.response->mutable_key_handle());
      if (!sealed.ok()) {
        job.status = KeyGenerationFailedError(sealed);
        continue;
      }
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
    MintOnStack<crypto::kKernelBatchSize>(jobs);
  }
}

absl::Status ProofMinter::Mint(const v1::SignProofRequest& request,
                               v1::SignProofResponse& response,
                               absl::string_view caller) const {
  Job job = {&request, &response, caller, absl::OkStatus()};
  MintTogether({&job, 1});
  return job.status;
}

}  // namespace proofmint::service
