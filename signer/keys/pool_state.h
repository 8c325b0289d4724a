// What a KeyPool keeps in its arena. For key_pool.cc alone.

#ifndef PROOFMINT_SIGNER_KEYS_POOL_STATE_H_
#define PROOFMINT_SIGNER_KEYS_POOL_STATE_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "signer/base/mutex.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/proof_key.h"

namespace proofmint::keys {

inline constexpr size_t kCacheLine = 64;  // bytes

// KeyStack says of the keys of one algorithm how many are ready and what
// becomes of them.
struct KeyStack {
  size_t depth = 0;
  bool filling = false;  // is being filled, or next to be
  uint64_t pooled = 0;
};

// PoolState is all that changes in a pool. It lies in the arena with the keys,
// so that a forked child, for whom the whole arena reads as zeros, sees by
// construction a pool of capacity 0 with no keys in it, whatever the parent's
// threads were doing at the moment of the fork. Nothing need notice the fork or
// be told of it: every function of the pool looks at `capacity` first and, when
// it is 0, stays away from the mutex (which a thread that the child does not
// have may have held), from the condition variables (whose destructor waits for
// a waiter that the child does not have) and from the refilling thread. Hence
// only members whose zero bytes mean "nothing".
struct PoolState {
  // Changed by New alone, while there is one thread.
  std::atomic<size_t> capacity = 0;
  std::array<std::atomic<uint64_t>, dpop::kAlgorithms.size()> missed = {};

  base::Mutex mutex;
  base::ConditionVariable work;  // a stack is to be filled, or the pool to stop
  base::ConditionVariable rest;  // no stack is to be filled
  std::array<KeyStack, dpop::kAlgorithms.size()> stacks ABSL_GUARDED_BY(mutex);
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  uint64_t failures ABSL_GUARDED_BY(mutex) = 0;
  // How often the refilling thread has looked for something to do.
  uint64_t refill_turns ABSL_GUARDED_BY(mutex) = 0;

  bool AnyFilling() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return std::any_of(stacks.begin(), stacks.end(),
                       [](const KeyStack& stack) { return stack.filling; });
  }
};

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

}  // namespace proofmint::keys

#endif  // PROOFMINT_SIGNER_KEYS_POOL_STATE_H_
