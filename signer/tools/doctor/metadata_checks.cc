#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "signer/exchange/json_object.h"
#include "signer/exchange/printable_text.h"
#include "signer/tools/doctor/algorithm_check.h"
#include "signer/tools/doctor/discovery.h"

namespace proofmint::doctor {
namespace {

using Json = nlohmann::json;

constexpr std::array kEndpoints = {"token_endpoint",
                                   "userinfo_endpoint",
                                   "pushed_authorization_request_endpoint",
                                   "introspection_endpoint",
                                   "revocation_endpoint",
                                   "authorization_endpoint",
                                   "jwks_uri"};
constexpr std::array kLists = {"response_types_supported",
                               "grant_types_supported",
                               "code_challenge_methods_supported"};
constexpr char kAlgorithms[] = "dpop_signing_alg_values_supported";
constexpr char kAliases[] = "mtls_endpoint_aliases";

// Returns a document that has nothing wrong, for tests of one member of
// another.
Json SoundDocument(const ConnectionOptions& options) {
  return {{"issuer", options.issuer},
          {"token_endpoint", "https://token.invalid/"}};
}

// Returns "" if `member` of `document` is acceptable, or the parser's error.
std::string ProblemOf(const ConnectionOptions& options, const Json& document,
                      const char* member) {
  Json sound = SoundDocument(options);
  if (!document.contains(member)) {
    sound.erase(member);
  } else {
    sound[member] = document[member];
  }
  absl::StatusOr<ServerMetadata> read = ParseServerMetadata(
      sound.dump(-1, ' ', false, Json::error_handler_t::replace),
      options.issuer, options.transport);
  return read.ok() ? "" : std::string(read.status().message());
}

// Removes from `document` what ProblemOf does not accept, and returns the
// errors.
std::vector<std::string> RemoveBad(const ConnectionOptions& options,
                                   absl::Span<const char* const> members,
                                   Json& document) {
  std::vector<std::string> problems;
  for (const char* member : members) {
    if (!document.contains(member)) continue;
    std::string problem = ProblemOf(options, document, member);
    if (problem.empty()) continue;
    problems.push_back(std::move(problem));
    document.erase(member);
  }
  return problems;
}

bool Has(const std::vector<std::string>& list, absl::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool CheckIssuer(const ConnectionOptions& options, const Json& document,
                 Report& report) {
  const std::string problem = ProblemOf(options, document, "issuer");
  if (problem.empty()) {
    report.Ok("discovery.issuer", options.issuer);
    return true;
  }
  report.Fail("discovery.issuer", problem,
              "the configured issuer, byte for byte (RFC 8414 section 3.3)",
              "configure the connection with the issuer that the provider "
              "publishes, if it is the provider's");
  return false;
}

void CheckEndpoints(const ConnectionOptions& options, Json& document,
                    Report& report) {
  const bool has_token_endpoint = document.contains("token_endpoint");
  std::vector<std::string> problems = RemoveBad(options, kEndpoints, document);
  for (std::string& problem : RemoveBad(
           options, std::array{static_cast<const char*>(kAliases)}, document)) {
    problems.push_back(std::move(problem));
  }
  if (!has_token_endpoint) problems.push_back("token_endpoint: not published");
  if (!problems.empty()) {
    report.Fail("discovery.endpoints", absl::StrJoin(problems, "; "),
                "https URLs without userinfo and fragment",
                "ask the provider to correct its metadata; a proxy in front of "
                "it may hide that it is called by https");
    return;
  }
  std::vector<std::string> present;
  for (const char* member : kEndpoints) {
    if (document.contains(member)) {
      present.emplace_back(absl::StripSuffix(member, "_endpoint"));
    }
  }
  std::string found =
      absl::StrCat("token at ", StringMember(document, "token_endpoint"), "; ",
                   absl::StrJoin(present, " "));
  if (document.contains(kAliases)) {
    absl::StrAppend(&found,
                    "; with mTLS aliases: a client that authenticates with a "
                    "certificate calls those, and names them in htu");
  }
  report.Ok("discovery.endpoints", std::move(found));
}

// `problems` are those of lists that could not be read.
void CheckFlow(const ServerMetadata& metadata,
               const std::vector<std::string>& problems, Report& report) {
  if (!problems.empty()) {
    report.Fail("discovery.flow", absl::StrJoin(problems, "; "),
                "arrays of strings (RFC 8414 section 2)",
                "ask the provider to correct its metadata");
    return;
  }
  const auto& types = metadata.response_types_supported;
  const auto& grants = metadata.grant_types_supported;
  const std::string found =
      absl::StrCat("response types ", ListedNames(types), "; grant types ",
                   grants.empty() ? "not published" : ListedNames(grants));
  if ((!types.empty() && !Has(types, "code")) ||
      (!grants.empty() && !Has(grants, "authorization_code"))) {
    report.Fail(
        "discovery.flow", found, "code, and authorization_code",
        "DPoP needs the back channel: Authorization Code Flow; with an "
        "implicit or hybrid flow there is no proof at all. Enable it at the "
        "provider, and type back_channel for the connection");
  } else {
    report.Ok("discovery.flow", found);
  }
}

void CheckPkce(const ServerMetadata& metadata, Report& report) {
  const auto& methods = metadata.code_challenge_methods_supported;
  if (Has(methods, "S256")) {
    report.Ok("discovery.pkce", ListedNames(methods));
  } else {
    report.Warn(
        "discovery.pkce",
        methods.empty() ? "code_challenge_methods_supported is not published"
                        : ListedNames(methods),
        "S256",
        "a login should use PKCE with S256 (RFC 7636): ask the provider "
        "whether it does");
  }
}

}  // namespace

Discovery CheckMetadata(const ConnectionOptions& options, const Json& published,
                        Report& report) {
  Discovery discovery;
  Json document = published;
  const bool is_issuer = CheckIssuer(options, document, report);
  document["issuer"] = options.issuer;
  CheckEndpoints(options, document, report);
  const std::vector<std::string> bad_algorithms = RemoveBad(
      options, std::array{static_cast<const char*>(kAlgorithms)}, document);
  const std::vector<std::string> bad_lists =
      RemoveBad(options, kLists, document);

  // Without a token endpoint the rest can still be checked.
  Json readable = document;
  if (!readable.contains("token_endpoint")) {
    readable["token_endpoint"] = "https://token.invalid/";
  }
  absl::StatusOr<ServerMetadata> metadata = ParseServerMetadata(
      readable.dump(-1, ' ', false, Json::error_handler_t::replace),
      options.issuer, options.transport);
  if (!metadata.ok()) {
    for (absl::string_view id :
         {"discovery.algorithms", "discovery.flow", "discovery.pkce"}) {
      report.Skip(id, std::string(metadata.status().message()));
    }
    return discovery;
  }
  discovery.choice =
      CheckPublishedAlgorithms(options, bad_algorithms, *metadata, report);
  CheckFlow(*metadata, bad_lists, report);
  CheckPkce(*metadata, report);
  const auto methods = document.find("token_endpoint_auth_methods_supported");
  if (methods != document.end() && methods->is_array()) {
    for (const Json& method : *methods) {
      if (method.is_string()) {
        discovery.authentication_methods.push_back(
            PrintableText(method.get<std::string>()));
      }
    }
  }
  discovery.pushed_required =
      document.value("require_pushed_authorization_requests", Json()) == true;
  // Nothing is sent to an endpoint of another issuer (RFC 8414 section 3.3).
  if (is_issuer && document.contains("token_endpoint")) {
    discovery.metadata = *std::move(metadata);
  }
  return discovery;
}

}  // namespace proofmint::doctor
