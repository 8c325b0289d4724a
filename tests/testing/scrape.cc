#include "tests/testing/scrape.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "tests/testing/raw_socket.h"

namespace proofmint::testing {

std::string HttpGet(const std::string& address, absl::string_view path) {
  UniqueFd socket = ConnectTcp(address);
  if (!socket.valid()) return "";
  Send(socket, absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: x\r\n\r\n"));
  std::string answer;
  bool ended =
      ReadUntilClosed(socket, absl::Seconds(kHttpLimitSeconds), answer);
  return ended ? answer : "";
}

std::string Scrape(const std::string& address) {
  std::string answer = HttpGet(address, "/metrics");
  const size_t end_of_headers = answer.find("\r\n\r\n");
  if (!absl::StartsWith(answer, "HTTP/1.1 200 ") ||
      end_of_headers == std::string::npos) {
    return "";
  }
  return answer.substr(end_of_headers + 4);
}

Samples ParseSamples(absl::string_view scrape) {
  Samples samples;
  for (absl::string_view line : absl::StrSplit(scrape, '\n')) {
    const size_t space = line.rfind(' ');
    double value;
    if (absl::StartsWith(line, "#") || space == absl::string_view::npos ||
        !absl::SimpleAtod(line.substr(space + 1), &value)) {
      continue;
    }
    samples[std::string(line.substr(0, space))] = value;
  }
  return samples;
}

double KeysTaken(const Samples& samples, absl::string_view label) {
  double sum = 0;
  for (const auto& [name, value] : samples) {
    if (absl::StartsWith(name, "proofmint_keys_taken_total{") &&
        absl::StrContains(name, label)) {
      sum += value;
    }
  }
  return sum;
}

}  // namespace proofmint::testing
