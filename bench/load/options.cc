#include "bench/load/options.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/service/net/listen_address.h"

namespace proofmint::load {
namespace {

absl::Status Error(absl::string_view flag, absl::string_view got,
                   absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", flag, ": got \"", got, "\", want ", want));
}

}  // namespace

double Sweep::Rate(int i) const {
  return steps == 1 ? from : from + (to - from) * i / (steps - 1);
}

absl::StatusOr<std::vector<WeightedAlgorithm>> ParseAlgorithms(
    absl::string_view text) {
  constexpr char kWant[] =
      "ES256, Ed25519 or EdDSA, or a mix such as ES256:9,Ed25519:1 whose "
      "weights add up to at most 100";
  std::vector<WeightedAlgorithm> algorithms;
  int total = 0;
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    std::vector<absl::string_view> words = absl::StrSplit(part, ':');
    std::optional<dpop::Algorithm> algorithm =
        dpop::AlgorithmFromName(words[0]);
    int weight = 1;
    if (!algorithm.has_value() || words.size() > 2 ||
        (words.size() == 2 && !absl::SimpleAtoi(words[1], &weight)) ||
        weight < 1 || weight > kMaxTotalWeight ||
        std::any_of(algorithms.begin(), algorithms.end(),
                    [&](const auto& a) { return a.algorithm == algorithm; })) {
      return Error("algorithm", text, kWant);
    }
    total += weight;
    algorithms.push_back({*algorithm, weight});
  }
  if (total > kMaxTotalWeight) return Error("algorithm", text, kWant);
  return algorithms;
}

absl::StatusOr<Sweep> ParseSweep(absl::string_view text) {
  std::vector<absl::string_view> words = absl::StrSplit(text, ':');
  Sweep sweep;
  if (words.size() != 3 || !absl::SimpleAtod(words[0], &sweep.from) ||
      !absl::SimpleAtod(words[1], &sweep.to) ||
      !absl::SimpleAtoi(words[2], &sweep.steps) || !(sweep.from > 0) ||
      !(sweep.to >= sweep.from) || !std::isfinite(sweep.to) ||
      sweep.steps < 1 || sweep.steps > 1000) {
    return Error("sweep", text,
                 "FROM:TO:STEPS with rates 0 < FROM <= TO in proofs/s and 1 to "
                 "1000 steps");
  }
  return sweep;
}

absl::Status CheckTarget(const std::string& target, bool allow_remote) {
  constexpr char kWant[] = "unix:PATH or HOST:PORT";
  // Tries the syntax of the server's --listen.
  if (auto address = service::ParseListenAddress(target); address.ok()) {
    const auto* tcp = std::get_if<service::TcpAddress>(&*address);
    if (std::holds_alternative<service::UnixAddress>(*address) ||
        (tcp != nullptr && tcp->loopback)) {
      return absl::OkStatus();
    }
  }
  if (absl::StartsWith(target, "unix:")) {
    return Error("target", target, "a socket path of 1 to 107 bytes");
  }
  const size_t colon = target.rfind(':');
  int port = 0;
  if (colon == target.npos || colon == 0 ||
      !absl::SimpleAtoi(target.substr(colon + 1), &port) || port < 1 ||
      port > 65535) {
    return Error("target", target, kWant);
  }
  if (allow_remote || target.substr(0, colon) == "localhost") {
    return absl::OkStatus();
  }
  return Error("target", target,
               "a Unix socket or a loopback address; --allow_remote lifts this "
               "for servers that you may put under load");
}

}  // namespace proofmint::load
