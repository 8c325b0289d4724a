// Allocates memory for secrets that are kept for longer than a call.

#ifndef PROOFMINT_SIGNER_KEYS_LOCKED_ARENA_H_
#define PROOFMINT_SIGNER_KEYS_LOCKED_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"

namespace proofmint::keys {

// LockedArena is a block of zeroed, page-aligned memory of its own mapping:
// between two pages that cannot be touched, left out of core dumps
// (MADV_DONTDUMP), locked against swapping if the limits allow it (mlock(2),
// RLIMIT_MEMLOCK), and zeros in a forked child (MADV_WIPEONFORK, Linux 4.14).
// It is wiped before it is given back.
//
// Movable, not copyable; not thread-safe.
class LockedArena {
 public:
  // Returns `size` bytes, at least 1, rounded up to whole pages. Fails with
  // RESOURCE_EXHAUSTED if the memory cannot be had or not be kept out of core
  // dumps. What else the system does not grant is reported below: ask
  // wiped_on_fork() before the arena is trusted with a secret that must not
  // exist twice.
  static absl::StatusOr<LockedArena> New(size_t size);

  LockedArena(LockedArena&& other) noexcept;
  LockedArena& operator=(LockedArena&&) = delete;
  ~LockedArena();

  std::span<uint8_t> bytes() const { return bytes_; }

  // Returns whether all of it is never written to swap. A forked child does not
  // inherit the lock, and has nothing in the arena to lose.
  bool locked() const { return locked_; }

  // Returns whether a forked child sees zeros instead of the contents.
  bool wiped_on_fork() const { return wiped_on_fork_; }

 private:
  LockedArena(std::span<uint8_t> mapping, std::span<uint8_t> bytes)
      : mapping_(mapping), bytes_(bytes) {}

  std::span<uint8_t> mapping_;  // `bytes_` and a guard page on either side
  std::span<uint8_t> bytes_;
  bool locked_ = false;
  bool wiped_on_fork_ = false;
};

}  // namespace proofmint::keys

#endif  // PROOFMINT_SIGNER_KEYS_LOCKED_ARENA_H_
