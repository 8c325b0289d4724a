#include "signer/service/log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"

namespace proofmint::service {
namespace {

spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto* made = new spdlog::logger("proofmint", std::move(sink));
    made->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                      spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

std::string JsonString(absl::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/false,
            nlohmann::json::error_handler_t::replace);
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

void CaptureLibraryLogs() {
  gpr_set_log_function([](gpr_log_func_args* entry) {
    if (entry->severity == GPR_LOG_SEVERITY_ERROR) {
      LogError("grpc", {{"detail", entry->message}});
    }
  });
  google::protobuf::SetLogHandler(nullptr);
}

}  // namespace proofmint::service
