#include "signer/service/gate/unread_answers.h"

#include <algorithm>

#include "absl/hash/hash.h"

namespace proofmint::service {
namespace {

// How many times its bytes a connection must leave free.
constexpr size_t kFreePerConnection = 4;

}  // namespace

uint64_t UnreadAnswers::Key(absl::string_view connection_or_caller) {
  return absl::HashOf(connection_or_caller);
}

UnreadAnswers::Decision UnreadAnswers::Check(Peer peer,
                                             size_t answer_size) const {
  // No connection or caller has more bytes than all together.
  if ((kFreePerConnection + 1) * total() <= limit_) return Decision::kServe;
  base::MutexLock lock(mutex_);
  const size_t used = total();
  const size_t free = limit_ - std::min(used, limit_);
  const size_t unread = BytesOf(peer.connection);
  if (BytesOf(peer.caller) > free) {
    if (unread + answer_size <= kReducedShare) return Decision::kServe;
    return unread <= kReducedShare ? Decision::kRefuse : Decision::kDrop;
  }
  const size_t needed = kFreePerConnection * unread;
  if (needed <= free) return Decision::kServe;
  return needed <= 2 * free ? Decision::kRefuse : Decision::kDrop;
}

UnreadAnswers::Ticket UnreadAnswers::Add(Peer peer, size_t answer_size) {
  const size_t bytes = answer_size + kBytesPerCall;
  base::MutexLock lock(mutex_);
  total_.fetch_add(bytes, std::memory_order_relaxed);
  bytes_[peer.connection] += bytes;
  if (peer.caller != 0) bytes_[peer.caller] += bytes;
  return {*this, peer, bytes};
}

void UnreadAnswers::Remove(Peer peer, size_t bytes) {
  base::MutexLock lock(mutex_);
  total_.fetch_sub(bytes, std::memory_order_relaxed);
  RemoveFrom(peer.connection, bytes);
  if (peer.caller != 0) RemoveFrom(peer.caller, bytes);
}

void UnreadAnswers::RemoveFrom(uint64_t key, size_t bytes) {
  auto entry = bytes_.find(key);
  entry->second -= bytes;
  if (entry->second == 0) bytes_.erase(entry);
}

size_t UnreadAnswers::BytesOf(uint64_t key) const {
  auto entry = bytes_.find(key);
  return entry == bytes_.end() ? 0 : entry->second;
}

}  // namespace proofmint::service
