#include "signer/exchange/algorithm_choice.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "signer/exchange/printable_text.h"

namespace proofmint {
namespace {

using dpop::Algorithm;

// Returns the label that stands for the same key and signature.
std::optional<Algorithm> OtherLabel(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256:
      return std::nullopt;
    case Algorithm::kEd25519:
      return Algorithm::kEdDsa;
    case Algorithm::kEdDsa:
      return Algorithm::kEd25519;
  }
  __builtin_unreachable();
}

std::string NamesOf(std::span<const Algorithm> algorithms) {
  return absl::StrJoin(algorithms, " ", [](std::string* out, Algorithm a) {
    absl::StrAppend(out, dpop::AlgorithmName(a));
  });
}

}  // namespace

absl::StatusOr<AlgorithmChoice> ChooseAlgorithm(
    std::span<const Algorithm> wanted, const ServerMetadata& metadata,
    IfNotAdvertised if_not_advertised, LabelMatch label_match) {
  if (wanted.empty()) {
    return absl::InvalidArgumentError("wanted: no algorithm given");
  }
  if (!metadata.dpop_signing_alg_values_supported.has_value()) {
    if (if_not_advertised == IfNotAdvertised::kTryFirst) {
      return AlgorithmChoice{wanted.front(), /*advertised=*/false};
    }
    return absl::FailedPreconditionError(
        absl::StrCat("idp publishes no dpop_signing_alg_values_supported and "
                     "may not support "
                     "DPoP, want one of ",
                     NamesOf(wanted)));
  }

  const std::vector<std::string>& published =
      *metadata.dpop_signing_alg_values_supported;
  const auto is_published = [&](Algorithm algorithm) {
    return std::count(published.begin(), published.end(),
                      dpop::AlgorithmName(algorithm)) > 0;
  };
  for (Algorithm algorithm : wanted) {
    if (is_published(algorithm)) return AlgorithmChoice{algorithm, true};
    const std::optional<Algorithm> other = OtherLabel(algorithm);
    if (label_match == LabelMatch::kSameKey && other && is_published(*other)) {
      return AlgorithmChoice{*other, true};
    }
  }

  std::string error = absl::StrCat(
      "idp takes ",
      published.empty() ? "none" : PrintableText(absl::StrJoin(published, " ")),
      ", want one of ", NamesOf(wanted));
  std::vector<Algorithm> possible;
  std::copy_if(dpop::kAlgorithms.begin(), dpop::kAlgorithms.end(),
               std::back_inserter(possible), is_published);
  if (!possible.empty()) {
    absl::StrAppend(&error, "; the signer can also sign ", NamesOf(possible));
  }
  return absl::FailedPreconditionError(error);
}

}  // namespace proofmint
