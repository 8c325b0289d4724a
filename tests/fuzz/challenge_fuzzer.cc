// libFuzzer target: reads the input as a value of WWW-Authenticate, writes what
// was read in the plainest form of the grammar, and checks that this reads the
// same.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "signer/exchange/challenge.h"
#include "tests/fuzz/fuzz_check.h"

namespace proofmint {
namespace {

// Tells whether `name` is a token (RFC 9110 section 5.6.2) in lower case.
bool IsLowerCaseToken(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > 0x20 && c < 0x7f && !absl::ascii_isupper(c) &&
           absl::string_view("\"(),/:;<=>?@[\\]{}").find(c) ==
               absl::string_view::npos;
  });
}

std::string Quoted(absl::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

std::string Write(const std::vector<Challenge>& challenges) {
  std::string text;
  for (const Challenge& challenge : challenges) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", challenge.scheme);
    if (!challenge.token68.empty()) {
      absl::StrAppend(&text, " ", challenge.token68);
    }
    const char* separator = " ";
    for (const auto& [name, value] : challenge.parameters) {
      absl::StrAppend(&text, separator, name, "=", Quoted(value));
      separator = ", ";
    }
  }
  return text;
}

}  // namespace
}  // namespace proofmint

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<proofmint::Challenge> challenges;
  proofmint::ParseChallenges({reinterpret_cast<const char*>(data), size},
                             challenges);
  for (const proofmint::Challenge& challenge : challenges) {
    FUZZ_CHECK(proofmint::IsLowerCaseToken(challenge.scheme));
    FUZZ_CHECK(challenge.token68.empty() || challenge.parameters.empty());
    for (const auto& [name, value] : challenge.parameters) {
      FUZZ_CHECK(proofmint::IsLowerCaseToken(name));
      FUZZ_CHECK(std::none_of(value.begin(), value.end(), [](char c) {
        return c == '\n' || c == '\r' || c == '\0';
      }));
    }
  }
  std::vector<proofmint::Challenge> again;
  proofmint::ParseChallenges(proofmint::Write(challenges), again);
  FUZZ_CHECK(again == challenges);
  return 0;
}
