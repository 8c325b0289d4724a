// Proves at start that the guard of connections works in this process.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_GUARD_SELF_TEST_H_
#define PROOFMINT_SIGNER_SERVICE_NET_GUARD_SELF_TEST_H_

#include "absl/status/status.h"
#include "signer/service/net/guarded_descriptor.h"

namespace proofmint::service {

// TestConnectionGuard proves that a ConnectionGuard sees what gRPC reads and
// writes, in plaintext or in TLS: a client, over a socket pair and with a
// certificate made for this, makes one call to a server of gRPC's, and the
// guard must have judged the certificate and have seen the call begin and end.
// The hooks (io_hooks.h) are in place for the whole process or not at all, so
// this is to be called once.
//
// Runs all of it on the calling thread, in some milliseconds. Fails with
// INTERNAL if the guard missed something or there is no answer within 10 s, and
// as base::ErrnoStatus if there are no descriptors.
absl::Status TestConnectionGuard(GuardedDescriptor::Transport transport);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_GUARD_SELF_TEST_H_
