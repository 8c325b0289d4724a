// The service's clock, injected so that tests can set it.

#ifndef PROOFMINT_SIGNER_SERVICE_CLOCK_H_
#define PROOFMINT_SIGNER_SERVICE_CLOCK_H_

#include <functional>

#include "absl/time/time.h"

namespace proofmint::service {

// Clock returns the current time; absl::Now in production. Must be thread-safe.
using Clock = std::function<absl::Time()>;

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CLOCK_H_
