// The results as a table for people and as JSON for programs.

#ifndef PROOFMINT_BENCH_REPORT_H_
#define PROOFMINT_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "bench/row.h"

namespace proofmint::bench {

// Where and with what the results were measured.
struct Environment {
  std::string cpu;
  std::string kernel;
  std::string compiler;
};

// DescribeEnvironment names this machine's CPU, the kernel and the compiler.
Environment DescribeEnvironment(crypto::Kernel kernel);

// AsJson returns
// {"cpu":…,"kernel":…,"compiler":…,"rows":[{"name":…,"ours_us":…,
// "boringssl_us":…,"openssl_us":…,"ratio_boringssl":…,"ratio_openssl":…}]};
// rows with latencies also have p50_ns, p99_ns and p999_ns.
std::string AsJson(const Environment& environment,
                   const std::vector<Summary>& rows);

// AsTable returns lines of aligned text.
std::string AsTable(const std::vector<Summary>& rows);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_REPORT_H_
