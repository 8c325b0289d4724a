#include "bench/load/server_metrics.h"

#include <curl/curl.h>

#include <algorithm>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "signer/base/status_macros.h"

namespace proofmint::load {
namespace {

// Ample for a server under load: without its answer a run has no server CPU.
constexpr long kTimeoutMilliseconds = 5000;

size_t Append(char* bytes, size_t size, size_t count, void* text) {
  static_cast<std::string*>(text)->append(bytes, size * count);
  return size * count;
}

// Returns the value of the metric `name`, which has one sample, with or without
// labels.
absl::StatusOr<double> FindValue(absl::string_view text,
                                 absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, name)) continue;
    if (absl::StartsWith(line, "{")) {
      line.remove_prefix(std::min(line.find('}') + 1, line.size()));
    }
    if (!absl::ConsumePrefix(&line, " ")) continue;  // a longer name
    std::vector<absl::string_view> words =
        absl::StrSplit(line, ' ', absl::SkipWhitespace());
    double value;
    if (words.empty() || !absl::SimpleAtod(words[0], &value)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": got \"", line, "\", want a number"));
    }
    return value;
  }
  return absl::NotFoundError(absl::StrCat(name, ": got none, want one"));
}

}  // namespace

absl::StatusOr<ServerSample> ParseMetrics(absl::string_view text) {
  ServerSample sample;
  PROOFMINT_ASSIGN_OR_RETURN(sample.cpu_seconds,
                             FindValue(text, "process_cpu_seconds_total"));
  PROOFMINT_ASSIGN_OR_RETURN(sample.resident_bytes,
                             FindValue(text, "process_resident_memory_bytes"));
  return sample;
}

MetricsReader::MetricsReader(const std::string& url)
    : url_(url), curl_(curl_easy_init()) {
  ABSL_RAW_CHECK(curl_ != nullptr, "curl_easy_init");
  curl_easy_setopt(curl_, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl_, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl_, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl_, CURLOPT_TIMEOUT_MS, kTimeoutMilliseconds);
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, Append);
}

MetricsReader::~MetricsReader() { curl_easy_cleanup(curl_); }

absl::StatusOr<ServerSample> MetricsReader::Read() {
  std::string text;
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &text);
  CURLcode code = curl_easy_perform(curl_);
  if (code != CURLE_OK) {
    return absl::UnavailableError(absl::StrCat(
        "--metrics: got \"", url_,
        "\", want a server's metrics: ", curl_easy_strerror(code)));
  }
  return ParseMetrics(text);
}

}  // namespace proofmint::load
