// Reads JSON that another party wrote: the answers of an identity provider.

#ifndef PROOFMINT_SIGNER_EXCHANGE_JSON_OBJECT_H_
#define PROOFMINT_SIGNER_EXCHANGE_JSON_OBJECT_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace proofmint {

// ParseJsonObject returns the object that `text` is; nullopt for anything else,
// also for text that is not UTF-8 or has a byte order mark. Of members with the
// same name the last one counts. Thread-safe.
std::optional<nlohmann::json> ParseJsonObject(absl::string_view text);

// StringMember returns the member `name` of `object`; empty if there is none,
// if it is not a string, or if `object` is not an object. Thread-safe.
std::string StringMember(const nlohmann::json& object, const char* name);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_JSON_OBJECT_H_
