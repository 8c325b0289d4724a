// Bounds the memory of answers that callers do not read.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_UNREAD_ANSWERS_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_UNREAD_ANSWERS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "signer/base/mutex.h"

namespace proofmint::service {

// UnreadAnswers counts the bytes of answers that gRPC was given and has not yet
// written to a socket, for each connection, for each caller and in all. An
// answer that the peer does not read stays in memory until its connection ends,
// even if the call was cancelled or reset. UnreadAnswers therefore decides
// whether a new call may have an answer.
//
// The limits are shares of what is still free of all bytes (the "dynamic
// thresholds" of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2),
// 1998): a connection may have a quarter as many bytes as are free, a caller as
// many as are free. So a connection alone may have a fifth of all bytes and a
// caller alone a half. A caller that has more is served only small answers, up
// to kReducedShare for each connection, so that those of its connections that
// read go on. However many connections of a caller read nothing, other callers
// have bytes left.
//
// Thread-safe. Add and Release take a lock; Check takes it only when more than
// a fifth of all bytes is in use.
class UnreadAnswers {
 public:
  // The bytes of all connections together.
  static constexpr size_t kLimit = 48 << 20;

  // What a call takes in memory, besides the bytes of its answer, until the
  // answer is written: gRPC's objects and ours. Measured.
  static constexpr size_t kBytesPerCall = 16 << 10;

  // What a connection may have while its caller has more than its share.
  static constexpr size_t kReducedShare = 128 << 10;

  // About the most that a proof adds to an answer.
  static constexpr size_t kMaxBytesPerProof = 4 << 10;

  // Peer identifies a connection and its caller by hashes.
  struct Peer {
    uint64_t connection = 0;
    uint64_t caller = 0;  // 0 if it was not identified
  };
  static uint64_t Key(absl::string_view connection_or_caller);

  enum class Decision {
    kServe,
    // Over the limit: an error is the answer, and takes kBytesPerCall.
    kRefuse,
    // Over twice the limit, or over kReducedShare: there is to be no answer.
    kDrop,
  };

  explicit UnreadAnswers(size_t limit = kLimit) : limit_(limit) {}

  // Ticket stands for an answer. Its bytes count until it is released or
  // destroyed. The UnreadAnswers must outlive it. Not thread-safe, but may be
  // released on any thread.
  class Ticket {
   public:
    Ticket() = default;  // for no answer
    ~Ticket() { Release(); }
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept {
      Release();
      answers_ = std::exchange(other.answers_, nullptr);
      peer_ = other.peer_;
      bytes_ = other.bytes_;
      return *this;
    }

    // Does nothing the second time.
    void Release() {
      if (answers_ != nullptr) answers_->Remove(peer_, bytes_);
      answers_ = nullptr;
    }

   private:
    friend class UnreadAnswers;
    Ticket(UnreadAnswers& answers, Peer peer, size_t bytes)
        : answers_(&answers), peer_(peer), bytes_(bytes) {}

    UnreadAnswers* answers_ = nullptr;
    Peer peer_;
    size_t bytes_ = 0;
  };

  // Returns what is to be done with a new call of `peer`, whose answer will
  // have up to `answer_size` bytes.
  Decision Check(Peer peer, size_t answer_size = 0) const;

  // Counts an answer of `answer_size` bytes to a call of `peer`, and its
  // kBytesPerCall, for as long as the ticket lives.
  Ticket Add(Peer peer, size_t answer_size);

  // Returns the bytes that count now.
  size_t total() const { return total_.load(std::memory_order_relaxed); }

 private:
  void Remove(Peer peer, size_t bytes);
  void RemoveFrom(uint64_t key, size_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  size_t BytesOf(uint64_t key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t limit_;
  std::atomic<size_t> total_ = 0;
  mutable base::Mutex mutex_;
  // The bytes of each connection and of each caller that has any, by its key.
  absl::flat_hash_map<uint64_t, size_t> bytes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_UNREAD_ANSWERS_H_
