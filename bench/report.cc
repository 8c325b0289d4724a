#include "bench/report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "bench/machine.h"

namespace proofmint::bench {
namespace {

using Json = nlohmann::ordered_json;  // members as they are written here

double Rounded(double value) { return std::round(value * 1000) / 1000; }

}  // namespace

Environment DescribeEnvironment(crypto::Kernel kernel) {
  Machine machine = DescribeMachine();
  return {machine.cpu, std::string(crypto::KernelName(kernel)),
          machine.compiler};
}

std::string AsJson(const Environment& environment,
                   const std::vector<Summary>& rows) {
  Json json_rows = Json::array();
  for (const Summary& row : rows) {
    Json json = {{"name", row.name},
                 {"ours_us", Rounded(row.ours_us)},
                 {"boringssl_us", Rounded(row.boringssl_us)},
                 {"openssl_us", Rounded(row.openssl_us)},
                 {"ratio_boringssl", Rounded(row.ratio_boringssl)},
                 {"ratio_openssl", Rounded(row.ratio_openssl)}};
    if (row.latency.has_value()) {
      json["p50_ns"] = Rounded(row.latency->p50);
      json["p99_ns"] = Rounded(row.latency->p99);
      json["p999_ns"] = Rounded(row.latency->p999);
    }
    json_rows.push_back(std::move(json));
  }
  return Json{{"cpu", environment.cpu},
              {"kernel", environment.kernel},
              {"compiler", environment.compiler},
              {"rows", std::move(json_rows)}}
             .dump(2) +
         "\n";
}

std::string AsTable(const std::vector<Summary>& rows) {
  std::string table = absl::StrFormat("%-22s %10s %10s %10s   %12s %12s\n",
                                      "us each", "Proofmint", "BoringSSL",
                                      "OpenSSL", "vs BoringSSL", "vs OpenSSL");
  for (const Summary& row : rows) {
    absl::StrAppendFormat(
        &table, "%-22s %10.2f %10.2f %10.2f   %11.2fx %11.2fx", row.name,
        row.ours_us, row.boringssl_us, row.openssl_us, row.ratio_boringssl,
        row.ratio_openssl);
    if (row.latency.has_value()) {
      absl::StrAppendFormat(&table, "   p50 %.0f, p99 %.0f, p99.9 %.0f ns",
                            row.latency->p50, row.latency->p99,
                            row.latency->p999);
    }
    table += '\n';
  }
  return table;
}

}  // namespace proofmint::bench
