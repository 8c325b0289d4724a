#include "signer/service/contract/conversions.h"

#include <cstdint>

namespace proofmint::service {

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

std::optional<absl::Duration> ToDuration(
    const google::protobuf::Duration& duration) {
  constexpr int32_t kNanosPerSecond = 1'000'000'000;
  const int64_t seconds = duration.seconds();
  const int32_t nanos = duration.nanos();
  if (nanos <= -kNanosPerSecond || nanos >= kNanosPerSecond ||
      (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
    return std::nullopt;
  }
  return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
}

v1::Algorithm ToProto(dpop::Algorithm algorithm) {
  switch (algorithm) {
    case dpop::Algorithm::kEs256:
      return v1::ALGORITHM_ES256;
    case dpop::Algorithm::kEd25519:
      return v1::ALGORITHM_ED25519;
    case dpop::Algorithm::kEdDsa:
      return v1::ALGORITHM_EDDSA;
  }
  return v1::ALGORITHM_UNSPECIFIED;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

}  // namespace proofmint::service
