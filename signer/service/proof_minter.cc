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
namespace {

// The number of requests that are minted together: as many as the kernels do at
// once.
constexpr size_t kChunkSize = 64;

}  // namespace

template <size_t kCapacity>
void ProofMinter::MintItems(std::span<Item> items) const {
  std::array<dpop::HtuBuffer, kCapacity> htu_buffers;
  std::array<std::optional<ValidRequest>, kCapacity> requests;
  for (size_t i = 0; i < items.size(); ++i) {
    std::string prefix;
    if (items[i].index >= 0) {
      prefix = absl::StrCat("requests[", items[i].index, "].");
    }
    absl::StatusOr<ValidRequest> valid =
        ValidateRequest(*items[i].request, prefix, htu_buffers[i]);
    items[i].status = valid.status();
    if (valid.ok()) requests[i] = *valid;
  }

  // The items in the order of their keys.
  std::array<dpop::ProofKey, kCapacity> keys;
  std::array<size_t, kCapacity> order;
  size_t ready = 0;
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    size_t end = ready;
    for (size_t i = 0; i < items.size(); ++i) {
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
      items[order[k]].status = KeyGenerationFailedError(taken);
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
  // Zeros, since gcc cannot see that all that are read have been set.
  std::array<int64_t, kCapacity> iats = {};
  if (status.ok()) {
    absl::Time now = clock_();
    std::array<dpop::ProofJob, kCapacity> jobs;
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
      jobs[k] = {&keys[k], &proofs[k]};
    }
    status = dpop::SignProofs(kernel_, entropy_, std::span(jobs).first(ready));
  }
  for (size_t k = 0; k < ready; ++k) {
    Item& item = items[order[k]];
    if (!status.ok()) {
      item.status = SigningFailedError(status);
      continue;
    }
    item.response->set_proof(std::move(proofs[k]));
    item.response->set_jkt(keys[k].jkt().data(), keys[k].jkt().size());
    item.response->set_iat(iats[k]);
  }
}

absl::Status ProofMinter::Mint(const v1::SignProofRequest& request,
                               v1::SignProofResponse& response) const {
  Item item = {&request, /*index=*/-1, &response, absl::OkStatus()};
  MintItems<1>({&item, 1});
  return item.status;
}

absl::Status ProofMinter::MintBatch(
    const v1::BatchSignProofsRequest& batch,
    v1::BatchSignProofsResponse& response) const {
  const int size = batch.requests_size();
  if (size < 1 || size > kMaxBatchSize) {
    return InvalidFieldError(
        kInvalidBatchSize, "requests",
        absl::StrCat("got ", size, " items, want 1 to ", kMaxBatchSize));
  }
  response.mutable_results()->Reserve(size);
  for (int start = 0; start < size;) {
    std::array<Item, kChunkSize> items;
    size_t count = 0;
    for (; start < size && count < kChunkSize; ++start, ++count) {
      items[count] = {&batch.requests(start), start,
                      response.add_results()->mutable_proof(),
                      absl::OkStatus()};
    }
    MintItems<kChunkSize>(std::span(items).first(count));
    for (size_t i = 0; i < count; ++i) {
      if (items[i].status.ok()) continue;
      *response.mutable_results(items[i].index)->mutable_error() =
          ToRpcStatus(items[i].status);
    }
  }
  return absl::OkStatus();
}

}  // namespace proofmint::service
