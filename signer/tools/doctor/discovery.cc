#include "signer/tools/doctor/discovery.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "signer/exchange/json_object.h"

namespace proofmint::doctor {
namespace {

constexpr int kClockSamples = 3;
constexpr absl::Duration kClockWarning = absl::Seconds(5);
// Keycloak's limit, the smallest that is known.
constexpr absl::Duration kClockFailure = absl::Seconds(15);

constexpr absl::string_view kNoMetadata =
    "nothing was published that can be read";

std::string ConnectRemedy(absl::string_view text) {
  const std::string message = absl::AsciiStrToLower(text);
  if (absl::StrContains(message, "resolve")) {
    return "check the name of the issuer and this host's DNS";
  }
  if (absl::StrContains(message, "certificate") ||
      absl::StrContains(message, "ssl")) {
    return "check the provider's certificate: its name, its dates, and its "
           "authority, which --ca_file can name";
  }
  return "check the network to the provider, and $https_proxy if it needs one";
}

// Adds discovery.reachable. Returns the document, or nullopt.
std::optional<nlohmann::json> Read(const absl::StatusOr<HttpAnswer>& answer,
                                   const std::string& url,
                                   std::vector<HttpLine> http, Report& report) {
  if (!answer.ok()) {
    report
        .Unknown("discovery.reachable",
                 absl::StrCat(url, ": ", answer.status().message()),
                 "an answer; try: curl -v " + url,
                 ConnectRemedy(answer.status().message()))
        .http = std::move(http);
    return std::nullopt;
  }
  if (answer->status != 200) {
    report
        .Fail("discovery.reachable",
              absl::StrCat("status ", answer->status, " at ", url),
              "status 200; try: curl -v " + url,
              "check the issuer: the URL is made of it; redirects are not "
              "followed")
        .http = std::move(http);
    return std::nullopt;
  }
  std::optional<nlohmann::json> document =
      answer->body.size() <= kMaxMetadataSize ? ParseJsonObject(answer->body)
                                              : std::nullopt;
  if (!document.has_value()) {
    report
        .Fail("discovery.reachable",
              absl::StrCat("no JSON object, but ", answer->body.size(),
                           " bytes of something else, at ", url),
              "a JSON object; try: curl -v " + url,
              "check the issuer: is it the provider's, or a web site's?")
        .http = std::move(http);
    return std::nullopt;
  }
  report.Ok("discovery.reachable", url).http = std::move(http);
  return document;
}

// Adds clock.host, from the header Date of `first` and of two more answers.
std::optional<absl::Duration> CheckClock(const HttpAnswer& first,
                                         const std::string& url,
                                         HttpClient& http, Report& report) {
  std::vector<absl::Duration> samples;
  std::vector<HttpLine> lines;
  const std::optional<absl::Duration> one = ClockSkewOf(first);
  if (one.has_value()) samples.push_back(*one);
  while (!samples.empty() && samples.size() < kClockSamples) {
    absl::StatusOr<HttpAnswer> answer = http.Send({.url = url});
    std::optional<absl::Duration> skew;
    if (answer.ok()) skew = ClockSkewOf(*answer);
    if (!skew.has_value()) break;
    samples.push_back(*skew);
  }
  lines = http.TakeLines();
  if (samples.empty()) {
    report.Skip("clock.host", "the provider's answers have no Date");
    return std::nullopt;
  }
  std::nth_element(samples.begin(), samples.begin() + samples.size() / 2,
                   samples.end());
  const absl::Duration skew = samples[samples.size() / 2];
  const int64_t seconds = absl::ToInt64Seconds(skew);
  const std::string found =
      absl::StrCat("the provider's clock is ", std::abs(seconds), " s ",
                   seconds < 0 ? "behind" : "ahead of", " this host's");
  const std::string remedy = absl::StrCat(
      "run NTP on this host and on the signer's: timedatectl; if the "
      "provider's clock is the wrong one, set iat_offset to ",
      seconds, " s");
  Check& check = absl::AbsDuration(skew) > kClockFailure
                     ? report.Fail("clock.host", found,
                                   "at most 15 s; proofs are refused as too "
                                   "old or not yet valid",
                                   remedy)
                 : absl::AbsDuration(skew) > kClockWarning
                     ? report.Warn("clock.host", found, "at most 5 s", remedy)
                     : report.Ok("clock.host", found);
  check.http = std::move(lines);
  return skew;
}

}  // namespace

std::vector<std::string> DiscoveryUrls(const std::string& issuer) {
  const absl::string_view base = absl::StripSuffix(issuer, "/");
  const size_t host = base.find("://") + 3;
  const size_t path = std::min(base.find('/', host), base.size());
  return {absl::StrCat(base, "/.well-known/openid-configuration"),
          absl::StrCat(base.substr(0, path),
                       "/.well-known/oauth-authorization-server",
                       base.substr(path))};
}

absl::StatusOr<HttpAnswer> FetchMetadata(const std::string& issuer,
                                         HttpClient& http) {
  absl::StatusOr<HttpAnswer> answer = absl::UnavailableError("no URL");
  for (const std::string& url : DiscoveryUrls(issuer)) {
    answer =
        http.Send({.url = url, .headers = {{"Accept", "application/json"}}});
    // Where the first cannot be reached, the second cannot either.
    if (!answer.ok() || answer->status == 200) break;
  }
  return answer;
}

Discovery CheckDiscovery(const ConnectionOptions& options, HttpClient& http,
                         Report& report) {
  http.TakeLines();
  const absl::StatusOr<HttpAnswer> answer = FetchMetadata(options.issuer, http);
  std::vector<HttpLine> lines = http.TakeLines();
  const std::string url =
      lines.empty() ? DiscoveryUrls(options.issuer).front() : lines.back().url;
  const std::optional<nlohmann::json> document =
      Read(answer, url, std::move(lines), report);
  if (!document.has_value()) {
    for (absl::string_view id :
         {"clock.host", "discovery.issuer", "discovery.endpoints",
          "discovery.algorithms", "discovery.flow", "discovery.pkce"}) {
      report.Skip(id, std::string(kNoMetadata));
    }
    return {};
  }
  const std::optional<absl::Duration> skew =
      CheckClock(*answer, url, http, report);
  Discovery discovery = CheckMetadata(options, *document, report);
  discovery.clock_skew = skew;
  return discovery;
}

}  // namespace proofmint::doctor
