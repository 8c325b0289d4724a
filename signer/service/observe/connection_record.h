// Counts the connections that the server refuses or closes, and logs them.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_CONNECTION_RECORD_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_CONNECTION_RECORD_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/mutex.h"

namespace proofmint::service {

// ConnectionRefusal is why a connection ends before its first HTTP/2 byte is
// read. Its name in metrics and in the log is in kConnectionRefusals.
enum class ConnectionRefusal {
  kNotAllowed,          // the uid, gid or name may not call
  kCallerLimit,         // the caller or address has too many connections
  kTotalLimit,          // the server has too many connections
  kHandshakeRate,       // the address, or all, begin too many handshakes
  kPenalty,             // the caller's connections were closed for misuse
  kCertificateExpired,  // the client's certificate is not valid now
};
inline constexpr std::array<absl::string_view, 6> kConnectionRefusals = {
    "not_allowed",    "caller_limit", "total_limit",
    "handshake_rate", "penalty",      "certificate_expired"};

// ConnectionClosure is why an open connection is closed. Its name in metrics
// and in the log is in kConnectionClosures.
enum class ConnectionClosure {
  kOpenCalls,      // too many calls open at the same time
  kHeaderBlock,    // headers of a call that are too long or do not end
  kSmallFrames,    // too many frames that carry hardly any bytes
  kControlFrames,  // too many SETTINGS, PING or other control frames
  kUnreadAnswers,  // answers that the caller does not read
};
inline constexpr std::array<absl::string_view, 5> kConnectionClosures = {
    "open_calls", "header_block", "small_frames", "control_frames",
    "unread_answers"};

// ConnectionRecord counts such connections and writes one log line for each
// caller, kind and reason in a minute, however many connections there are.
//
// Thread-safe.
class ConnectionRecord {
 public:
  // When more lines than this were written in a minute, the rest of them is
  // left out and counts as dropped: callers may be many.
  static constexpr size_t kMaxLinesPerMinute = 64;

  // `now` returns the time, as MonotonicNow does.
  explicit ConnectionRecord(
      std::function<absl::Duration()> now = base::MonotonicNow)
      : now_(std::move(now)) {}

  // Records that a connection of `caller`, which is a caller's id or the
  // address of a peer that is not identified, was refused or closed.
  void Refused(ConnectionRefusal reason, absl::string_view caller);
  void Closed(ConnectionClosure reason, absl::string_view caller);

  // Return how many there were.
  uint64_t refused(ConnectionRefusal reason) const;
  uint64_t closed(ConnectionClosure reason) const;

 private:
  // Returns whether a line with `key` is to be written now.
  bool AdmitLine(std::string key);

  std::array<std::atomic<uint64_t>, kConnectionRefusals.size()> refused_ = {};
  std::array<std::atomic<uint64_t>, kConnectionClosures.size()> closed_ = {};
  const std::function<absl::Duration()> now_;
  base::Mutex mutex_;
  // The lines of the minute that began at minute_, a time of now_.
  absl::flat_hash_set<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  absl::Duration minute_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_CONNECTION_RECORD_H_
