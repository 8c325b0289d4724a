#include "signer/exchange/server_error.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "signer/exchange/json_object.h"

namespace proofmint {
namespace {

ServerError ErrorOfBody(const std::optional<nlohmann::json>& body) {
  if (!body) return {};
  return {StringMember(*body, "error"),
          StringMember(*body, "error_description")};
}

ServerError ErrorOfChallenges(std::span<const Challenge> challenges) {
  for (absl::string_view scheme : {"dpop", "bearer"}) {
    for (const Challenge& challenge : challenges) {
      const absl::string_view code = challenge.Find("error");
      if (challenge.scheme != scheme || code.empty()) continue;
      return {std::string(code),
              std::string(challenge.Find("error_description"))};
    }
  }
  return {};
}

}  // namespace

ServerError ReadServerError(const std::optional<nlohmann::json>& body,
                            std::span<const Challenge> challenges,
                            ErrorPlace place) {
  const bool body_first = place == ErrorPlace::kBody;
  ServerError error =
      body_first ? ErrorOfBody(body) : ErrorOfChallenges(challenges);
  if (!error.code.empty()) return error;
  error = body_first ? ErrorOfChallenges(challenges) : ErrorOfBody(body);
  return error.code.empty() ? ServerError() : error;
}

bool NamesDpop(absl::string_view text) {
  return absl::StrContains(absl::AsciiStrToLower(text), "dpop");
}

bool IsGeneralErrorCode(absl::string_view code) {
  constexpr std::array<absl::string_view, 5> kCodes = {
      "invalid_request", "invalid_token", "invalid_client",
      "unauthorized_client", "access_denied"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

bool ListsOtherAlgorithms(std::span<const Challenge> challenges,
                          absl::string_view algorithm) {
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme != "dpop") continue;
    const std::vector<absl::string_view> names =
        absl::StrSplit(challenge.Find("algs"), ' ', absl::SkipEmpty());
    if (!names.empty() &&
        std::find(names.begin(), names.end(), algorithm) == names.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace proofmint
