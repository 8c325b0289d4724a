// Where secrets become public, for the constant-time check.

#ifndef PROOFMINT_SIGNER_CRYPTO_CONSTANT_TIME_H_
#define PROOFMINT_SIGNER_CRYPTO_CONSTANT_TIME_H_

#include <valgrind/memcheck.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace proofmint::crypto {

// MarkSecret tells valgrind's memcheck that `bytes` is undefined: from then on
// a branch or an address that depends on it is reported as an error. Outside
// valgrind both functions cost a handful of instructions and do nothing, so
// that what is checked is what is shipped.
inline void MarkSecret(std::span<const uint8_t> bytes) {
  VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size());
}

// Declassify marks the one place where a value computed from secrets is
// released: a public key, a signature, the fact that a batch must be redrawn.
// Every use says in a comment why the value may be known.
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

// ValueBarrier keeps the compiler from learning that a mask has two values and
// turning arithmetic on it into a branch.
inline uint64_t ValueBarrier(uint64_t value) {
  asm("" : "+r"(value));
  return value;
}

}  // namespace proofmint::crypto

#endif  // PROOFMINT_SIGNER_CRYPTO_CONSTANT_TIME_H_
