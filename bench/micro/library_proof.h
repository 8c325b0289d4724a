// Makes whole proofs with the keys and signatures of a library.

#ifndef PROOFMINT_BENCH_MICRO_LIBRARY_PROOF_H_
#define PROOFMINT_BENCH_MICRO_LIBRARY_PROOF_H_

#include <string>

#include "absl/status/statusor.h"
#include "bench/micro/library.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/jwk.h"

namespace proofmint::bench {

// MintWithLibrary makes a proof as a program does that signs in its own
// process. A fresh key and the signature are the library's; the header, the
// thumbprint, the claims and the text are written by Proofmint's code. Wipes
// the key. Returns its thumbprint; fails with INTERNAL if a call of the library
// fails. As thread-safe as `library`.
absl::StatusOr<dpop::Jkt> MintWithLibrary(Library& library,
                                          dpop::Algorithm algorithm,
                                          const dpop::Claims& claims,
                                          std::string& proof);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_MICRO_LIBRARY_PROOF_H_
