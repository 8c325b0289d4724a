// Secret bytes that wipe themselves.

#ifndef PROOFMINT_SIGNER_CRYPTO_SECRET_H_
#define PROOFMINT_SIGNER_CRYPTO_SECRET_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>

namespace proofmint::crypto {

// WipeMemory overwrites `bytes` with zeros in a way the compiler keeps.
void WipeMemory(std::span<uint8_t> bytes);

// SecretBytes holds N secret bytes in place, without heap memory. It starts as
// zeros, is wiped when destroyed and when moved from, and can be neither copied
// nor printed. ExposeSecret() is the one way to the bytes, so that every reader
// can be found by that name; copies made through it are the reader's to wipe.
//
// Not thread-safe.
template <size_t N>
class SecretBytes {
 public:
  SecretBytes() = default;

  // Copies `bytes`; the source stays the caller's to wipe.
  explicit SecretBytes(std::span<const uint8_t, N> bytes) {
    std::copy(bytes.begin(), bytes.end(), bytes_);
  }

  SecretBytes(SecretBytes&& other) noexcept { MoveFrom(other); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) MoveFrom(other);
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  ~SecretBytes() { WipeMemory(bytes_); }

  // Whether all bytes are zero, as after a move: no secret is left to use.
  // Takes the same time whatever the bytes are.
  bool IsWiped() const {
    uint8_t any = 0;
    for (uint8_t byte : bytes_) any |= byte;
    return any == 0;
  }

  std::span<uint8_t, N> ExposeSecret() { return bytes_; }
  std::span<const uint8_t, N> ExposeSecret() const { return bytes_; }

 private:
  void MoveFrom(SecretBytes& other) {
    std::copy(std::begin(other.bytes_), std::end(other.bytes_), bytes_);
    WipeMemory(other.bytes_);
  }

  uint8_t bytes_[N] = {};
};

template <size_t N>
std::ostream& operator<<(std::ostream&, const SecretBytes<N>&) = delete;

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SECRET_H_
