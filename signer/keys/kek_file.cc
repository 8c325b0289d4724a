#include "signer/keys/kek_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/base/errno_status.h"
#include "signer/base/file.h"
#include "signer/base/status_macros.h"
#include "signer/base/unique_fd.h"
#include "signer/crypto/constant_time.h"

namespace proofmint::keys {
namespace {

// Returns all ones if `value` is negative, zero otherwise.
int32_t IfNegative(int32_t value) { return value >> 31; }

// Returns the base64url character of six bits, without a table.
char CharacterOf(int32_t bits) {
  int32_t character = 'A' + bits;
  character += IfNegative(25 - bits) & ('a' - 'Z' - 1);
  character += IfNegative(51 - bits) & ('0' - 'z' - 1);
  character += IfNegative(61 - bits) & ('-' - '9' - 1);
  character += IfNegative(62 - bits) & ('_' - '-' - 1);
  return static_cast<char>(character);
}

// Returns the six bits of a base64url character, or -1 for any other character.
int32_t BitsOf(char text) {
  const int32_t character = static_cast<uint8_t>(text);
  auto if_between = [character](char first, char last) {
    return IfNegative(first - 1 - character) & IfNegative(character - last - 1);
  };
  return -1 + (if_between('A', 'Z') & (character - 'A' + 1)) +
         (if_between('a', 'z') & (character - 'a' + 27)) +
         (if_between('0', '9') & (character - '0' + 53)) +
         (if_between('-', '-') & 63) + (if_between('_', '_') & 64);
}

// Returns whether `text`, which must have the size of a key, is one.
bool DecodeKek(absl::string_view text, Kek& kek) {
  uint8_t* out = kek.ExposeSecret().data();
  uint32_t bits = 0;
  int count = 0;
  int32_t errors = 0;
  for (char character : text) {
    const int32_t six = BitsOf(character);
    errors |= IfNegative(six);
    bits = bits << 6 | (static_cast<uint32_t>(six) & 63);
    count += 6;
    if (count >= 8) {
      count -= 8;
      *out++ = static_cast<uint8_t>(bits >> count);
    }
  }
  // What is left over must be zeros, so that each key has one encoding.
  errors |= static_cast<int32_t>(bits & ((1u << count) - 1));
  // That a line is malformed is no secret.
  crypto::DeclassifyValue(errors);
  return errors == 0;
}

absl::Status LineError(size_t line, absl::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat("kek_file: line ", line, ": ", problem));
}

absl::Status FileError(absl::string_view problem) {
  return absl::FailedPreconditionError(absl::StrCat("kek_file: ", problem));
}

// Reads the file into the beginning of `buffer` and returns its size.
absl::StatusOr<size_t> ReadText(const std::string& path,
                                std::span<uint8_t> buffer) {
  PROOFMINT_ASSIGN_OR_RETURN(base::UniqueFd file, base::OpenRegularFile(path));
  struct stat info;
  if (fstat(file.get(), &info) != 0) return base::ErrnoStatus(path);
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        ": all users may read or write it, want permissions such as 0400 or "
        "0440"));
  }
  return base::ReadInto(file, path, buffer);
}

}  // namespace

KekLine FormatKek(const Kek& kek) {
  KekLine line;
  uint8_t* out = std::copy(kKekLinePrefix.begin(), kKekLinePrefix.end(),
                           line.ExposeSecret().data());
  uint32_t bits = 0;
  int count = 0;
  for (uint8_t byte : kek.ExposeSecret()) {
    bits = bits << 8 | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      *out++ = static_cast<uint8_t>(CharacterOf(bits >> count & 63));
    }
  }
  *out = static_cast<uint8_t>(CharacterOf(bits << (6 - count) & 63));
  return line;
}

absl::StatusOr<std::vector<Kek>> ParseKeks(absl::string_view text) {
  std::vector<Kek> keks;
  keks.reserve(kMaxKeks);
  std::array<KekId, kMaxKeks> ids;
  std::array<size_t, kMaxKeks> lines;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    if (keks.size() == kMaxKeks) {
      return LineError(number, absl::StrCat("got another key, want at most ",
                                            kMaxKeks, " in the file"));
    }
    Kek kek;
    if (line.size() != kKekLineSize ||
        !absl::StartsWith(line, kKekLinePrefix) ||
        !crypto::RunAndWipeStack([&] {
          return DecodeKek(line.substr(kKekLinePrefix.size()), kek);
        })) {
      return LineError(
          number,
          absl::StrCat("malformed, want ", kKekLinePrefix,
                       " and 43 characters of base64url, as `proofmint kek "
                       "new` prints"));
    }
    if (kek.IsWiped()) {
      return LineError(number, "got a key of zeros, want random bytes");
    }
    const KekId id = IdOf(kek);
    const auto* same = std::find(ids.begin(), ids.begin() + keks.size(), id);
    if (same != ids.begin() + keks.size()) {
      return LineError(number, absl::StrCat("got the key of line ",
                                            lines[same - ids.begin()],
                                            " again, want each key once"));
    }
    ids[keks.size()] = id;
    lines[keks.size()] = number;
    keks.push_back(std::move(kek));
  }
  if (keks.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("kek_file: got no key, want 1 to ", kMaxKeks));
  }
  return keks;
}

absl::StatusOr<std::vector<Kek>> ReadKekFile(const std::string& path) {
  // One byte more than is allowed tells a larger file.
  auto text = std::make_unique<crypto::SecretBytes<kMaxKekFileSize + 1>>();
  absl::StatusOr<size_t> size = ReadText(path, text->ExposeSecret());
  if (!size.ok()) return FileError(size.status().message());
  return ParseKeks(
      {reinterpret_cast<const char*>(text->ExposeSecret().data()), *size});
}

}  // namespace proofmint::keys
