#include "signer/service/net/guarded_descriptor.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>

#include "signer/base/clock.h"
#include "signer/base/unique_fd.h"

namespace proofmint::service {
namespace {

// Zero until the first connection, and never unset.
constinit std::array<std::atomic<GuardedDescriptor*>,
                     GuardedDescriptor::kMaxDescriptors>
    descriptors;
// Greater than each that was set.
constinit std::atomic<int> end_of_descriptors = 0;

bool IsOpen(uint64_t generation) { return generation % 2 == 1; }

// Returns what of the `left` bytes of a message is in `buffer`, and takes it
// from `left`.
std::span<const uint8_t> Piece(const iovec& buffer, size_t& left) {
  const size_t size = std::min(buffer.iov_len, left);
  left -= size;
  return {static_cast<const uint8_t*>(buffer.iov_base), size};
}

}  // namespace

void GuardReports::Closed(ConnectionClosure reason, bool flood,
                          absl::string_view caller, absl::string_view peer) {
  base::MutexLock lock(mutex_);
  if (!ended_) handlers_.closed(reason, flood, caller, peer);
}

std::optional<std::string> GuardReports::JudgeCertificate(ssl_st* ssl) {
  base::MutexLock lock(mutex_);
  if (ended_) return std::nullopt;
  const auto certificate = ReadClientCertificate(ssl, handlers_.clock());
  if (!certificate.has_value()) return std::nullopt;
  return handlers_.shown(*certificate);
}

void GuardReports::End() {
  base::MutexLock lock(mutex_);
  ended_ = true;
}

GuardedDescriptor* GuardedDescriptor::Find(int fd) {
  if (fd < 0 || fd >= kMaxDescriptors) return nullptr;
  return descriptors[static_cast<size_t>(fd)].load(std::memory_order_acquire);
}

void GuardedDescriptor::ForEach(
    absl::FunctionRef<void(GuardedDescriptor&)> visit) {
  const int end = end_of_descriptors.load(std::memory_order_acquire);
  for (int fd = 0; fd < end; ++fd) {
    if (GuardedDescriptor* const each = Find(fd); each != nullptr) {
      visit(*each);
    }
  }
}

GuardedDescriptor* GuardedDescriptor::Open(
    int fd, Transport transport, std::string peer,
    std::shared_ptr<GuardReports> reports) {
  if (fd < 0 || fd >= kMaxDescriptors) return nullptr;
  GuardedDescriptor* self = Find(fd);
  if (self == nullptr) {
    self = new GuardedDescriptor(fd);
    descriptors[static_cast<size_t>(fd)].store(self, std::memory_order_release);
    int end = end_of_descriptors;
    while (end <= fd &&
           !end_of_descriptors.compare_exchange_weak(end, fd + 1)) {
    }
  }
  base::MutexLock lock(self->mutex_);
  self->frames_ = FrameGuard();
  self->caller_ = peer;
  self->peer_ = std::move(peer);
  self->reports_ = std::move(reports);
  self->reported_ = false;
  self->waiting_ = 0;
  self->blocked_since_ = 0;
  self->transport_ = transport;
  // A connection that was closed without Close is over, too.
  const uint64_t last = self->generation_;
  self->generation_ = IsOpen(last) ? last + 2 : last + 1;
  return self;
}

void GuardedDescriptor::Close() {
  uint64_t generation = generation_;
  if (IsOpen(generation)) {
    generation_.compare_exchange_strong(generation, generation + 1);
  }
}

uint64_t GuardedDescriptor::generation() const {
  const uint64_t generation = generation_;
  return IsOpen(generation) ? generation : 0;
}

bool GuardedDescriptor::Received(const msghdr& message, size_t size) {
  if (transport_ != Transport::kPlaintext || generation() == 0) return true;
  const absl::Duration now = base::MonotonicNow();
  std::optional<Report> report;
  bool good = true;
  {
    base::MutexLock lock(mutex_);
    for (size_t i = 0; good && size > 0; ++i) {
      good = Judge(Piece(message.msg_iov[i], size), now, report);
    }
  }
  if (report.has_value()) {
    report->reports->Closed(report->reason, report->flood, report->caller,
                            report->peer);
  }
  return good;
}

void GuardedDescriptor::Sent(const msghdr& message, size_t size) {
  if (generation() == 0) return;
  if (blocked_since_.load(std::memory_order_relaxed) != 0) blocked_since_ = 0;
  if (transport_ != Transport::kPlaintext) return;
  base::MutexLock lock(mutex_);
  for (size_t i = 0; size > 0; ++i) {
    frames_.Sent(Piece(message.msg_iov[i], size));
  }
}

void GuardedDescriptor::SendBlocked() {
  if (generation() == 0) return;
  int64_t not_blocked = 0;
  blocked_since_.compare_exchange_strong(
      not_blocked, absl::ToInt64Nanoseconds(base::MonotonicNow()));
}

bool GuardedDescriptor::ReceivedInTls(uint64_t generation,
                                      std::span<const uint8_t> bytes) {
  const absl::Duration now = base::MonotonicNow();
  std::optional<Report> report;
  bool good;
  {
    base::MutexLock lock(mutex_);
    good = generation_ == generation && Judge(bytes, now, report);
  }
  if (report.has_value()) {
    report->reports->Closed(report->reason, report->flood, report->caller,
                            report->peer);
  }
  return good;
}

void GuardedDescriptor::SentInTls(uint64_t generation,
                                  std::span<const uint8_t> bytes) {
  base::MutexLock lock(mutex_);
  if (generation_ == generation) frames_.Sent(bytes);
}

bool GuardedDescriptor::Judge(std::span<const uint8_t> bytes,
                              absl::Duration now,
                              std::optional<Report>& report) {
  const auto closure = frames_.Received(bytes, now);
  if (!closure.has_value()) return true;
  report = ReportOnce(*closure, /*flood=*/!frames_.malformed());
  return false;
}

std::optional<GuardedDescriptor::Report> GuardedDescriptor::ReportOnce(
    ConnectionClosure reason, bool flood) {
  if (std::exchange(reported_, true)) return std::nullopt;
  return Report{reason, flood, caller_, peer_, reports_};
}

void GuardedDescriptor::Identify(uint64_t generation, std::string caller) {
  base::MutexLock lock(mutex_);
  if (generation_ == generation) caller_ = std::move(caller);
}

std::shared_ptr<GuardReports> GuardedDescriptor::reports(uint64_t generation) {
  base::MutexLock lock(mutex_);
  return generation_ == generation ? reports_ : nullptr;
}

void GuardedDescriptor::ShutDown(uint64_t generation) const {
  // The copy is of this connection if that is still open afterwards, because
  // Close comes before the descriptor is closed.
  const base::UniqueFd copy(fcntl(fd_, F_DUPFD_CLOEXEC, 0));
  if (copy.valid() && generation_ == generation) {
    shutdown(copy.get(), SHUT_RDWR);
  }
}

void GuardedDescriptor::CloseIfStalled(const GuardReports* reports,
                                       absl::Duration limit,
                                       absl::Duration now) {
  if (blocked_since_ == 0) return;
  const uint64_t open = generation();
  std::optional<Report> report;
  {
    base::MutexLock lock(mutex_);
    const int64_t since = blocked_since_;
    if (open == 0 || since == 0 || reports_.get() != reports) return;
    // A Unix socket is reported as writable only when three quarters of its
    // buffer are free, so look at what waits as well.
    int waiting = 0;
    if (ioctl(fd_, SIOCOUTQ, &waiting) != 0) return;
    if (waiting < std::exchange(waiting_, waiting)) {
      blocked_since_ = absl::ToInt64Nanoseconds(now);
      return;
    }
    if (now - absl::Nanoseconds(since) < limit) return;
    report = ReportOnce(ConnectionClosure::kUnreadAnswers, /*flood=*/false);
  }
  if (!report.has_value()) return;
  ShutDown(open);
  report->reports->Closed(report->reason, report->flood, report->caller,
                          report->peer);
}

std::optional<GuardedDescriptor::Counts> GuardedDescriptor::counts() {
  base::MutexLock lock(mutex_);
  if (generation() == 0) return std::nullopt;
  return Counts{.calls = frames_.calls(),
                .open_calls = frames_.open_calls(),
                .caller = caller_};
}

}  // namespace proofmint::service
