#include "signer/keys/key_pool.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "signer/base/mutex.h"
#include "signer/base/status_macros.h"
#include "signer/keys/pool_state.h"

namespace proofmint::keys {
namespace {

using dpop::Algorithm;
using dpop::ProofKey;

// Keys pushed under one lock: few, so that no Take waits long.
constexpr size_t kPushSize = 8;

// How many keys before it is popped a key is asked into the cache: it mostly
// still lies in that of the core that minted it, some 200 ns away.
constexpr size_t kPrefetchDistance = 3;

size_t IndexOf(Algorithm algorithm) { return static_cast<size_t>(algorithm); }

// The parts of the arena, in bytes from its start: the state, the keys of the
// batch that is being minted, and a stack for each algorithm.
constexpr size_t RoundUp(size_t size) {
  return (size + kCacheLine - 1) / kCacheLine * kCacheLine;
}
constexpr size_t kMintedOffset = RoundUp(sizeof(PoolState));
constexpr size_t kSlotsOffset =
    RoundUp(kMintedOffset + crypto::kKernelBatchSize * sizeof(ProofKey));
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
  bool keeps_keys = arena.wiped_on_fork() && options.capacity > 0;
  std::unique_ptr<KeyPool> pool(
      new KeyPool(options, entropy, std::move(arena)));
  if (keeps_keys) {
    PROOFMINT_RETURN_IF_ERROR(pool->StartRefilling(options.capacity));
  }
  return pool;
}

KeyPool::KeyPool(const KeyPoolOptions& options, crypto::Entropy& entropy,
                 LockedArena arena)
    : kernel_(options.kernel),
      entropy_(entropy),
      arena_(std::move(arena)),
      state_(*new (arena_.bytes().data()) PoolState),
      minted_(
          reinterpret_cast<ProofKey*>(arena_.bytes().data() + kMintedOffset),
          crypto::kKernelBatchSize),
      slots_(reinterpret_cast<KeySlot*>(arena_.bytes().data() + kSlotsOffset)) {
  std::uninitialized_value_construct(minted_.begin(), minted_.end());
}

absl::Status KeyPool::StartRefilling(size_t capacity) {
  state_.capacity = capacity;
  {
    base::MutexLock lock(state_.mutex);
    for (KeyStack& stack : state_.stacks) stack.filling = true;
  }
  // The thread inherits the mask: it is never the one that a signal interrupts.
  sigset_t all;
  sigset_t previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  int error = pthread_create(&refill_thread_, nullptr, RunRefill, this);
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  if (error != 0) {
    state_.capacity = 0;
    return absl::ResourceExhaustedError(
        absl::StrCat("key pool: got ", std::strerror(error),
                     " from pthread_create, want a thread"));
  }
  return absl::OkStatus();
}

// The keys' destructors would do nothing but wipe them, as the arena does.
KeyPool::~KeyPool() {
  if (capacity() == 0) return;
  {
    base::MutexLock lock(state_.mutex);
    state_.stopping = true;
  }
  state_.work.NotifyAll();
  pthread_join(refill_thread_, nullptr);
  state_.~PoolState();
}

absl::Status KeyPool::Take(Algorithm algorithm, std::span<ProofKey> keys) {
  size_t popped = capacity() == 0 ? 0 : Pop(algorithm, keys);
  if (popped == keys.size()) return absl::OkStatus();
  std::span<ProofKey> lacking = keys.subspan(popped);
  absl::Status status =
      dpop::GenerateProofKeys(kernel_, algorithm, entropy_, lacking);
  if (!status.ok()) {
    for (ProofKey& key : keys) key = ProofKey();
    if (popped > 0) {
      base::MutexLock lock(state_.mutex);
      state_.stacks[IndexOf(algorithm)].pooled -= popped;
    }
    return status;
  }
  state_.missed[IndexOf(algorithm)].fetch_add(lacking.size(),
                                              std::memory_order_relaxed);
  return absl::OkStatus();
}

size_t KeyPool::Pop(Algorithm algorithm, std::span<ProofKey> keys) {
  const size_t capacity = this->capacity();
  KeySlot* slots = slots_ + IndexOf(algorithm) * capacity;
  bool wake = false;
  size_t popped;
  {
    base::MutexLock lock(state_.mutex);
    KeyStack& stack = state_.stacks[IndexOf(algorithm)];
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
    if (!stack.filling && stack.depth <= capacity / 2) {
      stack.filling = true;
      wake = true;
    }
  }
  if (wake) state_.work.NotifyAll();
  return popped;
}

void* KeyPool::RunRefill(void* pool) {
  pthread_setname_np(pthread_self(), "key-pool");
  static_cast<KeyPool*>(pool)->Refill();
  return nullptr;
}

void KeyPool::Refill() {
  while (std::optional<Batch> batch = NextBatch()) {
    absl::Status status = dpop::GenerateProofKeys(
        kernel_, batch->algorithm, entropy_, minted_.first(batch->size));
    if (status.ok()) {
      Push(*batch);
    } else {
      GiveUp();
    }
  }
}

std::optional<KeyPool::Batch> KeyPool::NextBatch() {
  base::MutexLock lock(state_.mutex);
  for (;;) {
    ++state_.refill_turns;
    if (state_.stopping) return std::nullopt;
    const KeyStack* lowest = nullptr;
    Algorithm algorithm = {};
    for (Algorithm candidate : dpop::kAlgorithms) {
      const KeyStack& stack = state_.stacks[IndexOf(candidate)];
      if (stack.filling && (lowest == nullptr || stack.depth < lowest->depth)) {
        lowest = &stack;
        algorithm = candidate;
      }
    }
    if (lowest != nullptr) {
      return Batch{algorithm, std::min(crypto::kKernelBatchSize,
                                       capacity() - lowest->depth)};
    }
    state_.rest.NotifyAll();
    state_.work.Wait(state_.mutex);
  }
}

// Takes may shrink the stack meanwhile, but nobody else grows it: what fitted
// when the batch was begun still fits.
void KeyPool::Push(const Batch& batch) {
  KeySlot* slots = slots_ + IndexOf(batch.algorithm) * capacity();
  std::span<ProofKey> keys = minted_.first(batch.size);
  while (!keys.empty()) {
    std::span<ProofKey> some = keys.first(std::min(keys.size(), kPushSize));
    keys = keys.subspan(some.size());
    base::MutexLock lock(state_.mutex);
    KeyStack& stack = state_.stacks[IndexOf(batch.algorithm)];
    for (ProofKey& key : some) {
      new (&slots[stack.depth++]) KeySlot{std::move(key)};
    }
    // A batch that was cut short is the last, even if a key or two are missing
    // again: small batches cost more for each key.
    if (keys.empty()) {
      stack.filling =
          stack.depth <= capacity() / 2 ||
          (batch.size == crypto::kKernelBatchSize && stack.depth < capacity());
    }
  }
}

// The next Take that finds less than half tries again: a source that fails is
// not asked over and over by a thread that nobody waits for.
void KeyPool::GiveUp() {
  for (ProofKey& key : minted_) key = ProofKey();
  base::MutexLock lock(state_.mutex);
  ++state_.failures;
  for (KeyStack& stack : state_.stacks) stack.filling = false;
}

KeyPool::Stats KeyPool::GetStats(Algorithm algorithm) const {
  Stats stats = {};
  stats.missed =
      state_.missed[IndexOf(algorithm)].load(std::memory_order_relaxed);
  if (capacity() > 0) {
    base::MutexLock lock(state_.mutex);
    const KeyStack& stack = state_.stacks[IndexOf(algorithm)];
    stats.depth = stack.depth;
    stats.pooled = stack.pooled;
  }
  return stats;
}

size_t KeyPool::capacity() const {
  return state_.capacity.load(std::memory_order_relaxed);
}

void KeyPool::WaitUntilFull() {
  if (capacity() == 0) return;
  base::MutexLock lock(state_.mutex);
  const uint64_t failures = state_.failures;
  while (state_.failures == failures) {
    for (KeyStack& stack : state_.stacks) {
      if (stack.depth < capacity()) stack.filling = true;
    }
    if (!state_.AnyFilling()) return;
    state_.work.NotifyAll();
    state_.rest.Wait(state_.mutex);
  }
}

}  // namespace proofmint::keys
