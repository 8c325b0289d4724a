// SecretBytes holds secret bytes and wipes them; the functions beside it wipe
// other memory.

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

// WipeMemory overwrites `bytes` with zeros; the compiler cannot remove it.
void WipeMemory(std::span<uint8_t> bytes);

// SecretBytes holds N secret bytes inside the object, without heap memory. It
// starts as zeros, is wiped when destroyed and when moved from, and can be
// neither copied nor printed. Only ExposeSecret() gives access to the bytes, so
// that every reader can be found by that name; a reader that copies the bytes
// must wipe its copy.
//
// Not thread-safe.
template <size_t N>
class SecretBytes {
 public:
  SecretBytes() = default;

  // Copies `bytes`; the caller remains responsible for wiping them.
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

  // Tells whether all bytes are zero, as they are after a move: then there is
  // no secret to use. Constant time.
  bool IsWiped() const {
    uint8_t any = 0;
    for (uint8_t byte : bytes_) any |= byte;
    bool is_wiped = any == 0;
    DeclassifyValue(is_wiped);  // Reveals nothing about bytes that are left.
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

// WipeRegisters overwrites the vector registers and those general registers
// that a call need not preserve. A copy of a few bytes leaves them in a vector
// register, and from there they can get into memory long afterwards: a thread
// inherits the registers of the thread that starts it, and the first call of a
// function through a shared library's table of lazy bindings saves all
// registers on the stack. Takes some nanoseconds.
void WipeRegisters();

// WipeStackBelow overwrites the kWipedStackSize bytes of stack below the
// caller's frame, where functions that the caller has called may have left
// secrets, for example in spilled registers, and then wipes the registers.
inline constexpr size_t kWipedStackSize = 8192;  // bytes
void WipeStackBelow();

// RunAndWipeStack calls `function` and returns its result. Afterwards it wipes
// the stack that the function has used and the registers, as WipeStackBelow
// does. For functions of BoringSSL, which leave secrets on the stack, and for
// whatever copies secrets.
template <typename Function>
auto RunAndWipeStack(Function function) {
  struct Wiper {
    ~Wiper() { WipeStackBelow(); }
  } wiper;
  // A call through a volatile pointer cannot become part of this frame.
  auto* volatile call = +[](Function& f) { return f(); };
  return call(function);
}

// RunWithScratch calls `function` with an uninitialized T, the scratch memory
// of a calculation with secrets, and returns its result. Afterwards it wipes
// the T, by T::Wipe() if there is one, and the stack that the function has
// used.
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

// WipedKeyError returns FAILED_PRECONDITION, the error of an attempt to use a
// key whose secret was wiped.
absl::Status WipedKeyError();

template <size_t N>
std::ostream& operator<<(std::ostream&, const SecretBytes<N>&) = delete;

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_SECRET_H_
