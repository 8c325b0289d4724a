#include "signer/service/observe/connection_record.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "signer/service/observe/log.h"

namespace proofmint::service {
namespace {

constexpr absl::Duration kLineInterval = absl::Minutes(1);

template <typename Counters, typename Reason>
auto& CounterOf(Counters& counters, Reason reason) {
  return counters[static_cast<size_t>(reason)];
}

}  // namespace

void ConnectionRecord::Refused(ConnectionRefusal reason,
                               absl::string_view caller) {
  CounterOf(refused_, reason).fetch_add(1, std::memory_order_relaxed);
  const absl::string_view name = CounterOf(kConnectionRefusals, reason);
  if (AdmitLine(absl::StrCat("refused ", name, " ", caller))) {
    LogError("connection refused", {{"reason", name}, {"caller", caller}});
  }
}

void ConnectionRecord::Closed(ConnectionClosure reason,
                              absl::string_view caller) {
  CounterOf(closed_, reason).fetch_add(1, std::memory_order_relaxed);
  const absl::string_view name = CounterOf(kConnectionClosures, reason);
  if (AdmitLine(absl::StrCat("closed ", name, " ", caller))) {
    LogError("connection closed", {{"reason", name}, {"caller", caller}});
  }
}

uint64_t ConnectionRecord::refused(ConnectionRefusal reason) const {
  return CounterOf(refused_, reason).load(std::memory_order_relaxed);
}

uint64_t ConnectionRecord::closed(ConnectionClosure reason) const {
  return CounterOf(closed_, reason).load(std::memory_order_relaxed);
}

bool ConnectionRecord::AdmitLine(std::string key) {
  const absl::Duration now = now_();
  base::MutexLock lock(mutex_);
  if (now >= minute_ + kLineInterval) {
    lines_.clear();
    minute_ = now;
  }
  if (lines_.contains(key)) return false;
  if (lines_.size() >= kMaxLinesPerMinute) {
    CountLogDropped();
    return false;
  }
  lines_.insert(std::move(key));
  return true;
}

}  // namespace proofmint::service
