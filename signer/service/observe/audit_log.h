// Writes the audit log: one line for each call.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_AUDIT_LOG_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_AUDIT_LOG_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/mutex.h"
#include "signer/base/thread.h"
#include "signer/base/unique_fd.h"

namespace spdlog {
class logger;
}

namespace proofmint::service {

class LineSink;

// AuditEntry builds the line of one call: its caller, what it asked for and how
// it ended. The line holds no secret: no proof, nonce, handle or token, and of
// an htu only the host. Not thread-safe.
class AuditEntry {
 public:
  // `trace_parent` is the header of that name (W3C Trace Context); the line has
  // its trace id if it is well-formed.
  AuditEntry(absl::string_view method, absl::string_view caller,
             absl::string_view trace_parent);

  // Adds the result of one proof. A call of SignProof has one, a batch as many
  // as it has requests. Without a `reason`, the reason is that of the call.
  void AddProof(const v1::SignProofRequest& request,
                const v1::SignProofResponse& response);
  void AddFailure(const v1::SignProofRequest& request,
                  absl::string_view reason = "");

  // Finishes the line with the status of the call and returns it.
  std::string Finish(const absl::Status& status) &&;

 private:
  std::string& BeginProof(const v1::SignProofRequest& request);

  std::string line_;
  std::string proofs_;
};

// AuditLog queues lines and writes them to a file on a thread of its own. It
// never makes a call wait: when the file does not keep up and the queue is
// full, lines are dropped, and counted, as are those that cannot be written.
//
// Thread-safe.
class AuditLog {
 public:
  // The queue is full at this many lines, or bytes of them: about a second of
  // calls.
  static constexpr size_t kMaxQueuedLines = 8192;
  static constexpr size_t kMaxQueuedBytes = 4 << 20;

  // Open appends to `path`, which is made with mode 0640 if it is not there;
  // "-" is standard error. Fails as base::ErrnoStatus if it cannot be opened,
  // with FAILED_PRECONDITION if it is a pipe that no process reads, for which
  // it does not wait, and as base::Thread::Start does.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(
      const std::string& path);

  // Writes the queued lines first.
  ~AuditLog();

  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Write queues `line`, which holds fields of a JSON object as AuditEntry
  // returns them, with the time of this call.
  void Write(std::string line);

  // Returns how many lines have been dropped or could not be written.
  uint64_t dropped() const;

 private:
  struct Line {
    std::chrono::system_clock::time_point time;
    std::string text;
  };

  AuditLog(base::UniqueFd file, absl::Duration patience);

  // Runs on thread_, which alone uses logger_.
  void WriteQueuedLines();

  const base::UniqueFd file_;
  const std::shared_ptr<LineSink> sink_;
  const std::unique_ptr<spdlog::logger> logger_;
  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::deque<Line> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  base::Thread thread_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_AUDIT_LOG_H_
