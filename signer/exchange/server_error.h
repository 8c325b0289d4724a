// Reads the OAuth error of an answer.

#ifndef PROOFMINT_SIGNER_EXCHANGE_SERVER_ERROR_H_
#define PROOFMINT_SIGNER_EXCHANGE_SERVER_ERROR_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "absl/strings/string_view.h"
#include "signer/exchange/challenge.h"

namespace proofmint {

// ServerError is an OAuth error as it came: not fit for logs.
struct ServerError {
  std::string code;         // such as "invalid_grant"; empty: none
  std::string description;  // of the same source as `code`
};

// Where a server puts its errors.
enum class ErrorPlace {
  kBody,    // a token or PAR endpoint: JSON first (RFC 6749 section 5.2)
  kHeader,  // a resource: WWW-Authenticate first (RFC 6750 section 3)
};

// ReadServerError returns the error of the JSON object `body` or, where there
// is none, that of a DPoP challenge, then of a Bearer challenge; with kHeader
// the challenges come first, because web frameworks put an `error` of their own
// into the body. Thread-safe.
ServerError ReadServerError(const std::optional<nlohmann::json>& body,
                            std::span<const Challenge> challenges,
                            ErrorPlace place);

// NamesDpop tells whether `text` contains "dpop", in any case. Thread-safe.
bool NamesDpop(absl::string_view text);

// IsGeneralErrorCode tells whether servers use the error code for a bad proof,
// too, and say so in the description alone. Thread-safe.
bool IsGeneralErrorCode(absl::string_view code);

// ListsOtherAlgorithms tells whether a DPoP challenge has a list of algorithms
// ("algs", RFC 9449 section 7.1) and `algorithm` is not in it. Thread-safe.
bool ListsOtherAlgorithms(std::span<const Challenge> challenges,
                          absl::string_view algorithm);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_SERVER_ERROR_H_
