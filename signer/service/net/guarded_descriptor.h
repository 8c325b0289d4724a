// Holds what the guard knows of each descriptor that gRPC reads.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_GUARDED_DESCRIPTOR_H_
#define PROOFMINT_SIGNER_SERVICE_NET_GUARDED_DESCRIPTOR_H_

#include <sys/socket.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/mutex.h"
#include "signer/service/net/client_certificate.h"
#include "signer/service/net/frame_guard.h"
#include "signer/service/observe/connection_record.h"

namespace proofmint::service {

// GuardReports is what the connections of one ConnectionGuard tell it. They
// share it, because gRPC may close a connection after the guard is gone.
//
// Thread-safe.
class GuardReports {
 public:
  struct Handlers {
    // The connection of `caller`, whose peer at accept was `peer`, is closed.
    // `flood` says that it was for more than one broken frame.
    std::function<void(ConnectionClosure, bool flood, absl::string_view caller,
                       absl::string_view peer)>
        closed;
    // A client has shown this certificate. Returns its caller, or nothing if
    // the connection is to end.
    std::function<std::optional<std::string>(const ClientCertificate&)> shown;
    // Returns the time by which certificates are judged.
    std::function<absl::Time()> clock;
  };

  explicit GuardReports(Handlers handlers) : handlers_(std::move(handlers)) {}

  void Closed(ConnectionClosure reason, bool flood, absl::string_view caller,
              absl::string_view peer);

  // Judges the certificate of the peer of `ssl`. Returns nothing, too, after
  // End.
  std::optional<std::string> JudgeCertificate(ssl_st* ssl);

  // End waits for calls of handlers, and none is made after it.
  void End();

 private:
  base::Mutex mutex_;
  Handlers handlers_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

// GuardedDescriptor is the place of one descriptor, of one connection after the
// other. It is made for the first and then lives as long as the process, so
// that a pointer to it is always good; the generation tells connections apart.
//
// Thread-safe. gRPC's threads call Received, Sent and SendBlocked.
class GuardedDescriptor {
 public:
  // Descriptors from here on cannot be guarded.
  static constexpr int kMaxDescriptors = 1 << 16;

  enum class Transport { kPlaintext, kTls };

  // Returns the place of `fd`, or null if it never had a guarded connection. A
  // load from an array; may be called in a signal handler.
  static GuardedDescriptor* Find(int fd);

  // Calls `visit` with the place of each descriptor that has one.
  static void ForEach(absl::FunctionRef<void(GuardedDescriptor&)> visit);

  // Begins a connection on `fd`, which no other thread knows yet. Returns null
  // if it cannot be guarded.
  static GuardedDescriptor* Open(int fd, Transport transport, std::string peer,
                                 std::shared_ptr<GuardReports> reports);

  // Close ends the connection, if there is one. To be called before the
  // descriptor is closed. Takes no lock: may be called in a signal handler and
  // in a child after fork.
  void Close();

  // Returns a number that is the present connection's alone, or 0 without one.
  uint64_t generation() const;

  // Received takes what was read from a plaintext connection; of TLS it takes
  // none. Returns whether gRPC may have it. Otherwise the connection is to end.
  bool Received(const msghdr& message, size_t size);

  // Sent takes what was written. SendBlocked says that the peer takes nothing
  // at present although bytes wait for it.
  void Sent(const msghdr& message, size_t size);
  void SendBlocked();

  // Do the same for the frames in a TLS connection.
  bool ReceivedInTls(uint64_t generation, std::span<const uint8_t> bytes);
  void SentInTls(uint64_t generation, std::span<const uint8_t> bytes);

  // Names the caller, once a TLS handshake has shown it.
  void Identify(uint64_t generation, std::string caller);

  // Returns where reports of the connection go, or null if it has ended.
  std::shared_ptr<GuardReports> reports(uint64_t generation);

  // ShutDown ends the connection `generation` in both directions, if it is
  // still open: it never touches a later one of the same descriptor.
  void ShutDown(uint64_t generation) const;

  // CloseIfStalled shuts the connection down, and reports that, if it is
  // `reports`'s and since `limit` or longer the peer has taken nothing although
  // bytes wait. `now` is a time of MonotonicNow.
  void CloseIfStalled(const GuardReports* reports, absl::Duration limit,
                      absl::Duration now);

  // Counts are what the guard has seen of the present connection.
  struct Counts {
    uint64_t calls = 0;     // opened by the client
    size_t open_calls = 0;  // of these, not ended
    std::string caller;
  };
  std::optional<Counts> counts();

 private:
  explicit GuardedDescriptor(int fd) : fd_(fd) {}

  // Report is a closure that is still to be reported, which no lock may be held
  // for.
  struct Report {
    ConnectionClosure reason;
    bool flood;
    std::string caller;
    std::string peer;
    std::shared_ptr<GuardReports> reports;
  };

  // Returns whether gRPC may have `bytes`; sets `report` at the first that it
  // may not.
  bool Judge(std::span<const uint8_t> bytes, absl::Duration now,
             std::optional<Report>& report)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Report> ReportOnce(ConnectionClosure reason, bool flood)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int fd_;
  // Odd while a connection is open.
  std::atomic<uint64_t> generation_ = 0;
  std::atomic<Transport> transport_ = Transport::kPlaintext;
  // When sending was blocked first since the peer took something, in
  // nanoseconds of MonotonicNow; 0 if it is not blocked.
  std::atomic<int64_t> blocked_since_ = 0;
  base::Mutex mutex_;
  FrameGuard frames_ ABSL_GUARDED_BY(mutex_);
  std::string peer_ ABSL_GUARDED_BY(mutex_);
  std::string caller_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<GuardReports> reports_ ABSL_GUARDED_BY(mutex_);
  bool reported_ ABSL_GUARDED_BY(mutex_) = false;  // that it is closed
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;        // bytes, at the last look
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_GUARDED_DESCRIPTOR_H_
