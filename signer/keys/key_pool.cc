#include "signer/keys/key_pool.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/secret.h"

namespace proofmint::keys {

constexpr size_t kCacheLine = 64;  // bytes

// KeySlot is a place in a stack. It holds a key if it lies below the stack's
// depth and is raw memory otherwise, where a popped key has left its secret
// wiped.
struct alignas(kCacheLine) KeySlot {
  void Prefetch() const {
    const auto* bytes = reinterpret_cast<const char*>(this);
    for (size_t i = 0; i < sizeof(KeySlot); i += kCacheLine) {
      __builtin_prefetch(bytes + i, /*rw=*/1);
    }
  }

  dpop::ProofKey key;
};

namespace {

using dpop::Algorithm;
using dpop::ProofKey;

// Keys pushed under one lock: few, so that no Take waits long.
constexpr size_t kPushSize = 8;

// A key is prefetched this many keys before it is popped: it mostly still lies
// in the cache of the core that generated it, some 200 ns away.
constexpr size_t kPrefetchDistance = 3;

size_t IndexOf(Algorithm algorithm) { return static_cast<size_t>(algorithm); }

// The arena holds the keys of the batch that is being generated, and from this
// offset the slots of each algorithm.
constexpr size_t kSlotsOffset =
    (crypto::kKernelBatchSize * sizeof(ProofKey) + kCacheLine - 1) /
    kCacheLine * kCacheLine;
constexpr size_t kRowSize = dpop::kAlgorithms.size() * sizeof(KeySlot);

}  // namespace

absl::StatusOr<std::unique_ptr<KeyPool>> KeyPool::New(
    const KeyPoolOptions& options, crypto::Entropy& entropy) {
  if (options.capacity > SIZE_MAX / 2 / kRowSize) {
    return absl::ResourceExhaustedError(
        absl::StrCat("capacity: got ", options.capacity,
                     ", want one that fits into memory"));
  }
  PROOFMINT_ASSIGN_OR_RETURN(
      LockedArena arena,
      LockedArena::New(kSlotsOffset + options.capacity * kRowSize));
  std::unique_ptr<KeyPool> pool(
      new KeyPool(options, entropy, std::move(arena)));
  if (pool->capacity_ > 0) PROOFMINT_RETURN_IF_ERROR(pool->StartRefilling());
  return pool;
}

KeyPool::KeyPool(const KeyPoolOptions& options, crypto::Entropy& entropy,
                 LockedArena arena)
    : kernel_(options.kernel),
      entropy_(entropy),
      arena_(std::move(arena)),
      capacity_(arena_.wiped_on_fork() ? options.capacity : 0),
      generated_(reinterpret_cast<ProofKey*>(arena_.bytes().data()),
                 crypto::kKernelBatchSize),
      slots_(reinterpret_cast<KeySlot*>(arena_.bytes().data() + kSlotsOffset)) {
  std::uninitialized_value_construct(generated_.begin(), generated_.end());
}

absl::Status KeyPool::StartRefilling() {
  {
    base::MutexLock lock(mutex_);
    for (Stack& stack : stacks_) stack.filling = true;
  }
  PROOFMINT_ASSIGN_OR_RETURN(
      refill_thread_, base::Thread::Start("key-pool", [this] { Refill(); }));
  return absl::OkStatus();
}

// The keys' destructors would do nothing but wipe them, as the arena does.
KeyPool::~KeyPool() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  work_.NotifyAll();
  refill_thread_.Join();
}

absl::Status KeyPool::Take(Algorithm algorithm, std::span<ProofKey> keys) {
  size_t popped = capacity_ == 0 ? 0 : Pop(algorithm, keys);
  if (popped == keys.size()) return absl::OkStatus();
  std::span<ProofKey> lacking = keys.subspan(popped);
  absl::Status status =
      dpop::GenerateProofKeys(kernel_, algorithm, entropy_, lacking);
  crypto::WipeRegisters();  // They hold the last key that was moved.
  if (!status.ok()) {
    for (ProofKey& key : keys) key = ProofKey();
    if (popped > 0) {
      base::MutexLock lock(mutex_);
      stacks_[IndexOf(algorithm)].pooled -= popped;
    }
    return status;
  }
  missed_[IndexOf(algorithm)].fetch_add(lacking.size(),
                                        std::memory_order_relaxed);
  return absl::OkStatus();
}

