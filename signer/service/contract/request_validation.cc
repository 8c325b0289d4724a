#include "signer/service/contract/request_validation.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/syntax.h"
#include "signer/service/contract/conversions.h"
#include "signer/service/contract/duration.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/limits.h"

namespace proofmint::service {

absl::StatusOr<ValidRequest> ValidateRequest(
    const v1::SignProofRequest& request, absl::string_view field_prefix,
    dpop::HtuBuffer& htu_buffer) {
  auto invalid = [&](absl::string_view reason, absl::string_view field,
                     absl::string_view problem) {
    return InvalidFieldError(reason, absl::StrCat(field_prefix, field),
                             problem);
  };

  ValidRequest valid;
  std::optional<dpop::Algorithm> algorithm = ToAlgorithm(request.algorithm());
  if (!algorithm.has_value()) {
    return invalid(kInvalidAlgorithm, "algorithm",
                   absl::StrCat("got ", request.algorithm(),
                                ", want an Algorithm of this version"));
  }
  valid.algorithm = *algorithm;

  absl::Status htm = dpop::ValidateHtm(request.htm());
  if (!htm.ok()) return invalid(kInvalidHtm, "htm", htm.message());
  valid.htm = request.htm();

  absl::StatusOr<absl::string_view> htu =
      dpop::NormalizeHtu(request.htu(), htu_buffer);
  if (!htu.ok()) return invalid(kInvalidHtu, "htu", htu.status().message());
  valid.htu = *htu;

  if (!request.nonce().empty()) {
    absl::Status nonce = dpop::ValidateNonce(request.nonce());
    if (!nonce.ok()) return invalid(kInvalidNonce, "nonce", nonce.message());
    valid.nonce = request.nonce();
  }

  const std::string& sha256 = request.access_token_sha256();
  if (!sha256.empty()) {
    if (sha256.size() != kAccessTokenSha256Size) {
      return invalid(kInvalidAccessTokenSha256, "access_token_sha256",
                     absl::StrCat("got ", sha256.size(), " bytes, want ",
                                  kAccessTokenSha256Size, " or none"));
    }
    valid.access_token_sha256.emplace();
    std::copy(sha256.begin(), sha256.end(), valid.access_token_sha256->begin());
  }

  valid.key_handle = request.key_handle();

  std::optional<absl::Duration> offset = ToDuration(request.iat_offset());
  if (!offset.has_value() || absl::AbsDuration(*offset) > kMaxIatOffset) {
    return invalid(kInvalidIatOffset, "iat_offset",
                   absl::StrCat("got ", request.iat_offset().seconds(),
                                " s and ", request.iat_offset().nanos(),
                                " ns, want a duration from -300 s to 300 s"));
  }
  valid.iat_offset = *offset;
  return valid;
}

}  // namespace proofmint::service
