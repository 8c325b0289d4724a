// What a process that holds keys does to itself.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_HARDENING_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_HARDENING_H_

#include "absl/status/status.h"

namespace proofmint::service {

// ForbidDumps keeps the memory of this process out of core files (RLIMIT_CORE)
// and from other processes of the same user (PR_SET_DUMPABLE). To be called
// before there are keys. Fails with INTERNAL if the system does not grant it.
absl::Status ForbidDumps();

// RaiseDescriptorLimit takes all the descriptors that the limits allow: the
// limit in force is as a rule 1,024, made for programs that use select().
void RaiseDescriptorLimit();

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_HARDENING_H_
