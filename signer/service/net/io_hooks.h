// Lets the guard see what gRPC reads and writes.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_IO_HOOKS_H_
#define PROOFMINT_SIGNER_SERVICE_NET_IO_HOOKS_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "signer/service/net/guarded_descriptor.h"

namespace proofmint::service {

// A program that links this file defines recvmsg, sendmsg, close, SSL_read,
// SSL_write, SSL_do_handshake and SSL_set_accept_state. libgrpc refers to them,
// so the linker exports them from the program, and the dynamic linker takes
// them for libgrpc in place of those of libc and libssl. Each calls the
// function that it hides. For a descriptor or an SSL without a guard it does no
// more than to look into an array.
//
// All of this depends on how the program is linked and how gRPC was built:
// TestConnectionGuard proves that it works.

// HandOverTls calls `hand_over`, in which gRPC begins a TLS handshake with the
// connection `generation` of `descriptor`, and puts the SSL that gRPC makes
// there under guard. Returns false if it made none on this thread.
bool HandOverTls(GuardedDescriptor& descriptor, uint64_t generation,
                 absl::FunctionRef<void()> hand_over);

// WithoutHandOver keeps what this thread does from the guard while it lives: an
// SSL that is made inside of a hand-over and is not gRPC's, such as that of a
// trial handshake. Not thread-safe.
class WithoutHandOver {
 public:
  WithoutHandOver();
  ~WithoutHandOver();

  WithoutHandOver(const WithoutHandOver&) = delete;
  WithoutHandOver& operator=(const WithoutHandOver&) = delete;

 private:
  void* const hand_over_;  // the one that goes on afterwards; may be null
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_IO_HOOKS_H_
