// Checks what a token request found: token.client, token.nonce, token.proof,
// token.type, token.binding; and with further requests token.proof_matters and
// token.algorithms.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_TOKEN_CHECKS_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_TOKEN_CHECKS_H_

#include <functional>
#include <optional>
#include <string>

#include "signer/tools/doctor/discovery.h"
#include "signer/tools/doctor/identity_provider.h"
#include "signer/tools/doctor/options.h"
#include "signer/tools/doctor/report.h"

namespace proofmint::doctor {

// TokenRequest sends the token request that is under test, once more each time.
using TokenRequest = std::function<Sent()>;

// CheckClient adds token.client.
void CheckClient(const Sent& sent, const IdentityProvider& provider,
                 const Discovery& discovery, Report& report);

// CheckNonce adds token.nonce.
void CheckNonce(const Sent& sent, Report& report);

// CheckProbe adds token.proof for made-up codes: it compares the answers to a
// good and to a bad proof. Returns whether the provider reads proofs.
bool CheckProbe(const Sent& good, const Sent& bad, Report& report);

// CheckProof adds token.proof for a request that should bring a token. `again`
// sends it once more, to find out why a proof was refused; without it the cause
// is guessed.
void CheckProof(const Sent& sent, const TokenRequest& again,
                IdentityProvider& provider, const Discovery& discovery,
                Report& report);

// FailProof adds token.proof for a proof that was refused.
void FailProof(const Sent& sent, const TokenRequest& again,
               IdentityProvider& provider, const Discovery& discovery,
               Report& report);

// CheckTokenType adds token.type.
void CheckTokenType(const Sent& sent, bool require_bound, Report& report);

// CheckBinding adds token.binding. It introspects an opaque token if the
// provider publishes where, and notes in `sent` what it finds.
void CheckBinding(Sent& sent, IdentityProvider& provider, HttpClient& http,
                  Report& report);

// CheckProofMatters adds token.proof_matters: sends bad proofs with `again`,
// and compares the answers with that to a good one. `other_url` is the answer
// to a proof for another URL, if there is one already.
void CheckProofMatters(const Sent& good, const Sent* other_url,
                       const TokenRequest& again, IdentityProvider& provider,
                       Report& report);

// CheckAlgorithms adds token.algorithms: sends a proof of each algorithm with
// `again`. `good` is the answer to a proof that was liked.
void CheckAlgorithms(const Sent& good, const TokenRequest& again,
                     IdentityProvider& provider, Report& report);

// SameAnswer tells whether two answers are the same for a client: verdict,
// error and status.
bool SameAnswer(const Outcome& a, const Outcome& b);

// Describe returns the end of an exchange in a few words: status, error and
// description, or why there was no answer.
std::string Describe(const Outcome& outcome);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_TOKEN_CHECKS_H_
