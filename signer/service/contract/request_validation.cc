#include "signer/service/contract/request_validation.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/syntax.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/limits.h"

namespace proofmint::service {
namespace {

// Checks the rules of google.protobuf.Duration before it is used as a number:
// nanos below one second and of the same sign as seconds.
std::optional<absl::Duration> ToDuration(
    const google::protobuf::Duration& duration) {
  constexpr int32_t kNanosPerSecond = 1'000'000'000;
  int64_t seconds = duration.seconds();
  int32_t nanos = duration.nanos();
  if (nanos <= -kNanosPerSecond || nanos >= kNanosPerSecond ||
      (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
    return std::nullopt;
  }
  return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
}

}  // namespace

std::optional<dpop::Algorithm> ToAlgorithm(v1::Algorithm algorithm) {
  switch (algorithm) {
    case v1::ALGORITHM_UNSPECIFIED:
    case v1::ALGORITHM_ES256:
      return dpop::Algorithm::kEs256;
    case v1::ALGORITHM_ED25519:
      return dpop::Algorithm::kEd25519;
    case v1::ALGORITHM_EDDSA:
      return dpop::Algorithm::kEdDsa;
    default:
      return std::nullopt;
  }
}

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
    if (sha256.size() != crypto::kSha256Size) {
      return invalid(
          kInvalidAccessTokenSha256, "access_token_sha256",
          absl::StrCat("got ", sha256.size(), " bytes, want 32 or none"));
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
