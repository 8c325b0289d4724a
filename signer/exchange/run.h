// Run drives an exchange on the calling thread.

#ifndef PROOFMINT_SIGNER_EXCHANGE_RUN_H_
#define PROOFMINT_SIGNER_EXCHANGE_RUN_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/exchange/exchange.h"
#include "signer/exchange/http_answer.h"
#include "signer/exchange/outcome.h"
#include "signer/exchange/proof_source.h"

namespace proofmint {

// NotSentError is UNAVAILABLE, marked so that Run knows that the server saw
// nothing of the request: the connection could not be made. `message` must hold
// no secret. Thread-safe.
absl::Status NotSentError(absl::string_view message);

// Run carries `exchange` through to its end and returns its outcome, which
// belongs to `exchange`. It blocks, in `source` until about `deadline` and in
// `send` for as long as that takes; never call it on a thread on which `source`
// calls back.
//
// `send` makes the HTTP request with the headers of the attempt, once and
// without following redirects, and a new client assertion each time. It returns
// NotSentError if it could not connect, and any other error if the request may
// have reached the server.
const Outcome& Run(
    Exchange& exchange, ProofSource& source, absl::Time deadline,
    absl::FunctionRef<absl::StatusOr<HttpAnswer>(const Exchange::Attempt&)>
        send);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_RUN_H_
