// Makes key-encryption keys, and files of them, for tests.

#ifndef PROOFMINT_TESTS_KEYS_KEK_FILES_H_
#define PROOFMINT_TESTS_KEYS_KEK_FILES_H_

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/aes_gcm_siv.h"
#include "signer/crypto/sha2.h"
#include "signer/keys/kek_file.h"
#include "signer/keys/key_encryption_keys.h"

namespace proofmint::keys {

// Returns the KEK of the bytes `first`, `first` + 1 and so on.
inline Kek TestKek(uint8_t first) {
  Kek kek;
  for (uint8_t& byte : kek.ExposeSecret()) byte = first++;
  return kek;
}

inline std::vector<Kek> TestKeks(std::initializer_list<uint8_t> firsts) {
  std::vector<Kek> keks;
  for (uint8_t first : firsts) keks.push_back(TestKek(first));
  return keks;
}

// Returns a handle with the header `header` (the 18 bytes before the nonce),
// for `caller`, that holds the 32 bytes `private_key`, as any owner of the KEK
// can make it.
inline std::string ForgeHandle(const KeyEncryptionKeys::Key& kek,
                               const std::string& header,
                               const std::string& private_key,
                               const std::string& caller) {
  const std::array<uint8_t, crypto::kAesGcmSivNonceSize> nonce = {};
  std::array<uint8_t, 48> sealed;
  const std::string associated_data = header + caller;
  ABSL_RAW_CHECK(kek.cipher
                     .Seal(nonce, crypto::AsBytes(private_key),
                           crypto::AsBytes(associated_data), sealed)
                     .ok(),
                 "Seal");
  return header + std::string(nonce.begin(), nonce.end()) +
         std::string(sealed.begin(), sealed.end());
}

// Returns the line of a KEK, without a line break.
inline std::string LineOf(const Kek& kek) {
  const KekLine line = FormatKek(kek);
  std::span<const uint8_t> bytes = line.ExposeSecret();
  return std::string(bytes.begin(), bytes.end());
}

// Returns the text of a file with those TestKeks.
inline std::string LinesOf(std::initializer_list<uint8_t> firsts) {
  std::string lines;
  for (uint8_t first : firsts) lines += LineOf(TestKek(first)) + "\n";
  return lines;
}

// Writes beside the file and renames, so that no reader sees half of it.
inline void WriteKekFile(const std::string& path, absl::string_view text,
                         mode_t mode = 0600) {
  const std::string next = path + ".next";
  std::ofstream(next) << text;
  ABSL_RAW_CHECK(chmod(next.c_str(), mode) == 0, "chmod");
  std::filesystem::rename(next, path);
}

}  // namespace proofmint::keys

#endif  // PROOFMINT_TESTS_KEYS_KEK_FILES_H_
