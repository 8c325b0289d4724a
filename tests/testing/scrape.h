// A Prometheus that asks once.

#ifndef PROOFMINT_TESTS_TESTING_SCRAPE_H_
#define PROOFMINT_TESTS_TESTING_SCRAPE_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace proofmint::testing {

// No HTTP answer of a test may take longer; a machine under load still makes
// it.
inline constexpr int kHttpLimitSeconds = 20;

// HttpGet returns all that `address`, such as "127.0.0.1:9464", sends in answer
// to a GET of `path`: status line, headers and body. Empty if it cannot be
// reached or does not end within kHttpLimitSeconds.
std::string HttpGet(const std::string& address, absl::string_view path);

// Scrape returns the body of /metrics, or nothing unless the answer is a 200.
std::string Scrape(const std::string& address);

// Samples are values by name and labels, as they are written:
//   {"process_open_fds", 14}, {"proofmint_key_pool_keys{algorithm=\"ES256\"}",
//   2048}
using Samples = std::map<std::string, double>;

// ParseSamples reads a scrape. Lines that are not samples are left out.
Samples ParseSamples(absl::string_view scrape);

// KeysTaken returns the sum of proofmint_keys_taken_total, or of those samples
// of it whose labels contain `label`, such as R"(source="pool")".
double KeysTaken(const Samples& samples, absl::string_view label = "");

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_SCRAPE_H_
