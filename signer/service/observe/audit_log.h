// Who asked for what, and got it or not.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_AUDIT_LOG_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_AUDIT_LOG_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/unique_fd.h"

namespace spdlog {
class async_logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace proofmint::service {

class LineSink;

// AuditEntry is the line of one call, as text. It holds no secret: no proof,
// nonce, handle or token, and of an htu the host alone.
class AuditEntry {
 public:
  // `trace_parent` is the header of that name (W3C Trace Context); the line has
  // its trace id if it is well-formed.
  AuditEntry(absl::string_view method, absl::string_view caller,
             absl::string_view trace_parent);

  // Adds how one proof went: a call of SignProof has one, a batch as many as
  // requests. Without a `reason` it is that of the call.
  void AddProof(const v1::SignProofRequest& request,
                const v1::SignProofResponse& response);
  void AddFailure(const v1::SignProofRequest& request,
                  absl::string_view reason = "");

  // Finishes the line with how the call ended.
  std::string Finish(const absl::Status& status) &&;

 private:
  std::string& BeginProof(const v1::SignProofRequest& request);

  std::string line_;
  std::string proofs_;
};

// AuditLog writes lines to a file on a thread of its own. It never makes a call
// wait: when the file does not keep up, lines are dropped, and counted, as are
// those that cannot be written.
//
// Thread-safe.
class AuditLog {
 public:
  // Open appends to `path`, which is made with mode 0640 if it is not there;
  // "-" is standard error. Fails with FAILED_PRECONDITION if it cannot be
  // opened.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(
      const std::string& path);

  // Writes the lines that wait.
  ~AuditLog();

  void Write(const std::string& line);

  uint64_t dropped() const;

 private:
  AuditLog(base::UniqueFd file, absl::Duration patience);

  std::atomic<uint64_t> lines_ = 0;  // that were to be written
  std::atomic<uint64_t> bytes_ = 0;  // in them
  const base::UniqueFd file_;
  const std::shared_ptr<LineSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> threads_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_AUDIT_LOG_H_
