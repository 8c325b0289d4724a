// Generates keys ahead of demand.

#ifndef PROOFMINT_SIGNER_KEYS_KEY_POOL_H_
#define PROOFMINT_SIGNER_KEYS_KEY_POOL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signer/base/mutex.h"
#include "signer/base/thread.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/proof_key.h"
#include "signer/keys/locked_arena.h"

namespace proofmint::keys {

struct KeySlot;

struct KeyPoolOptions {
  crypto::Kernel kernel = crypto::Kernel::kBoringSsl;
  // Keys kept ready for each algorithm; 0 keeps none, and a
  // key is then generated on demand.
  size_t capacity = 2048;
};

// KeyPool keeps keys of every algorithm ready and hands each out once. Its
// thread `key-pool` refills it in kernel batches when it is half empty, and
// sleeps otherwise. The keys lie in a LockedArena: locked if the limits allow
// it, left out of core dumps, and zeros in a forked child.
//
// A forked child must not use the pool: the refilling thread does not exist
// there, and a thread of the parent may have held the mutex.
//
// Thread-safe.
class KeyPool {
 public:
  // New starts filling at once and does not wait for it. Fails with
  // RESOURCE_EXHAUSTED if the memory or the thread cannot be had. `entropy`
  // must outlive the pool.
  //
  // Where the system cannot wipe memory for a forked child (before Linux 4.14,
  // or in some sandboxes) the pool keeps no keys, whatever the options say:
  // capacity() is then 0.
  static absl::StatusOr<std::unique_ptr<KeyPool>> New(
      const KeyPoolOptions& options, crypto::Entropy& entropy);

  // Stops refilling and wipes what is left.
  ~KeyPool();

  KeyPool(const KeyPool&) = delete;
  KeyPool& operator=(const KeyPool&) = delete;

  // Take fills `keys`, any number of them, with keys that are handed out once
  // and never again: those that are ready, and the rest generated on the
  // calling thread in one kernel batch. Never waits for the refilling thread.
  // Fails only as GenerateProofKeys does; the keys are then empty.
  absl::Status Take(dpop::Algorithm algorithm, std::span<dpop::ProofKey> keys);

  // Stats counts the keys of one algorithm since the start.
  struct Stats {
    size_t depth;     // keys ready now
    uint64_t pooled;  // keys handed out that were ready
    uint64_t missed;  // keys handed out that were generated on demand
  };
  Stats GetStats(dpop::Algorithm algorithm) const;

  // Returns how many keys are kept ready for each algorithm: as the options
  // say, or 0 if the memory cannot be wiped on fork.
  size_t capacity() const { return capacity_; }

  // Returns whether all of the memory is locked: never written to swap.
  bool memory_locked() const { return arena_.locked(); }

  // Tops the pool up and blocks until it is full, or has failed to fill. For
  // tests and benchmarks.
  void WaitUntilFull();

 private:
  friend class KeyPoolPeer;  // for tests

  // Batch says which keys to generate next.
  struct Batch {
    dpop::Algorithm algorithm;
    size_t size;
  };

  // The keys of one algorithm that are ready lie in its slots 0 to depth - 1.
  struct Stack {
    size_t depth = 0;
    bool filling = false;  // is being filled, or next to be
    uint64_t pooled = 0;
  };

  KeyPool(const KeyPoolOptions& options, crypto::Entropy& entropy,
          LockedArena arena);

  absl::Status StartRefilling();
  void Refill();

  // Waits until a stack is to be filled; nothing when the pool is to stop.
  std::optional<Batch> NextBatch();
  void Push(const Batch& batch);
  void GiveUp();

  bool AnyFilling() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Fills as many of `keys` as are ready and returns how many.
  size_t Pop(dpop::Algorithm algorithm, std::span<dpop::ProofKey> keys);

  const crypto::Kernel kernel_;
  crypto::Entropy& entropy_;
  const LockedArena arena_;
  const size_t capacity_;
  // Both in `arena_`.
  const std::span<dpop::ProofKey> generated_;  // of the refilling thread
  KeySlot* const slots_;                       // `capacity_` for each algorithm
  std::array<std::atomic<uint64_t>, dpop::kAlgorithms.size()> missed_ = {};

  mutable base::Mutex mutex_;
  base::ConditionVariable
      work_;  // a stack is to be filled, or the pool to stop
  base::ConditionVariable rest_;  // no stack is to be filled
  std::array<Stack, dpop::kAlgorithms.size()> stacks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t failures_ ABSL_GUARDED_BY(mutex_) = 0;
  // How often the refilling thread has looked for something to do.
  uint64_t refill_turns_ ABSL_GUARDED_BY(mutex_) = 0;
  base::Thread refill_thread_;  // none if `capacity_` is 0
};

}  // namespace proofmint::keys

#endif  // PROOFMINT_SIGNER_KEYS_KEY_POOL_H_
