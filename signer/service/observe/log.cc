#include "signer/service/observe/log.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "signer/service/observe/json_text.h"
#include "signer/service/observe/line_sink.h"

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

void CountLogDropped() { StandardError()->CountDropped(); }

}  // namespace proofmint::service
