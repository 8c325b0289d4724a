#include "signer/service/mint/proof_minter.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "signer/crypto/secret.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/request_validation.h"

namespace proofmint::service {

struct ProofMinter::Batch {
  std::span<Job> jobs;
  // requests[i] is the checked request of jobs[i], or nothing if it is invalid
  // or a fault was injected.
  std::span<std::optional<ValidRequest>> requests;
  // keys[k] is for jobs[job_of_key[k]], for every k below `key_count`.
  std::span<dpop::ProofKey> keys;
  std::span<size_t> job_of_key;
  size_t key_count = 0;
};

namespace {

std::string FieldPath(std::optional<int> batch_index, absl::string_view field) {
  return batch_index.has_value()
             ? absl::StrCat("requests[", *batch_index, "].", field)
             : std::string(field);
}

}  // namespace

void ProofMinter::InjectFaults(Batch& batch) const {
  for (size_t i = 0; i < batch.jobs.size(); ++i) {
    if (!batch.requests[i].has_value()) continue;
    if (FaultHappens(faults_.key_generation_failure_rate)) {
      batch.jobs[i].status =
          KeyGenerationFailedError(absl::UnavailableError("injected fault"));
    } else if (FaultHappens(faults_.signing_failure_rate)) {
      batch.jobs[i].status =
          SigningFailedError(absl::UnavailableError("injected fault"));
    } else {
      continue;
    }
    batch.requests[i].reset();
  }
}

void ProofMinter::OpenHandles(Batch& batch) const {
  for (size_t i = 0; i < batch.jobs.size(); ++i) {
    std::optional<ValidRequest>& request = batch.requests[i];
    if (!request.has_value() || request->key_handle.empty()) continue;
    Job& job = batch.jobs[i];
    absl::StatusOr<dpop::ProofKey> key = handles_.Open(
        request->key_handle, request->algorithm, job.caller, clock_());
    if (!key.ok()) {
      job.status =
          InvalidKeyHandleError(FieldPath(job.batch_index, "key_handle"));
      continue;
    }
    batch.job_of_key[batch.key_count] = i;
    batch.keys[batch.key_count++] = *std::move(key);
    crypto::WipeRegisters();  // They hold the key that was moved.
  }
}

void ProofMinter::TakeKeys(dpop::Algorithm algorithm, Batch& batch) const {
  size_t end = batch.key_count;
  for (size_t i = 0; i < batch.jobs.size(); ++i) {
    const std::optional<ValidRequest>& request = batch.requests[i];
    if (request.has_value() && request->algorithm == algorithm &&
        request->key_handle.empty()) {
      batch.job_of_key[end++] = i;
    }
  }
  absl::Status taken = pool_.Take(
      algorithm, batch.keys.subspan(batch.key_count, end - batch.key_count));
  if (taken.ok()) {
    batch.key_count = end;
    return;
  }
  for (size_t k = batch.key_count; k < end; ++k) {
    batch.jobs[batch.job_of_key[k]].status = KeyGenerationFailedError(taken);
  }
}

template <size_t kCapacity>
void ProofMinter::MintUpTo(std::span<Job> jobs) const {
  std::array<dpop::HtuBuffer, kCapacity> htu_buffers;
  std::array<std::optional<ValidRequest>, kCapacity> requests;
  for (size_t i = 0; i < jobs.size(); ++i) {
    absl::StatusOr<ValidRequest> valid = ValidateRequest(
        *jobs[i].request, FieldPath(jobs[i].batch_index, ""), htu_buffers[i]);
    jobs[i].status = valid.status();
    if (valid.ok()) requests[i] = *valid;
  }

  std::array<dpop::ProofKey, kCapacity> keys;
  // Zeros, here and below, because gcc cannot see that every element is set
  // before it is read.
  std::array<size_t, kCapacity> job_of_key = {};
  Batch batch = {jobs, std::span(requests).first(jobs.size()), keys,
                 job_of_key};
  InjectFaults(batch);
  OpenHandles(batch);
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    TakeKeys(algorithm, batch);
  }
  const size_t key_count = batch.key_count;
  if (key_count == 0) return;

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
      entropy_.Fill(std::span(jtis).first(key_count * dpop::kJtiEntropySize));

  std::array<std::string, kCapacity> proofs;
  std::array<int64_t, kCapacity> iats = {};
  const absl::Time now = clock_();
  if (status.ok()) {
    std::array<dpop::ProofJob, kCapacity> to_sign;
    for (size_t k = 0; k < key_count; ++k) {
      const ValidRequest& request = *requests[job_of_key[k]];
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
    status = dpop::SignProofs(kernel_, entropy_,
                              std::span(to_sign).first(key_count));
  }
  for (size_t k = 0; k < key_count; ++k) {
    Job& job = jobs[job_of_key[k]];
    if (!status.ok()) {
      job.status = SigningFailedError(status);
      continue;
    }
    if (job.request->return_key_handle()) {
      absl::Status sealed =
          handles_.Seal(keys[k], requests[job_of_key[k]]->algorithm, job.caller,
                        now, *job.response->mutable_key_handle());
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

void ProofMinter::MintBatch(std::span<Job> jobs) const {
  if (jobs.size() == 1) {
    MintUpTo<1>(jobs);
  } else {
    MintUpTo<crypto::kKernelBatchSize>(jobs);
  }
}

absl::Status ProofMinter::Mint(const v1::SignProofRequest& request,
                               v1::SignProofResponse& response,
                               absl::string_view caller) const {
  Job job = {&request, &response, caller, absl::OkStatus()};
  MintBatch({&job, 1});
  return job.status;
}

}  // namespace proofmint::service
