#include "signer/keys/locked_arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "signer/base/errno_status.h"
#include "signer/crypto/secret.h"

namespace proofmint::keys {
namespace {

absl::Status MemoryError(absl::string_view call) {
  return absl::ResourceExhaustedError(
      base::ErrnoStatus("key memory: ", call).message());
}

}  // namespace

absl::StatusOr<LockedArena> LockedArena::New(size_t size) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (size > SIZE_MAX - 3 * page) {
    errno = ENOMEM;
    return MemoryError("mmap");
  }
  size = (size + page - 1) / page * page;
  void* place = mmap(nullptr, size + 2 * page, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return MemoryError("mmap");
  std::span<uint8_t> mapping(static_cast<uint8_t*>(place), size + 2 * page);
  LockedArena arena(mapping, mapping.subspan(page, size));
  uint8_t* bytes = arena.bytes_.data();
  // Nothing is wiped, or could be, before it can be written.
  if (mprotect(bytes, size, PROT_READ | PROT_WRITE) != 0) {
    arena.bytes_ = {};
    return MemoryError("mprotect");
  }
  if (madvise(bytes, size, MADV_DONTDUMP) != 0) {
    return MemoryError("madvise(MADV_DONTDUMP)");
  }
  arena.wiped_on_fork_ = madvise(bytes, size, MADV_WIPEONFORK) == 0;
  // Not mlock, which the sanitizers replace by a call that does nothing.
  arena.locked_ = mlock2(bytes, size, 0) == 0;
  return arena;
}

LockedArena::LockedArena(LockedArena&& other) noexcept
    : mapping_(std::exchange(other.mapping_, {})),
      bytes_(std::exchange(other.bytes_, {})),
      locked_(std::exchange(other.locked_, false)),
      wiped_on_fork_(std::exchange(other.wiped_on_fork_, false)) {}

LockedArena::~LockedArena() {
  if (mapping_.empty()) return;
  crypto::WipeMemory(bytes_);
  munmap(mapping_.data(), mapping_.size());
}

}  // namespace proofmint::keys
