// Reads and writes the text of files of key-encryption keys.

#ifndef PROOFMINT_SIGNER_KEYS_KEK_FILE_H_
#define PROOFMINT_SIGNER_KEYS_KEK_FILE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/secret.h"
#include "signer/dpop/base64url.h"
#include "signer/keys/key_encryption_keys.h"

namespace proofmint::keys {

// A key's line is this and the key in base64url.
inline constexpr absl::string_view kKekLinePrefix = "proofmint-kek-v1:";
inline constexpr size_t kKekLineSize =
    kKekLinePrefix.size() + dpop::Base64UrlSize(kKekSize);  // characters
inline constexpr size_t kMaxKekFileSize = 16 << 10;         // bytes

using KekLine = crypto::SecretBytes<kKekLineSize>;

// FormatKek returns the key's line, without a line break. Neither it nor
// ParseKeks has a branch or an address that depends on a key.
KekLine FormatKek(const Kek& kek);

// ParseKeks returns the keys of a file's text, in its order: one a line, white
// space around it ignored; empty lines and lines that begin with # are comment.
// Fails with INVALID_ARGUMENT, naming the line and never quoting it, unless it
// finds 1 to kMaxKeks keys, no two alike.
absl::StatusOr<std::vector<Kek>> ParseKeks(absl::string_view text);

// ReadKekFile reads and parses a file, or what a symbolic link leads to. Fails
// as ParseKeks, and with FAILED_PRECONDITION if it cannot be read, is no
// regular file, is larger than kMaxKekFileSize, or all users may read or write
// it. Errors name the path and the line, never a key.
absl::StatusOr<std::vector<Kek>> ReadKekFile(const std::string& path);

}  // namespace proofmint::keys

#endif  // PROOFMINT_SIGNER_KEYS_KEK_FILE_H_
