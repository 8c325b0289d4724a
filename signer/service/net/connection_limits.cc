#include "signer/service/net/connection_limits.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace proofmint::service {
namespace {

// Returns the inode of the open socket `fd`, or 0 if it is none.
ino_t SocketInode(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) ? info.st_ino : 0;
}

}  // namespace

ConnectionLimits::ConnectionLimits(const Options& options,
                                   ConnectionRecord& record,
                                   std::function<absl::Duration()> now)
    : max_connections_(options.max_connections),
      max_of_caller_(options.max_connections / 4),
      record_(record),
      now_(std::move(now)) {}

bool ConnectionLimits::AdmitUnix(int fd, absl::string_view caller,
                                 bool allowed) {
  return Admit(fd,
               {.caller = std::string(caller),
                .transport = kUnix,
                .allowed = allowed,
                .inode = SocketInode(fd)},
               /*tls=*/false);
}

bool ConnectionLimits::AdmitTcp(int fd, absl::string_view address, bool tls) {
  return Admit(fd,
               {.caller = std::string(address),
                .transport = kTcp,
                .allowed = true,
                .inode = SocketInode(fd)},
               tls);
}

void ConnectionLimits::Penalize(absl::string_view caller) {
  const absl::Duration now = now_();
  base::MutexLock lock(points_mutex_);
  if (points_.Level(caller, now) + 1 <= kMostPoints) {
    points_.Add(caller, 1, now);
  }
}

bool ConnectionLimits::Penalized(absl::string_view caller) const {
  const absl::Duration now = now_();
  base::MutexLock lock(points_mutex_);
  return points_.Level(caller, now) > kMaxPoints;
}

size_t ConnectionLimits::open_connections() const {
  base::MutexLock lock(mutex_);
  return static_cast<size_t>(std::count_if(
      connections_.begin(), connections_.end(),
      [](const auto& entry) { return IsOpen(entry.first, entry.second); }));
}

bool ConnectionLimits::Admit(int fd, Connection connection, bool tls) {
  const std::string caller = connection.caller;
  const std::optional<ConnectionRefusal> refusal =
      Penalized(caller) ? ConnectionRefusal::kPenalty
                        : Add(fd, std::move(connection), tls);
  if (refusal.has_value()) record_.Refused(*refusal, caller);
  return !refusal.has_value();
}

std::optional<ConnectionRefusal> ConnectionLimits::Add(int fd,
                                                       Connection connection,
                                                       bool tls) {
  const absl::Duration now = now_();
  base::MutexLock lock(mutex_);
  if (auto old = connections_.find(fd); old != connections_.end()) {
    // It is closed, since its descriptor is now that of another.
    Count(old->second, -1);
    connections_.erase(old);
  }
  std::optional<ConnectionRefusal> refusal = Exceeded(connection);
  if (refusal.has_value() && now >= swept_ + kSweepInterval) {
    swept_ = now;
    Sweep();
    refusal = Exceeded(connection);
  }
  if (refusal.has_value()) return refusal;
  if (tls && !TakeHandshake(connection.caller, now)) {
    return ConnectionRefusal::kHandshakeRate;
  }
  Count(connection, 1);
  connections_.emplace(fd, std::move(connection));
  return std::nullopt;
}

bool ConnectionLimits::IsOpen(int fd, const Connection& connection) {
  return connection.inode != 0 && SocketInode(fd) == connection.inode;
}

std::optional<ConnectionRefusal> ConnectionLimits::Exceeded(
    const Connection& connection) const {
  if (!connection.allowed && not_allowed_ >= kMaxOpenNotAllowed) {
    return ConnectionRefusal::kNotAllowed;
  }
  auto of_caller = of_caller_.find(connection.caller);
  if (of_caller != of_caller_.end() && of_caller->second >= max_of_caller_) {
    return ConnectionRefusal::kCallerLimit;
  }
  if (of_transport_[connection.transport] >= max_connections_) {
    return ConnectionRefusal::kTotalLimit;
  }
  return std::nullopt;
}

// An address that has no handshake left takes none of those of others.
bool ConnectionLimits::TakeHandshake(absl::string_view address,
                                     absl::Duration now) {
  const double burst = max_of_caller_;
  if (handshakes_.Level(now) + 1 > 2 * burst ||
      handshakes_of_address_.Level(address, now) + 1 > burst) {
    return false;
  }
  handshakes_.Add(1, now);
  handshakes_of_address_.Add(address, 1, now);
  return true;
}

void ConnectionLimits::Count(const Connection& connection, int change) {
  of_transport_[connection.transport] += change;
  if (!connection.allowed) not_allowed_ += change;
  auto of_caller = of_caller_.try_emplace(connection.caller, 0).first;
  of_caller->second += change;
  if (of_caller->second == 0) of_caller_.erase(of_caller);
}

void ConnectionLimits::Sweep() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    if (IsOpen(it->first, it->second)) {
      ++it;
    } else {
      Count(it->second, -1);
      connections_.erase(it++);
    }
  }
}

}  // namespace proofmint::service
