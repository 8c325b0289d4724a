// Writes the log to standard error, one JSON object a line.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_LOG_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <utility>

#include "absl/strings/string_view.h"

namespace proofmint::service {

// LogField is a field of a log line: its name, which must be a plain
// identifier, and its text, which may be any bytes but must not be a secret.
using LogField = std::pair<absl::string_view, absl::string_view>;

// The spdlog pattern of a line whose text holds the fields after "level".
inline constexpr char kLogPattern[] =
    R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

// LogInfo and LogError write
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","message":…, FIELDS}
// on the calling thread. Bytes that are not UTF-8 become replacement
// characters. Thread-safe.
void LogInfo(absl::string_view message,
             std::initializer_list<LogField> fields = {});
void LogError(absl::string_view message,
              std::initializer_list<LogField> fields = {});

// LogDropped returns how many lines could not be written, plus the count of
// CountLogDropped. Thread-safe.
uint64_t LogDropped();

// CountLogDropped counts a line that was left out on purpose. Thread-safe.
void CountLogDropped();

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_LOG_H_