size_t KeyPool::Pop(Algorithm algorithm, std::span<ProofKey> keys) {
  KeySlot* slots = slots_ + IndexOf(algorithm) * capacity_;
  bool wake = false;
  size_t popped;
  {
    base::MutexLock lock(mutex_);
    Stack& stack = stacks_[IndexOf(algorithm)];
    popped = std::min(keys.size(), stack.depth);
    for (ProofKey& key : keys.first(popped)) {
      KeySlot& slot = slots[--stack.depth];
      if (stack.depth >= kPrefetchDistance)
        (&slot - kPrefetchDistance)->Prefetch();
      key = std::move(slot.key);
      std::destroy_at(&slot);
    }
    stack.pooled += popped;
    // Only the Take that finds the pool half empty pays for a wake-up.
    if (!stack.filling && stack.depth <= capacity_ / 2) {
      stack.filling = true;
      wake = true;
    }
  }
  crypto::WipeRegisters();  // They hold the last key that was moved.
  if (wake) work_.NotifyAll();
  return popped;
}

void KeyPool::Refill() {
  while (std::optional<Batch> batch = NextBatch()) {
    absl::Status status = dpop::GenerateProofKeys(
        kernel_, batch->algorithm, entropy_, generated_.first(batch->size));
    if (status.ok()) {
      Push(*batch);
    } else {
      GiveUp();
    }
  }
}

std::optional<KeyPool::Batch> KeyPool::NextBatch() {
  base::MutexLock lock(mutex_);
  for (;;) {
    ++refill_turns_;
    if (stopping_) return std::nullopt;
    const Stack* lowest = nullptr;
    Algorithm algorithm = {};
    for (Algorithm candidate : dpop::kAlgorithms) {
      const Stack& stack = stacks_[IndexOf(candidate)];
      if (stack.filling && (lowest == nullptr || stack.depth < lowest->depth)) {
        lowest = &stack;
        algorithm = candidate;
      }
    }
    if (lowest != nullptr) {
      return Batch{algorithm, std::min(crypto::kKernelBatchSize,
                                       capacity_ - lowest->depth)};
    }
    rest_.NotifyAll();
    work_.Wait(mutex_);
  }
}

// Takes may shrink the stack meanwhile, but only this thread grows it: what
// fitted when the batch was begun still fits.
void KeyPool::Push(const Batch& batch) {
  KeySlot* slots = slots_ + IndexOf(batch.algorithm) * capacity_;
  std::span<ProofKey> keys = generated_.first(batch.size);
  while (!keys.empty()) {
    std::span<ProofKey> some = keys.first(std::min(keys.size(), kPushSize));
    keys = keys.subspan(some.size());
    base::MutexLock lock(mutex_);
    Stack& stack = stacks_[IndexOf(batch.algorithm)];
    for (ProofKey& key : some) {
      new (&slots[stack.depth++]) KeySlot{std::move(key)};
    }
    // A batch that was cut short is the last, even if a key or two are missing
    // again: small batches cost more for each key.
    if (keys.empty()) {
      stack.filling =
          stack.depth <= capacity_ / 2 ||
          (batch.size == crypto::kKernelBatchSize && stack.depth < capacity_);
    }
  }
  crypto::WipeRegisters();  // They hold the last key that was moved.
}

// The next Take that finds the pool half empty tries again: without demand the
// thread does not ask a failing source over and over.
void KeyPool::GiveUp() {
  for (ProofKey& key : generated_) key = ProofKey();
  base::MutexLock lock(mutex_);
  ++failures_;
  for (Stack& stack : stacks_) stack.filling = false;
}

KeyPool::Stats KeyPool::GetStats(Algorithm algorithm) const {
  Stats stats = {};
  stats.missed = missed_[IndexOf(algorithm)].load(std::memory_order_relaxed);
  if (capacity_ > 0) {
    base::MutexLock lock(mutex_);
    const Stack& stack = stacks_[IndexOf(algorithm)];
    stats.depth = stack.depth;
    stats.pooled = stack.pooled;
  }
  return stats;
}

bool KeyPool::AnyFilling() const {
  return std::any_of(stacks_.begin(), stacks_.end(),
                     [](const Stack& stack) { return stack.filling; });
}

void KeyPool::WaitUntilFull() {
  if (capacity_ == 0) return;
  base::MutexLock lock(mutex_);
  const uint64_t failures = failures_;
  while (failures_ == failures) {
    for (Stack& stack : stacks_) {
      if (stack.depth < capacity_) stack.filling = true;
    }
    if (!AnyFilling()) return;
    work_.NotifyAll();
    rest_.Wait(mutex_);
  }
}

}  // namespace proofmint::keys
