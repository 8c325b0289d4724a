// A library for LD_PRELOAD that counts what one process has allocated and not
// freed since it was loaded. Resident memory cannot show that: the allocator
// keeps freed memory between blocks that are live.
//
// PROOFMINT_HEAP_FILE names a file of sizeof(HeapCounts) bytes, which always
// holds the current counts; without the variable nothing can read them.

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

// These names of the C library's allocator remain available when a program
// defines malloc() and the others.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* block, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* block);
}

namespace {

// HeapCounts is the layout of the file, which tests/reliability/heap.py reads.
struct HeapCounts {
  std::atomic<int64_t> bytes;   // in live blocks, by malloc_usable_size()
  std::atomic<int64_t> blocks;  // that are live
  std::atomic<int64_t> peak;    // the most that `bytes` has been
};

HeapCounts unread_counts;
constinit std::atomic<HeapCounts*> counts{&unread_counts};

// Runs before main(). Blocks that were allocated earlier are missing in the
// file, which does not matter to a reader that compares counts.
__attribute__((constructor)) void MapHeapFile() {
  const char* path = std::getenv("PROOFMINT_HEAP_FILE");
  if (path == nullptr) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* memory = mmap(nullptr, sizeof(HeapCounts), PROT_READ | PROT_WRITE,
                      MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) counts = static_cast<HeapCounts*>(memory);
}

void Count(int64_t bytes, int64_t blocks) {
  HeapCounts* const now = counts.load(std::memory_order_relaxed);
  const int64_t total =
      now->bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  now->blocks.fetch_add(blocks, std::memory_order_relaxed);
  int64_t peak = now->peak.load(std::memory_order_relaxed);
  while (total > peak && !now->peak.compare_exchange_weak(
                             peak, total, std::memory_order_relaxed)) {
  }
}

int64_t Size(void* block) {
  return static_cast<int64_t>(malloc_usable_size(block));
}

void* CountNew(void* block) {
  if (block != nullptr) Count(Size(block), 1);
  return block;
}

}  // namespace

extern "C" {

void* malloc(size_t size) noexcept { return CountNew(__libc_malloc(size)); }

void* calloc(size_t count, size_t size) noexcept {
  return CountNew(__libc_calloc(count, size));
}

void* memalign(size_t alignment, size_t size) noexcept {
  return CountNew(__libc_memalign(alignment, size));
}

void* aligned_alloc(size_t alignment, size_t size) noexcept {
  return memalign(alignment, size);
}

int posix_memalign(void** out, size_t alignment, size_t size) noexcept {
  void* const block = memalign(alignment, size);
  if (block == nullptr) return ENOMEM;
  *out = block;
  return 0;
}

void free(void* block) noexcept {
  if (block == nullptr) return;
  Count(-Size(block), -1);
  __libc_free(block);
}

void* realloc(void* block, size_t size) noexcept {
  if (block == nullptr) return malloc(size);
  if (size == 0) {
    free(block);
    return nullptr;
  }
  const int64_t before = Size(block);
  void* const moved = __libc_realloc(block, size);
  if (moved != nullptr) Count(Size(moved) - before, 0);
  return moved;
}

}  // extern "C"
