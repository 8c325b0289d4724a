// Reads the challenges of the header WWW-Authenticate.

#ifndef PROOFMINT_SIGNER_EXCHANGE_CHALLENGE_H_
#define PROOFMINT_SIGNER_EXCHANGE_CHALLENGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace proofmint {

// Challenge is one challenge of WWW-Authenticate (RFC 9110 section 11.6.1).
struct Challenge {
  std::string scheme = "";   // lower case
  std::string token68 = "";  // empty, or what stands instead of parameters
  // In the order received. Names are in lower case, values without quotes.
  std::vector<std::pair<std::string, std::string>> parameters = {};

  // Returns the value of `name`, given in lower case; empty if there is none.
  // Of parameters with the same name the first one counts.
  absl::string_view Find(absl::string_view name) const;

  bool operator==(const Challenge&) const = default;
};

// ParseChallenges appends the challenges of one value of WWW-Authenticate to
// `challenges`. Where the value does not follow the grammar, what stands before
// the fault counts: a parameter once its value is read, a scheme once its name
// is. Takes time in proportion to the size of `value`. Thread-safe.
void ParseChallenges(absl::string_view value,
                     std::vector<Challenge>& challenges);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_CHALLENGE_H_
