#include "signer/service/server/library_logs.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/service/net/tls_credentials.h"
#include "signer/service/observe/log.h"

namespace proofmint::service {
namespace {

// Limits of library lines: lines in a second, and bytes of a line. Every peer
// can make a library log something, but must not be able to fill the log.
constexpr int kMaxLibraryLines = 10;
constexpr size_t kMaxLibraryLineSize = 256;

// AdmitLibraryLine returns whether one more line of a library may be logged
// now.
bool AdmitLibraryLine() {
  static std::atomic<int64_t> second = 0;
  static std::atomic<int> lines = 0;
  const int64_t now = absl::ToInt64Seconds(base::MonotonicNow());
  if (second.exchange(now) != now) lines = 0;
  return lines.fetch_add(1) < kMaxLibraryLines;
}

void LogLibraryError(absl::string_view message) {
  if (CountTlsHandshakeFailure(message)) return;
  // gRPC writes a line for each call with a compressed message, and text that
  // the client sent after "Error parsing metadata".
  if (absl::StartsWith(message, "Error parsing metadata") ||
      absl::StartsWith(message, "Compression algorithm '") ||
      !AdmitLibraryLine()) {
    CountLogDropped();
    return;
  }
  LogError("grpc", {{"detail", message.substr(0, kMaxLibraryLineSize)}});
}

}  // namespace

void CaptureLibraryLogs() {
  gpr_set_log_function([](gpr_log_func_args* entry) {
    if (entry->severity == GPR_LOG_SEVERITY_ERROR) {
      LogLibraryError(entry->message);
    }
  });
  google::protobuf::SetLogHandler(nullptr);
}

}  // namespace proofmint::service
