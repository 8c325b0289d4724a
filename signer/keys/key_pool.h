// Keys minted ahead of demand.

#ifndef PROOFMINT_SIGNER_KEYS_KEY_POOL_H_
#define PROOFMINT_SIGNER_KEYS_KEY_POOL_H_

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/proof_key.h"
#include "signer/keys/locked_arena.h"

namespace proofmint::keys {

struct KeySlot;
struct PoolState;

struct KeyPoolOptions {
  crypto::Kernel kernel = crypto::Kernel::kBoringSsl;
  // Keys kept ready for each algorithm; 0 keeps none and mints on demand.
  size_t capacity = 2048;
};

// KeyPool keeps keys of every algorithm ready and hands each out once. A thread
// of its own refills it in kernel batches when it is half empty, and sleeps
// otherwise. The keys lie in memory that is locked if the limits allow it, left
// out of core dumps, and that a forked child sees as empty.
//
// A forked child may go on using the pool, and destroy it: there it keeps no
// keys, has no thread, and mints on demand. What the parent's threads had in
// hand at the moment of the fork, taken already or being minted, is copied with
// the rest of their memory, but never handed out in the child. That the pool
// itself does not hang there does not keep its entropy from it: see
// NewSystemEntropy.
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

  // Take fills `keys`, any number of them, with keys that nobody else has or
  // will have: from the pool, and what it lacks minted by the caller's thread,
  // in one kernel batch. Never waits for the refilling thread to mint. Fails
  // only as GenerateProofKeys does; the keys are then empty.
  absl::Status Take(dpop::Algorithm algorithm, std::span<dpop::ProofKey> keys);

  // Stats are the figures of one algorithm since the start.
  struct Stats {
    size_t depth;     // keys ready now
    uint64_t pooled;  // keys handed out that were ready
    uint64_t missed;  // keys handed out that had to be minted on demand
  };
  Stats GetStats(dpop::Algorithm algorithm) const;

  // Keys kept ready for each algorithm: as the options asked, or 0 if the
  // memory cannot be wiped on fork, and in a forked child.
  size_t capacity() const;

  // Whether all of the memory is locked: never written to swap.
  bool memory_locked() const { return arena_.locked(); }

  // Tops the pool up and blocks until it is full, or has failed to fill. For
  // tests and benchmarks.
  void WaitUntilFull();

 private:
  friend class KeyPoolPeer;  // for tests

  // Keys to mint for one algorithm.
  struct Batch {
    dpop::Algorithm algorithm;
    size_t size;
  };

  KeyPool(const KeyPoolOptions& options, crypto::Entropy& entropy,
          LockedArena arena);

  absl::Status StartRefilling(size_t capacity);
  static void* RunRefill(void* pool);
  void Refill();

  // Waits until a stack is to be filled; nothing when the pool is to stop.
  std::optional<Batch> NextBatch();
  void Push(const Batch& batch);
  void GiveUp();

  // Fills as many of `keys` as are ready and returns how many.
  size_t Pop(dpop::Algorithm algorithm, std::span<dpop::ProofKey> keys);

  const crypto::Kernel kernel_;
  crypto::Entropy& entropy_;
  const LockedArena arena_;
  // All in `arena_`.
  PoolState& state_;
  const std::span<dpop::ProofKey> minted_;  // of the refilling thread
  KeySlot* const slots_;                    // a stack for each algorithm
  pthread_t refill_thread_ = {};            // if state_.capacity is not 0
};

}  // namespace proofmint::keys

#endif  // PROOFMINT_SIGNER_KEYS_KEY_POOL_H_
