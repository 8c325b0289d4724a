// Secret bytes that wipe themselves.

#ifndef PROOFMINT_SIGNER_CRYPTO_SECRET_H_
#define PROOFMINT_SIGNER_CRYPTO_SECRET_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <type_traits>

#include "absl/status/status.h"
#include "signer/crypto/constant_time.h"

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
    bool is_wiped = any == 0;
    DeclassifyValue(is_wiped);  // Nothing is told of the bytes that are there.
    return is_wiped;
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

// WipeStackBelow overwrites the kWipedStackSize bytes below the caller's frame:
// what the functions that it called have left there, spilled registers
// included.
inline constexpr size_t kWipedStackSize = 8192;  // bytes
void WipeStackBelow();

// RunAndWipeStack calls `function` and returns what it returns. Afterwards what
// the call has left on the stack is wiped: for BoringSSL's functions, which do
// not clean up behind themselves.
template <typename Function>
auto RunAndWipeStack(Function function) {
  struct Wiper {
    ~Wiper() { WipeStackBelow(); }
  } wiper;
  // A call through a volatile pointer cannot become part of this frame.
  auto* volatile call = +[](Function& f) { return f(); };
  return call(function);
}

// RunWithScratch calls `function` with a T that does not start as zeros, for
// calculations with secrets, and returns what it returns. Afterwards the T is
// wiped, by its Wipe() if it has one, and so is what the call has left on the
// stack.
template <typename T, typename Function>
auto RunWithScratch(Function function) {
  static_assert(std::is_trivially_destructible_v<T>);
  struct Scratch {
    Scratch() {}
    ~Scratch() {
      WipeStackBelow();
      if constexpr (requires { value.Wipe(); }) {
        value.Wipe();
      } else {
        WipeMemory({reinterpret_cast<uint8_t*>(&value), sizeof(T)});
      }
    }
    union {
      T value;
    };
  } scratch;
  // A call through a volatile pointer cannot become part of this frame.
  auto* volatile call = +[](Function& f, T& t) { return f(t); };
  return call(function, scratch.value);
}

// WipedKeyError is FAILED_PRECONDITION: a key was to sign whose secret has
// gone.
absl::Status WipedKeyError();

template <size_t N>
std::ostream& operator<<(std::ostream&, const SecretBytes<N>&) = delete;

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SECRET_H_
