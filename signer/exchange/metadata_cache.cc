#include "signer/exchange/metadata_cache.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "signer/exchange/printable_text.h"

namespace proofmint {
namespace {

// Takes the first directive off `rest`. A comma in a quoted string does not end
// a directive.
absl::string_view TakeDirective(absl::string_view& rest) {
  size_t end = 0;
  bool quoted = false;
  for (; end < rest.size() && (quoted || rest[end] != ','); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (rest[end] == '\\' && quoted && end + 1 < rest.size()) ++end;
  }
  const absl::string_view directive = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return absl::StripAsciiWhitespace(directive);
}

// Returns the seconds of a max-age, up to kMaxFreshness, or nullopt.
std::optional<absl::Duration> ParseSeconds(absl::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty()) return std::nullopt;
  absl::Duration seconds;
  for (char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
    seconds = std::min(seconds * 10 + absl::Seconds(c - '0'), kMaxFreshness);
  }
  return seconds;
}

std::string AlgorithmsOf(const ServerMetadata& metadata) {
  const auto& list = metadata.dpop_signing_alg_values_supported;
  return list.has_value() ? PrintableText(absl::StrJoin(*list, " "))
                          : "not published";
}

}  // namespace

absl::Duration FreshFor(absl::string_view cache_control) {
  std::optional<absl::Duration> fresh;
  while (!cache_control.empty()) {
    const absl::string_view directive = TakeDirective(cache_control);
    if (absl::EqualsIgnoreCase(directive, "no-store") ||
        absl::EqualsIgnoreCase(directive, "no-cache")) {
      return kMinFreshness;
    }
    if (absl::StartsWithIgnoreCase(directive, "max-age=") && !fresh) {
      fresh = ParseSeconds(directive.substr(8));
    }
  }
  return std::clamp(fresh.value_or(kDefaultFreshness), kMinFreshness,
                    kMaxFreshness);
}

bool MetadataCache::ShouldFetch(absl::Time now) const {
  if (!metadata_.has_value()) return true;
  return (in_doubt_ || now >= fresh_until_) &&
         now >= last_attempt_ + kMinFreshness;
}

std::string MetadataCache::Store(ServerMetadata metadata,
                                 absl::string_view cache_control,
                                 absl::Time now) {
  std::string change;
  if (metadata_.has_value() && metadata_->dpop_signing_alg_values_supported !=
                                   metadata.dpop_signing_alg_values_supported) {
    change =
        absl::StrCat("dpop_signing_alg_values_supported: was ",
                     AlgorithmsOf(*metadata_), ", is ", AlgorithmsOf(metadata));
  }
  metadata_ = std::move(metadata);
  fresh_until_ = now + FreshFor(cache_control);
  last_attempt_ = now;
  in_doubt_ = false;
  return change;
}

void MetadataCache::OnFetchFailed(absl::Time now) {
  last_attempt_ = now;
  in_doubt_ = false;
}

}  // namespace proofmint
