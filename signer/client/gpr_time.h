// Converts to gRPC's times.

#ifndef PROOFMINT_SIGNER_CLIENT_GPR_TIME_H_
#define PROOFMINT_SIGNER_CLIENT_GPR_TIME_H_

#include <grpc/support/time.h>

#include "absl/time/time.h"

namespace proofmint::client {

// GprTimeAfter returns the time that is `delay` from now, on the clock that
// cannot be set.
inline gpr_timespec GprTimeAfter(absl::Duration delay) {
  return gpr_time_add(
      gpr_now(GPR_CLOCK_MONOTONIC),
      gpr_time_from_nanos(absl::ToInt64Nanoseconds(delay), GPR_TIMESPAN));
}

}  // namespace proofmint::client

#endif  // PROOFMINT_SIGNER_CLIENT_GPR_TIME_H_
