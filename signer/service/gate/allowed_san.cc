#include "signer/service/gate/allowed_san.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace proofmint::service {
namespace {

constexpr absl::string_view kSpiffe = "spiffe://";
constexpr size_t kMaxDnsNameSize = 253;  // characters
constexpr size_t kMaxDnsLabelSize = 63;  // characters

bool IsUri(absl::string_view name) { return absl::StrContains(name, "://"); }

bool IsSpiffeSegment(absl::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         std::all_of(segment.begin(), segment.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
         });
}

// Returns whether `path` consists of segments separated by single slashes.
bool IsSpiffePath(absl::string_view path) {
  const std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  return std::all_of(segments.begin(), segments.end(), IsSpiffeSegment);
}

bool IsTrustDomain(absl::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                  c == '-' || c == '.' || c == '_';
         });
}

// Returns whether `rest`, which follows "spiffe://", makes a valid entry.
bool IsAllowedSpiffe(absl::string_view rest) {
  const size_t slash = rest.find('/');
  if (!IsTrustDomain(rest.substr(0, slash))) return false;
  if (slash == absl::string_view::npos) return true;
  absl::string_view path = rest.substr(slash + 1);
  if (path == "*") return true;
  absl::ConsumeSuffix(&path, "/*");
  return IsSpiffePath(path);
}

bool IsAllowedUri(absl::string_view uri) {
  absl::string_view rest = uri;
  if (absl::ConsumePrefix(&rest, kSpiffe)) return IsAllowedSpiffe(rest);
  return std::all_of(uri.begin(), uri.end(), [](unsigned char c) {
    return absl::ascii_isgraph(c) && c != '*' && c != '"' && c != '\\';
  });
}

bool IsDnsLabel(absl::string_view label) {
  return !label.empty() && label.size() <= kMaxDnsLabelSize &&
         std::all_of(label.begin(), label.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_';
         });
}

// Returns whether `name` is a DNS name. An IPv4 address is not: in a
// certificate it is another kind of name.
bool IsDnsName(absl::string_view name) {
  const std::vector<absl::string_view> labels = absl::StrSplit(name, '.');
  return name.size() <= kMaxDnsNameSize &&
         std::all_of(labels.begin(), labels.end(), IsDnsLabel) &&
         !std::all_of(labels.back().begin(), labels.back().end(),
                      absl::ascii_isdigit);
}

}  // namespace

absl::Status ValidateAllowedSan(absl::string_view entry) {
  if (entry.size() <= kMaxSanSize &&
      (IsUri(entry) ? IsAllowedUri(entry) : IsDnsName(entry))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "allowed_sans: got \"", entry.substr(0, kMaxDnsNameSize),
      "\", want a DNS name, a URI such as spiffe://trust.domain/broker or a "
      "prefix such as spiffe://trust.domain/brokers/*"));
}

bool SanMatches(absl::string_view entry, SanKind kind, absl::string_view san) {
  if (san.size() > kMaxSanSize) return false;
  if (!IsUri(entry)) {
    return kind == SanKind::kDns && absl::EqualsIgnoreCase(entry, san);
  }
  if (kind != SanKind::kUri) return false;
  absl::string_view prefix = entry;
  if (!absl::ConsumeSuffix(&prefix, "*")) return san == entry;
  return absl::ConsumePrefix(&san, prefix) && IsSpiffePath(san);
}

}  // namespace proofmint::service
