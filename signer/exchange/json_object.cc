#include "signer/exchange/json_object.h"

#include "absl/strings/match.h"

namespace proofmint {

std::optional<nlohmann::json> ParseJsonObject(absl::string_view text) {
  // The parser would skip a byte order mark and ignore everything after a zero
  // byte.
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == absl::string_view::npos || text[start] != '{' ||
      absl::StrContains(text, '\0')) {
    return std::nullopt;
  }
  nlohmann::json json =
      nlohmann::json::parse(text.begin(), text.end(), /*cb=*/nullptr,
                            /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

std::string StringMember(const nlohmann::json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return "";
  return member->get<std::string>();
}

}  // namespace proofmint
