#include "signer/exchange/printable_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace proofmint {
namespace {

constexpr absl::string_view kRedacted = "[redacted]";

// The start of a JWT's header, {" in base64url, and the least size of what is
// taken for a JWT or a part of one.
constexpr absl::string_view kJwtStart = "eyJ";
constexpr size_t kMinJwtSize = 16;

bool IsJwtChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
         c == '_' || c == '.';
}

// Returns the size of the JWT at the start of `text`, 0 if there is none.
size_t JwtSize(absl::string_view text) {
  if (!absl::StartsWith(text, kJwtStart)) return 0;
  size_t size = 0;
  while (size < text.size() && IsJwtChar(text[size])) ++size;
  return size >= kMinJwtSize ? size : 0;
}

// Replaces each run of bytes outside printable ASCII by one "?".
std::string ReplaceRuns(absl::string_view text) {
  std::string printable;
  bool in_run = false;
  for (const char c : text) {
    const bool is_printable =
        absl::ascii_isprint(static_cast<unsigned char>(c));
    if (is_printable || !in_run) printable.push_back(is_printable ? c : '?');
    in_run = !is_printable;
  }
  return printable;
}

}  // namespace

std::string PrintableText(absl::string_view text) {
  std::string printable = ReplaceRuns(text);
  printable.resize(std::min(printable.size(), kMaxTextSize));
  return printable;
}

std::string EscapedText(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isprint(byte)) {
      escaped.push_back(c);
    } else {
      absl::StrAppendFormat(&escaped, "\\x%02x", byte);
    }
  }
  return escaped;
}

std::string RedactedText(absl::string_view text,
                         std::span<const std::string> secrets) {
  // Secrets are visible ASCII, so what replaces other bytes comes first: it
  // must not complete one. The text is cut last, lest half of one is left.
  std::string without_secrets = ReplaceRuns(text);
  for (const std::string& secret : secrets) {
    if (secret.size() < kMinSecretSize) continue;
    absl::StrReplaceAll({{secret, kRedacted}}, &without_secrets);
  }
  std::string redacted;
  absl::string_view rest = without_secrets;
  while (!rest.empty() && redacted.size() < kMaxTextSize) {
    if (const size_t size = JwtSize(rest); size > 0) {
      redacted.append(kRedacted.data(), kRedacted.size());
      rest.remove_prefix(size);
    } else {
      redacted.push_back(rest[0]);
      rest.remove_prefix(1);
    }
  }
  redacted.resize(std::min(redacted.size(), kMaxTextSize));
  return redacted;
}

bool IsVisibleWord(absl::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), absl::ascii_isgraph);
}

}  // namespace proofmint
