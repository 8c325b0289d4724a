#include "signer/service/log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "signer/service/clock.h"
#include "signer/service/json_text.h"
#include "signer/service/line_sink.h"
#include "signer/service/tls_credentials.h"

namespace proofmint::service {
namespace {

const std::shared_ptr<LineSink>& StandardError() {
  static const auto* const sink =
      new std::shared_ptr<LineSink>(std::make_shared<LineSink>(
          STDERR_FILENO, /*patience=*/absl::ZeroDuration()));
  return *sink;
}

spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("proofmint", StandardError());
    made->set_pattern(std::string(kLogPattern), spdlog::pattern_time_type::utc);
    return made;
  }();
  return *logger;
}

void Log(spdlog::level::level_enum level, absl::string_view message,
         std::initializer_list<LogField> fields) {
  std::string line = absl::StrCat(R"("message":)", JsonString(message));
  for (const auto& [name, text] : fields) {
    absl::StrAppend(&line, ",\"", name, "\":", JsonString(text));
  }
  Logger().log(level, "{}", line);
}

// Of what libraries say, in a second, and of each line. Those who can connect
// can make them say something; they may not fill the log.
constexpr int kMaxLibraryLines = 10;
constexpr size_t kMaxLibraryLineSize = 256;

// Whether one more line of a library may be logged now.
bool AdmitLibraryLine() {
  static std::atomic<int64_t> second = 0;
  static std::atomic<int> lines = 0;
  const int64_t now = absl::ToInt64Seconds(MonotonicNow());
  if (second.exchange(now) != now) lines = 0;
  return lines.fetch_add(1) < kMaxLibraryLines;
}

void LogLibraryError(absl::string_view message) {
  if (CountTlsHandshakeFailure(message)) return;
  // It goes on with what the client sent.
  if (absl::StartsWith(message, "Error parsing metadata") ||
      !AdmitLibraryLine()) {
    StandardError()->CountDropped();
    return;
  }
  LogError("grpc", {{"detail", message.substr(0, kMaxLibraryLineSize)}});
}

}  // namespace

void LogInfo(absl::string_view message,
             std::initializer_list<LogField> fields) {
  Log(spdlog::level::info, message, fields);
}

void LogError(absl::string_view message,
              std::initializer_list<LogField> fields) {
  Log(spdlog::level::err, message, fields);
}

uint64_t LogDropped() { return StandardError()->dropped(); }

void CaptureLibraryLogs() {
  gpr_set_log_function([](gpr_log_func_args* entry) {
    if (entry->severity == GPR_LOG_SEVERITY_ERROR) {
      LogLibraryError(entry->message);
    }
  });
  google::protobuf::SetLogHandler(nullptr);
}

}  // namespace proofmint::service
