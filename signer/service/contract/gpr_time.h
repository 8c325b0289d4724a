// Converts between Abseil's times and those of gRPC's C core.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_GPR_TIME_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_GPR_TIME_H_

#include <grpc/support/time.h>

#include "absl/time/time.h"

namespace proofmint::service {

// GprTimeAfter returns the time that is `delay` from now, on the clock that
// cannot be set.
inline gpr_timespec GprTimeAfter(absl::Duration delay) {
  return gpr_time_add(
      gpr_now(GPR_CLOCK_MONOTONIC),
      gpr_time_from_nanos(absl::ToInt64Nanoseconds(delay), GPR_TIMESPAN));
}

// MonotonicTimeOf returns `time`, of any of gRPC's clocks, as a time of
// base::MonotonicNow. No deadline is InfiniteDuration.
inline absl::Duration MonotonicTimeOf(gpr_timespec time) {
  const gpr_timespec monotonic =
      gpr_convert_clock_type(time, GPR_CLOCK_MONOTONIC);
  return gpr_time_cmp(monotonic, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0
             ? absl::InfiniteDuration()
             : absl::Seconds(monotonic.tv_sec) +
                   absl::Nanoseconds(monotonic.tv_nsec);
}

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_GPR_TIME_H_
