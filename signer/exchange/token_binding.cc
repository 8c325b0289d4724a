#include "signer/exchange/token_binding.h"

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "signer/dpop/base64url.h"
#include "signer/exchange/json_object.h"

namespace proofmint {
namespace {

// Returns the thumbprint of the key that `object` is bound to.
std::optional<std::string> JktOf(const nlohmann::json& object) {
  const auto cnf = object.find("cnf");
  if (cnf == object.end()) return std::nullopt;
  std::string jkt = StringMember(*cnf, "jkt");
  if (jkt.empty()) return std::nullopt;
  return jkt;
}

}  // namespace

TokenKey KeyOfToken(absl::string_view access_token) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(access_token, '.');
  if (parts.size() != 3) return {};
  const absl::StatusOr<std::string> payload = dpop::DecodeBase64Url(parts[1]);
  if (!payload.ok()) return {};
  const std::optional<nlohmann::json> claims = ParseJsonObject(*payload);
  if (!claims) return {};
  return {.readable = true, .jkt = JktOf(*claims)};
}

TokenKey KeyOfIntrospection(absl::string_view json) {
  const std::optional<nlohmann::json> answer = ParseJsonObject(json);
  if (!answer) return {};
  const auto active = answer->find("active");
  if (active == answer->end() || *active != true) return {};
  return {.readable = true, .jkt = JktOf(*answer)};
}

}  // namespace proofmint
