// Runs the sections "algorithm_choice", "server_metadata" and "freshness" of
// exchange_cases.json.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"
#include "signer/exchange/algorithm_choice.h"
#include "signer/exchange/metadata_cache.h"
#include "signer/exchange/server_metadata.h"
#include "tests/exchange/case_file.h"

namespace proofmint {
namespace {

using testing::Case;
using testing::Fields;
using Texts = std::vector<std::string>;

constexpr char kIssuer[] = "https://idp.example";

class AlgorithmChoiceCasesTest : public ::testing::TestWithParam<Case> {};
class ServerMetadataCasesTest : public ::testing::TestWithParam<Case> {};
class FreshnessCasesTest : public ::testing::TestWithParam<Case> {};

// Returns the list of strings `name`, or nullopt if it is absent.
std::optional<Texts> OptionalTexts(Fields& fields, const std::string& name) {
  if (!fields.Has(name)) return std::nullopt;
  Texts texts;
  for (const nlohmann::json& text : fields.List(name)) {
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

TEST_P(AlgorithmChoiceCasesTest, Run) {
  Fields fields(GetParam().members, GetParam().id);
  std::vector<dpop::Algorithm> wanted;
  for (const nlohmann::json& name : fields.List("wanted")) {
    wanted.push_back(dpop::AlgorithmFromName(name.get<std::string>()).value());
  }
  const bool refuse =
      fields.String("if_not_advertised", "try_first") == "refuse";
  const bool exact = fields.Boolean("exact_label", false);
  const absl::StatusOr<AlgorithmChoice> choice = ChooseAlgorithm(
      wanted,
      {.dpop_signing_alg_values_supported = OptionalTexts(fields, "published")},
      refuse ? IfNotAdvertised::kRefuse : IfNotAdvertised::kTryFirst,
      exact ? LabelMatch::kExact : LabelMatch::kSameKey);
  if (fields.Has("error")) {
    EXPECT_EQ(absl::StatusCodeToString(choice.status().code()),
              fields.String("code"));
    EXPECT_EQ(choice.status().message(), fields.String("error"));
    return;
  }
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(dpop::AlgorithmName(choice->algorithm), fields.String("algorithm"));
  EXPECT_EQ(choice->advertised, fields.Boolean("advertised", true));
}

// Returns the endpoints that are published.
nlohmann::json EndpointsOf(const ServerMetadata& metadata) {
  nlohmann::json endpoints = nlohmann::json::object();
  for (const auto& [name, url] :
       std::initializer_list<std::pair<const char*, const std::string&>>{
           {"token_endpoint", metadata.token_endpoint},
           {"userinfo_endpoint", metadata.userinfo_endpoint},
           {"introspection_endpoint", metadata.introspection_endpoint},
           {"revocation_endpoint", metadata.revocation_endpoint},
           {"authorization_endpoint", metadata.authorization_endpoint},
           {"pushed_authorization_request_endpoint",
            metadata.pushed_authorization_request_endpoint},
           {"jwks_uri", metadata.jwks_uri}}) {
    if (!url.empty()) endpoints[name] = url;
  }
  return endpoints;
}

TEST_P(ServerMetadataCasesTest, Run) {
  Fields fields(GetParam().members, GetParam().id);
  const std::string text = fields.Has("text") ? fields.String("text")
                                              : fields.Any("metadata").dump();
  const bool loopback = fields.String("transport", "tls") == "tls_or_loopback";
  const absl::StatusOr<ServerMetadata> metadata = ParseServerMetadata(
      text, fields.String("issuer", kIssuer),
      loopback ? Transport::kTlsOrLoopback : Transport::kTls);
  if (fields.Has("error")) {
    EXPECT_EQ(metadata.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(metadata.status().message(), fields.String("error"));
    return;
  }
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  const nlohmann::json endpoints = fields.Any("endpoints");
  EXPECT_EQ(EndpointsOf(*metadata), endpoints);
  EXPECT_EQ(
      EndpointsOf(WithMtlsAliases(*metadata)),
      fields.Has("mtls_endpoints") ? fields.Any("mtls_endpoints") : endpoints);
  EXPECT_EQ(metadata->dpop_signing_alg_values_supported,
            OptionalTexts(fields, "algorithms"));
}

void RunStep(MetadataCache& cache, Fields& step) {
  if (step.Boolean("doubt", false)) return cache.Doubt();
  const absl::Time now = absl::FromUnixSeconds(step.Integer("at_s"));
  if (step.Boolean("fetch_failed", false)) return cache.OnFetchFailed(now);
  if (step.Has("should_fetch")) {
    EXPECT_EQ(cache.ShouldFetch(now), step.Boolean("should_fetch"));
    return;
  }
  EXPECT_EQ(cache.Store({.issuer = kIssuer,
                         .dpop_signing_alg_values_supported =
                             OptionalTexts(step, "algorithms")},
                        step.String("store"), now),
            step.String("change", ""));
}

TEST_P(FreshnessCasesTest, Run) {
  Fields fields(GetParam().members, GetParam().id);
  if (fields.Has("cache_control")) {
    EXPECT_EQ(FreshFor(fields.String("cache_control")),
              absl::Seconds(fields.Integer("fresh_for_s")));
    return;
  }
  MetadataCache cache;
  for (const nlohmann::json& object : fields.List("steps")) {
    SCOPED_TRACE(object.dump());
    Fields step(object, GetParam().id);
    RunStep(cache, step);
  }
}

PROOFMINT_INSTANTIATE_CASES(AlgorithmChoiceCasesTest, "algorithm_choice");
PROOFMINT_INSTANTIATE_CASES(ServerMetadataCasesTest, "server_metadata");
PROOFMINT_INSTANTIATE_CASES(FreshnessCasesTest, "freshness");

}  // namespace
}  // namespace proofmint
