// Restricts the process, which holds keys, and adapts it to its limits.

#ifndef PROOFMINT_SIGNER_SERVICE_SERVER_HARDENING_H_
#define PROOFMINT_SIGNER_SERVICE_SERVER_HARDENING_H_

#include "absl/status/status.h"

namespace proofmint::service {

// ForbidDumps keeps the memory of this process out of core files (RLIMIT_CORE)
// and out of reach of other processes of the same user (PR_SET_DUMPABLE). Call
// it before the first key is made. Fails as base::ErrnoStatus if the system
// refuses.
absl::Status ForbidDumps();

// RaiseDescriptorLimit raises the soft limit of descriptors to the hard limit.
// The usual soft limit of 1,024 is meant for programs that use select().
void RaiseDescriptorLimit();

// ShareHeapIfMemoryIsLimited lets all threads allocate from one heap if the
// address space is limited (RLIMIT_AS): glibc would otherwise reserve 64 MiB of
// it for each thread, which is then missing for the stacks of other threads.
// Call it before the first thread is started.
void ShareHeapIfMemoryIsLimited();

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_SERVER_HARDENING_H_
