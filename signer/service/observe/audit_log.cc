#include "signer/service/observe/audit_log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "signer/base/errno_status.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/algorithm.h"
#include "signer/service/contract/conversions.h"
#include "signer/service/contract/errors.h"
#include "signer/service/observe/json_text.h"
#include "signer/service/observe/line_sink.h"
#include "signer/service/observe/log.h"

namespace proofmint::service {
namespace {

constexpr mode_t kFileMode = 0640;

// How long the reader of a pipe may pause before lines are dropped.
constexpr absl::Duration kPatience = absl::Seconds(1);

// Returns the host and port of an htu, or "" if it is not clear where they end:
// a malformed htu may be a secret that was put in the wrong field.
absl::string_view HostOf(absl::string_view htu) {
  size_t begin = htu.find("://");
  if (begin == absl::string_view::npos) return "";
  absl::string_view host = htu.substr(begin + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  bool plain = std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == ':' ||
           c == '[' || c == ']';
  });
  return plain && host.size() <= 255 + 6 ? host : "";
}

// Returns the 32 hex digits of the trace id in "00-TRACE-PARENT-FLAGS" (W3C
// Trace Context, section 3.2).
absl::string_view TraceIdOf(absl::string_view trace_parent) {
  constexpr size_t kSize = 55;
  if (trace_parent.size() < kSize || trace_parent[2] != '-' ||
      trace_parent[35] != '-') {
    return "";
  }
  absl::string_view id = trace_parent.substr(3, 32);
  bool hex = std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
  });
  return hex ? id : "";
}

// Returns a descriptor of `path` whose writes may block, or -1 and errno.
// Opening does not wait for the reader of a pipe: a daemon that starts would
// not see a signal meanwhile.
int OpenToAppend(const std::string& path) {
  const int file =
      open(path.c_str(),
           O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
           kFileMode);
  if (file >= 0) fcntl(file, F_SETFL, O_APPEND);
  return file;
}

}  // namespace

AuditEntry::AuditEntry(absl::string_view method, absl::string_view caller,
                       absl::string_view trace_parent)
    : line_(absl::StrCat(R"("message":"call","method":")", method,
                         R"(","caller":)", JsonString(caller))) {
  absl::string_view trace_id = TraceIdOf(trace_parent);
  if (!trace_id.empty()) {
    absl::StrAppend(&line_, R"(,"trace_id":")", trace_id, "\"");
  }
}

std::string& AuditEntry::BeginProof(const v1::SignProofRequest& request) {
  absl::StrAppend(&proofs_, proofs_.empty() ? "{" : ",{");
  std::optional<dpop::Algorithm> algorithm = ToAlgorithm(request.algorithm());
  if (algorithm.has_value()) {
    absl::StrAppend(&proofs_, R"("dpop_signing_alg":")",
                    dpop::AlgorithmName(*algorithm), R"(",)");
  }
  absl::StrAppend(&proofs_, R"("htu_host":)",
                  JsonString(HostOf(request.htu())));
  return proofs_;
}

void AuditEntry::AddProof(const v1::SignProofRequest& request,
                          const v1::SignProofResponse& response) {
  absl::StrAppend(&BeginProof(request), R"(,"jkt":")", response.jkt(), "\"}");
}

void AuditEntry::AddFailure(const v1::SignProofRequest& request,
                            absl::string_view reason) {
  std::string& proofs = BeginProof(request);
  if (!reason.empty()) {
    absl::StrAppend(&proofs, R"(,"reason":")", reason, "\"");
  }
  proofs.push_back('}');
}

std::string AuditEntry::Finish(const absl::Status& status) && {
  absl::StrAppend(&line_, R"(,"code":")",
                  absl::StatusCodeToString(status.code()), "\"");
  absl::string_view reason = ReasonOf(status);
  if (!reason.empty()) absl::StrAppend(&line_, R"(,"reason":")", reason, "\"");
  if (!proofs_.empty()) absl::StrAppend(&line_, R"(,"proofs":[)", proofs_, "]");
  return std::move(line_);
}

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(
    const std::string& path) {
  base::UniqueFd file(path == "-" ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                                  : OpenToAppend(path));
  if (!file.valid() && errno == ENXIO) {
    return absl::FailedPreconditionError(absl::StrCat(
        "audit_log: got ", path,
        ", a pipe that no process reads or a socket, want a file"));
  }
  if (!file.valid()) {
    return base::ErrnoStatus("audit_log: cannot open ", path);
  }
  std::unique_ptr<AuditLog> log(new AuditLog(
      std::move(file), path == "-" ? absl::ZeroDuration() : kPatience));
  PROOFMINT_ASSIGN_OR_RETURN(
      log->thread_, base::Thread::Start("audit_log", [log = log.get()] {
        log->WriteQueuedLines();
      }));
  return log;
}

AuditLog::AuditLog(base::UniqueFd file, absl::Duration patience)
    : file_(std::move(file)),
      sink_(std::make_shared<LineSink>(file_.get(), patience)),
      logger_(std::make_unique<spdlog::logger>("audit", sink_)) {
  logger_->set_pattern(kLogPattern, spdlog::pattern_time_type::utc);
}

AuditLog::~AuditLog() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.Join();
}

void AuditLog::Write(std::string line) {
  const auto now = std::chrono::system_clock::now();
  {
    base::MutexLock lock(mutex_);
    if (queue_.size() >= kMaxQueuedLines ||
        queued_bytes_ + line.size() > kMaxQueuedBytes) {
      return sink_->CountDropped();
    }
    queued_bytes_ += line.size();
    queue_.push_back({now, std::move(line)});
  }
  changed_.NotifyAll();
}

void AuditLog::WriteQueuedLines() {
  for (;;) {
    Line line;
    {
      base::MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) changed_.Wait(mutex_);
      if (queue_.empty()) return;
      line = std::move(queue_.front());
      queue_.pop_front();
      queued_bytes_ -= line.text.size();
    }
    logger_->log(line.time, spdlog::source_loc(), spdlog::level::info,
                 line.text);
  }
}

uint64_t AuditLog::dropped() const { return sink_->dropped(); }

}  // namespace proofmint::service
