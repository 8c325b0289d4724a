#include "signer/exchange/challenge.h"

#include <cstddef>

#include "absl/strings/ascii.h"

namespace proofmint {
namespace {

// Parser reads one value by the grammar of RFC 9110 sections 5.6 and 11.
class Parser {
 public:
  explicit Parser(absl::string_view value) : rest_(value) {}

  // Appends what can be read; stops at the first fault.
  void Parse(std::vector<Challenge>& challenges) {
    bool in_challenge = false;  // The next element may be a parameter.
    while (SkipToElement()) {
      const absl::string_view name = TakeToken();
      if (name.empty()) return;
      if (AtEqualsSign()) {
        if (!in_challenge || !TakeParameter(name, challenges.back())) return;
      } else {
        challenges.push_back({.scheme = absl::AsciiStrToLower(name)});
        if (!TakeAfterScheme(challenges.back())) return;
        in_challenge = challenges.back().token68.empty();
      }
      SkipSpace();
      if (!rest_.empty() && rest_[0] != ',') return;
    }
  }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\t'; }

  // Tells whether `c` is a tchar (RFC 9110 section 5.6.2).
  static bool IsTokenChar(char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           (c != '\0' && absl::string_view("!#$%&'*+-.^_`|~").find(c) !=
                             absl::string_view::npos);
  }

  // Tells whether `c` may stand in a token68 before its equals signs (RFC 9110
  // section 11.2).
  static bool IsToken68Char(char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           (c != '\0' &&
            absl::string_view("-._~+/").find(c) != absl::string_view::npos);
  }

  void SkipSpace() {
    while (!rest_.empty() && IsSpace(rest_[0])) rest_.remove_prefix(1);
  }

  // Skips white space and the commas of empty elements. Returns whether
  // anything is left.
  bool SkipToElement() {
    while (!rest_.empty() && (IsSpace(rest_[0]) || rest_[0] == ',')) {
      rest_.remove_prefix(1);
    }
    return !rest_.empty();
  }

  template <typename Predicate>
  absl::string_view TakeWhile(Predicate predicate) {
    size_t size = 0;
    while (size < rest_.size() && predicate(rest_[size])) ++size;
    const absl::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  absl::string_view TakeToken() { return TakeWhile(IsTokenChar); }

  bool AtEqualsSign() const {
    const size_t next = rest_.find_first_not_of(" \t");
    return next != absl::string_view::npos && rest_[next] == '=';
  }

  // Reads what follows a scheme in its own element: nothing, a token68 or the
  // first parameter.
  bool TakeAfterScheme(Challenge& challenge) {
    if (rest_.empty() || rest_[0] == ',') return true;
    if (!IsSpace(rest_[0])) return false;
    SkipSpace();
    if (rest_.empty() || rest_[0] == ',') return true;
    if (TakeToken68(challenge)) return true;
    const absl::string_view name = TakeToken();
    return !name.empty() && AtEqualsSign() && TakeParameter(name, challenge);
  }

  // Reads a token68, which ends at a comma or at the end. Takes nothing if
  // there is none.
  bool TakeToken68(Challenge& challenge) {
    size_t size = 0;
    while (size < rest_.size() && IsToken68Char(rest_[size])) ++size;
    if (size == 0) return false;
    while (size < rest_.size() && rest_[size] == '=') ++size;
    const size_t next = rest_.find_first_not_of(" \t", size);
    if (next != absl::string_view::npos && rest_[next] != ',') return false;
    challenge.token68 = std::string(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return true;
  }

  // Reads "=" and a value, with white space around them.
  bool TakeParameter(absl::string_view name, Challenge& challenge) {
    SkipSpace();
    rest_.remove_prefix(1);
    SkipSpace();
    std::string value;
    if (!rest_.empty() && rest_[0] == '"') {
      if (!TakeQuoted(value)) return false;
    } else {
      value = std::string(TakeToken());
      if (value.empty()) return false;
    }
    challenge.parameters.emplace_back(absl::AsciiStrToLower(name),
                                      std::move(value));
    return true;
  }

  // Reads a quoted-string (RFC 9110 section 5.6.4).
  bool TakeQuoted(std::string& value) {
    for (size_t i = 1; i < rest_.size(); ++i) {
      char c = rest_[i];
      if (c == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      if (c == '\\') {
        if (++i == rest_.size()) return false;
        c = rest_[i];
      }
      if (c != '\t' && absl::ascii_iscntrl(static_cast<unsigned char>(c))) {
        return false;
      }
      value.push_back(c);
    }
    return false;
  }

  absl::string_view rest_;
};

}  // namespace

//= rfc9449#7.1
//# Additional authentication parameters MAY be used, and unknown parameters
//# MUST be ignored by recipients.
absl::string_view Challenge::Find(absl::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return "";
}

void ParseChallenges(absl::string_view value,
                     std::vector<Challenge>& challenges) {
  Parser(value).Parse(challenges);
}

}  // namespace proofmint
