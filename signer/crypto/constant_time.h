// Marks which values are secret and where they become public, for the
// constant-time check (tests/crypto/constant_time_check.cc).

#ifndef PROOFMINT_SIGNER_CRYPTO_CONSTANT_TIME_H_
#define PROOFMINT_SIGNER_CRYPTO_CONSTANT_TIME_H_

#include <valgrind/memcheck.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace proofmint::crypto {

// MarkSecret tells valgrind's memcheck that `bytes` are undefined: from then on
// memcheck reports every branch and every address that depends on them.
// Outside valgrind MarkSecret and Declassify have no effect and take a few
// instructions, so the code that is checked is the code that is shipped.
inline void MarkSecret(std::span<const uint8_t> bytes) {
  VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size());
}

// Declassify marks a place where a value that was computed from secrets becomes
// public: a public key, a signature, the fact that a batch must be drawn again.
// A comment at every use says why the value may become public.
inline void Declassify(std::span<const uint8_t> bytes) {
  VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size());
}
inline void Declassify(std::span<const std::byte> bytes) {
  VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size());
}
template <typename T>
void DeclassifyValue(const T& value) {
  VALGRIND_MAKE_MEM_DEFINED(&value, sizeof(value));
}

// ValueBarrier returns `value` and hides from the compiler that a mask has only
// two possible values: the compiler could otherwise turn arithmetic on it into
// a branch.
inline uint64_t ValueBarrier(uint64_t value) {
  asm("" : "+r"(value));
  return value;
}

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_CONSTANT_TIME_H_
