// Checks the signer: signer.reachable, signer.serving, signer.proof.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGNER_CHECKS_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGNER_CHECKS_H_

#include <grpcpp/channel.h>

#include <memory>
#include <span>
#include <string>

#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"
#include "signer/exchange/proof_source.h"
#include "signer/tools/doctor/report.h"

namespace proofmint::doctor {

// SignerAccess says how to call the signer.
struct SignerAccess {
  std::string target;  // unix:PATH or HOST:PORT
  std::shared_ptr<grpc::Channel> channel;
  absl::Duration timeout;  // of each call
  ProofSource& proofs;     // borrowed
};

// CheckSigner adds the three checks and returns whether there are proofs to be
// had. A proof of each of `algorithms` is made for `url`, verified, and
// followed by one with the same key, by its handle.
bool CheckSigner(const SignerAccess& signer,
                 std::span<const dpop::Algorithm> algorithms,
                 const std::string& url, Report& report);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGNER_CHECKS_H_
