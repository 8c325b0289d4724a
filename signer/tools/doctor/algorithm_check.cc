#include "signer/tools/doctor/algorithm_check.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/algorithm.h"
#include "signer/exchange/printable_text.h"

namespace proofmint::doctor {
namespace {

// Says what to do about a list without any of the algorithms that were asked
// for.
std::string Remedy(const std::vector<std::string>& published) {
  std::vector<absl::string_view> usable;
  std::vector<absl::string_view> later;
  for (const std::string& name : published) {
    if (dpop::AlgorithmFromName(name).has_value()) usable.push_back(name);
    if (name == "ES384" || name == "ES512") later.push_back(name);
  }
  if (!usable.empty()) {
    return absl::StrCat("set dpop_signing_alg of the connection to one of ",
                        absl::StrJoin(usable, " "),
                        ", and run this with --algorithm=", usable.front());
  }
  return absl::StrCat(
      "disable DPoP for this connection, or ask the provider for ES256 or "
      "Ed25519",
      later.empty() ? ""
                    : absl::StrCat("; ", absl::StrJoin(later, " and "),
                                   " cannot be signed by this version"));
}

}  // namespace

std::string ListedNames(const std::vector<std::string>& names) {
  return names.empty() ? "nothing" : PrintableText(absl::StrJoin(names, ", "));
}

std::optional<AlgorithmChoice> CheckPublishedAlgorithms(
    const ConnectionOptions& options, const std::vector<std::string>& problems,
    const ServerMetadata& metadata, Report& report) {
  if (!problems.empty()) {
    report.Fail("discovery.algorithms", problems.front(),
                "an array of strings (RFC 9449 section 5.1)",
                "ask the provider to correct its metadata");
    return std::nullopt;
  }
  const auto& published = metadata.dpop_signing_alg_values_supported;
  const absl::StatusOr<AlgorithmChoice> choice =
      ChooseAlgorithm(options.algorithms, metadata);
  if (!choice.ok()) {
    report.Fail("discovery.algorithms", std::string(choice.status().message()),
                "an algorithm that both sides have",
                Remedy(published.value_or(std::vector<std::string>{})));
    return std::nullopt;
  }
  const std::string sent(dpop::AlgorithmName(choice->algorithm));
  if (!choice->advertised) {
    report.Warn("discovery.algorithms",
                absl::StrCat("dpop_signing_alg_values_supported is not "
                             "published; ",
                             sent, " is tried"),
                absl::StrCat("a list with ", sent),
                "the provider may not support DPoP (RFC 9449): ask it; its "
                "tokens may be bearer tokens");
    return *choice;
  }
  std::string found =
      absl::StrCat(PrintableText(absl::StrJoin(*published, " ")), "; ", sent,
                   " it is: set dpop_signing_alg");
  if (std::find(options.algorithms.begin(), options.algorithms.end(),
                choice->algorithm) == options.algorithms.end()) {
    absl::StrAppend(&found,
                    ", the other label of the key that --algorithm names");
  }
  report.Ok("discovery.algorithms", std::move(found));
  return *choice;
}

}  // namespace proofmint::doctor
