#include "tests/reliability/proof_checker.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/inspect.h"
#include "signer/service/contract/conversions.h"

namespace proofmint::reliability {
namespace {

absl::Status Expect(absl::string_view field, absl::string_view got,
                    absl::string_view want) {
  if (got == want) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(field, ": got \"", got, "\", want \"", want, "\""));
}

// Returns the first 16 bytes of `text`, base64url of at least 16 bytes.
absl::StatusOr<std::array<char, 16>> FirstBytes(absl::string_view field,
                                                absl::string_view text) {
  PROOFMINT_ASSIGN_OR_RETURN(std::string bytes, dpop::DecodeBase64Url(text));
  std::array<char, 16> first;
  if (bytes.size() < first.size()) {
    return absl::DataLossError(absl::StrCat(field, ": got ", bytes.size(),
                                            " bytes, want at least 16"));
  }
  std::copy_n(bytes.begin(), first.size(), first.begin());
  return first;
}

}  // namespace

absl::StatusOr<ProofChecker::Identities> ProofChecker::Inspect(
    const v1::SignProofRequest& request,
    const v1::SignProofResponse& response) {
  PROOFMINT_ASSIGN_OR_RETURN(dpop::InspectedProof proof,
                             dpop::InspectProof(response.proof()));
  if (!proof.signature_valid) {
    return absl::DataLossError("signature: not valid");
  }
  PROOFMINT_RETURN_IF_ERROR(
      Expect("alg", dpop::AlgorithmName(proof.algorithm),
             dpop::AlgorithmName(service::ToAlgorithm(request.algorithm())
                                     .value_or(dpop::Algorithm::kEs256))));
  PROOFMINT_RETURN_IF_ERROR(Expect("htm", proof.htm, request.htm()));
  PROOFMINT_RETURN_IF_ERROR(Expect("htu", proof.htu, request.htu()));
  PROOFMINT_RETURN_IF_ERROR(Expect("nonce", proof.nonce, request.nonce()));
  PROOFMINT_RETURN_IF_ERROR(Expect("jkt", response.jkt(), proof.jkt));
  PROOFMINT_RETURN_IF_ERROR(
      Expect("iat", absl::StrCat(response.iat()), absl::StrCat(proof.iat)));
  Identities identities;
  PROOFMINT_ASSIGN_OR_RETURN(identities.jti, FirstBytes("jti", proof.jti));
  PROOFMINT_ASSIGN_OR_RETURN(identities.jkt, FirstBytes("jkt", proof.jkt));
  return identities;
}

void ProofChecker::Check(const v1::SignProofRequest& request,
                         const v1::SignProofResponse& response,
                         absl::Time now) {
  // The slow part runs outside the lock, so that threads do it in parallel.
  absl::StatusOr<Identities> identities = Inspect(request, response);
  const int64_t lead = response.iat() - absl::ToUnixSeconds(now);
  base::MutexLock lock(mutex_);
  if (!identities.ok()) {
    Problem(counts_.wrong, std::string(identities.status().message()));
    return;
  }
  counts_.least_lead = std::min(lead, counts_.least_lead.value_or(lead));
  counts_.greatest_lead = std::max(lead, counts_.greatest_lead.value_or(lead));
  const bool new_jti = jtis_.insert(identities->jti).second;
  const bool new_key = jkts_.insert(identities->jkt).second;
  if (new_jti && new_key) {
    ++counts_.right;
  } else {
    Problem(counts_.duplicates,
            absl::StrCat(new_jti ? "jkt" : "jti",
                         ": the same as in an earlier proof"));
  }
}

void ProofChecker::Problem(int64_t& counter, std::string text) {
  ++counter;
  if (counts_.first_problem.empty()) counts_.first_problem = std::move(text);
}

ProofChecker::Counts ProofChecker::counts() const {
  base::MutexLock lock(mutex_);
  return counts_;
}

}  // namespace proofmint::reliability
