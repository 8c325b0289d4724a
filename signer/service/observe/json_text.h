// Writes text as JSON.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_JSON_TEXT_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_JSON_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace proofmint::service {

// JsonString returns `text` as a JSON string with its quotes, in ASCII: all
// other characters are escaped, since some, such as U+009B and U+202E, change
// what a terminal shows. Bytes that are not UTF-8 become U+FFFD.
std::string JsonString(absl::string_view text);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_JSON_TEXT_H_
