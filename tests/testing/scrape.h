// Reads metrics over HTTP as Prometheus does.

#ifndef PROOFMINT_TESTS_TESTING_SCRAPE_H_
#define PROOFMINT_TESTS_TESTING_SCRAPE_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace proofmint::testing {

// The limit for an HTTP response in a test, ample even on a machine under load.
inline constexpr int kHttpLimitSeconds = 20;

// HttpGet returns the whole response of `address`, such as "127.0.0.1:9464", to
// a GET of `path`: status line, headers and body. Returns an empty string if
// the server cannot be reached or the response takes longer than
// kHttpLimitSeconds.
std::string HttpGet(const std::string& address, absl::string_view path);

// Scrape returns the body of /metrics, or an empty string unless the status is
// 200.
std::string Scrape(const std::string& address);

// Samples maps names with labels, as they are written, to values:
//   {"process_open_fds", 14}, {"proofmint_key_pool_keys{algorithm=\"ES256\"}",
//   2048}
using Samples = std::map<std::string, double>;

// ParseSamples reads the body of a scrape. Skips lines that are not samples.
Samples ParseSamples(absl::string_view scrape);

// KeysTaken returns the sum of proofmint_keys_taken_total, or of its samples
// whose labels contain `label`, such as R"(source="pool")".
double KeysTaken(const Samples& samples, absl::string_view label = "");

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_SCRAPE_H_
