// Collects the metrics of the process from its clocks and /proc/self.

#include <dirent.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/file.h"
#include "signer/service/metrics/metric_family.h"
#include "signer/service/metrics/metrics.h"

namespace proofmint::service {
namespace {

constexpr size_t kMaxStatSize = 4096;  // bytes

// Returns the fields of a file of /proc that is one line; none if it cannot be
// read.
std::vector<std::string> ReadFields(const char* path) {
  absl::StatusOr<std::string> read = base::ReadFile(path, kMaxStatSize);
  if (!read.ok()) return {};
  std::string text = *std::move(read);
  // In /proc/self/stat the program's name is the second field, in parentheses,
  // and may itself contain spaces.
  size_t name = text.find('(');
  size_t name_end = text.rfind(')');
  if (name != std::string::npos && name_end != std::string::npos) {
    text.replace(name, name_end + 1 - name, "name");
  }
  return absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
}

std::optional<double> ReadNumber(const char* path, size_t index) {
  std::vector<std::string> fields = ReadFields(path);
  double number;
  if (index >= fields.size() || !absl::SimpleAtod(fields[index], &number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> ResidentBytes() {
  std::optional<double> pages = ReadNumber("/proc/self/statm", 1);
  if (!pages.has_value()) return std::nullopt;
  return *pages * double(sysconf(_SC_PAGESIZE));
}

std::optional<double> OpenFds() {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return std::nullopt;
  int entries = 0;
  while (readdir(directory) != nullptr) ++entries;
  closedir(directory);
  return entries - 3;  // ".", ".." and the descriptor that reads them
}

// /proc/self/stat has the start in ticks since the system booted. The time of
// the boot is computed here, because /proc/stat, which holds it, is hidden from
// a service with ProcSubset=pid.
std::optional<double> StartSeconds() {
  constexpr size_t kStartTime = 21;
  std::optional<double> ticks = ReadNumber("/proc/self/stat", kStartTime);
  timespec up;
  if (!ticks.has_value() || clock_gettime(CLOCK_BOOTTIME, &up) != 0) {
    return std::nullopt;
  }
  absl::Time system_start = absl::Now() - absl::DurationFromTimespec(up);
  return absl::ToDoubleSeconds(system_start - absl::UnixEpoch()) +
         *ticks / double(sysconf(_SC_CLK_TCK));
}

class ProcessMetrics : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families = {CounterFamily(
        kProcessCpuSeconds, "User and system CPU time spent, in seconds.")};
    AddSample(families[0], absl::ToDoubleSeconds(base::ProcessCpuTime()));
    auto add_gauge = [&](const char* name, const char* help,
                         std::optional<double> value) {
      if (!value.has_value()) return;
      AddSample(families.emplace_back(GaugeFamily(name, help)), *value);
    };
    add_gauge(kProcessResidentMemory, "Resident memory, in bytes.",
              ResidentBytes());
    add_gauge(kProcessOpenFds, "Open file descriptors.", OpenFds());
    add_gauge(kProcessStartTime,
              "When the process started, in seconds since 1970.",
              start_seconds_);
    return families;
  }

 private:
  // Read once: it must not move when the clock is set.
  const std::optional<double> start_seconds_ = StartSeconds();
};

}  // namespace

std::unique_ptr<prometheus::Collectable> NewProcessMetrics() {
  return std::make_unique<ProcessMetrics>();
}

}  // namespace proofmint::service
