// Handles text that another party wrote, for logs and headers.

#ifndef PROOFMINT_SIGNER_EXCHANGE_PRINTABLE_TEXT_H_
#define PROOFMINT_SIGNER_EXCHANGE_PRINTABLE_TEXT_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/strings/string_view.h"

namespace proofmint {

// The largest text that is reported of an answer, in bytes.
inline constexpr size_t kMaxTextSize = 256;

// PrintableText returns `text` with each run of bytes outside printable ASCII
// replaced by one "?", cut after kMaxTextSize bytes. Thread-safe.
std::string PrintableText(absl::string_view text);

// EscapedText returns `text` with each byte outside printable ASCII as "\xNN".
// For text of any size that goes to a terminal: a control character, such as
// DEL or U+009B, commands it, and U+202E reverses what follows. Thread-safe.
std::string EscapedText(absl::string_view text);

// RedactedText returns PrintableText of `text` without secrets: each of
// `secrets` that has at least kMinSecretSize bytes, and all that looks like a
// JWT, is replaced by "[redacted]". Shorter ones would be found in any text.
// Thread-safe.
inline constexpr size_t kMinSecretSize = 8;
std::string RedactedText(absl::string_view text,
                         std::span<const std::string> secrets);

// IsVisibleWord tells whether `text` has one character or more, all of visible
// ASCII: then it stays one word in a header. Thread-safe.
bool IsVisibleWord(absl::string_view text);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_PRINTABLE_TEXT_H_
