#include "signer/tools/doctor/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace proofmint::doctor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Json = nlohmann::json;

constexpr char kIssuer[] = "https://idp.example";

ConnectionOptions NewConnection() {
  ConnectionOptions options;
  options.issuer = kIssuer;
  options.algorithms = {dpop::Algorithm::kEs256};
  return options;
}

Json GoodDocument() {
  return Json::parse(R"({
    "issuer": "https://idp.example",
    "token_endpoint": "https://idp.example/token",
    "authorization_endpoint": "https://idp.example/authorize",
    "userinfo_endpoint": "https://idp.example/userinfo",
    "dpop_signing_alg_values_supported": ["ES256", "RS256"],
    "response_types_supported": ["code"],
    "grant_types_supported": ["authorization_code"],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["private_key_jwt"]})");
}

// Returns the checks that are not ok, by id, with all their texts.
std::map<std::string, std::string> Findings(const Json& document,
                                            Discovery* discovery = nullptr) {
  Report report;
  Discovery found = CheckMetadata(NewConnection(), document, report);
  if (discovery != nullptr) *discovery = std::move(found);
  std::map<std::string, std::string> findings;
  for (const Check& check : report.checks) {
    if (check.status == CheckStatus::kOk) continue;
    findings[check.id] = std::string(StatusName(check.status)) + " " +
                         check.found + " " + check.want + " " + check.remedy;
  }
  EXPECT_EQ(report.checks.size(), 5);
  return findings;
}

TEST(DiscoveryTest, LooksWhereBothStandardsSay) {
  EXPECT_THAT(
      DiscoveryUrls("https://idp.example"),
      ElementsAre(
          "https://idp.example/.well-known/openid-configuration",
          "https://idp.example/.well-known/oauth-authorization-server"));
  EXPECT_THAT(
      DiscoveryUrls("https://idp.example/a/"),
      ElementsAre(
          "https://idp.example/a/.well-known/openid-configuration",
          "https://idp.example/.well-known/oauth-authorization-server/a"));
}

TEST(DiscoveryTest, ReadsAGoodDocument) {
  Discovery discovery;
  EXPECT_TRUE(Findings(GoodDocument(), &discovery).empty());
  ASSERT_TRUE(discovery.metadata.has_value());
  EXPECT_EQ(discovery.metadata->userinfo_endpoint,
            "https://idp.example/userinfo");
  EXPECT_EQ(discovery.choice->algorithm, dpop::Algorithm::kEs256);
  EXPECT_THAT(discovery.authentication_methods, ElementsAre("private_key_jwt"));
}

TEST(DiscoveryTest, OneFaultFailsOneCheck) {
  struct Case {
    const char* member;
    Json value;
    const char* id;
    const char* text;
  };
  const Case kCases[] = {
      {"issuer", "https://idp.example/", "discovery.issuer", "fail"},
      {"issuer", 7, "discovery.issuer", "fail"},
      {"token_endpoint", "http://idp.example/token", "discovery.endpoints",
       "token_endpoint"},
      {"userinfo_endpoint", "https://u@idp.example/", "discovery.endpoints",
       "userinfo_endpoint"},
      {"userinfo_endpoint", Json::array(), "discovery.endpoints",
       "userinfo_endpoint"},
      {"dpop_signing_alg_values_supported", "ES256", "discovery.algorithms",
       "array of strings"},
      {"dpop_signing_alg_values_supported",
       {"RS256", "ES384"},
       "discovery.algorithms",
       "ES384 cannot be signed by this version"},
      {"dpop_signing_alg_values_supported",
       {"EdDSA"},
       "discovery.algorithms",
       "--algorithm=EdDSA"},
      {"dpop_signing_alg_values_supported", nullptr, "discovery.algorithms",
       "warn dpop_signing_alg_values_supported is not published"},
      {"response_types_supported",
       {"id_token token"},
       "discovery.flow",
       "back channel"},
      {"grant_types_supported", {"implicit"}, "discovery.flow", "back channel"},
      {"grant_types_supported", "implicit", "discovery.flow",
       "grant_types_supported"},
      {"code_challenge_methods_supported", {"plain"}, "discovery.pkce", "warn"},
  };
  for (const Case& test : kCases) {
    Json document = GoodDocument();
    document[test.member] = test.value;
    const auto findings = Findings(document);
    ASSERT_EQ(findings.size(), 1) << test.member << " " << test.value;
    EXPECT_EQ(findings.begin()->first, test.id);
    EXPECT_THAT(findings.begin()->second, HasSubstr(test.text));
  }
}

TEST(DiscoveryTest, GivesNoMetadataOfAnotherIssuerOrWithoutATokenEndpoint) {
  for (const char* member : {"issuer", "token_endpoint"}) {
    Json document = GoodDocument();
    document[member] = "http://elsewhere.example";
    Discovery discovery;
    EXPECT_EQ(Findings(document, &discovery).size(), 1);
    EXPECT_FALSE(discovery.metadata.has_value()) << member;
  }
}

TEST(DiscoveryTest, SaysUnderWhichLabelAnEd25519KeyGoes) {
  ConnectionOptions options = NewConnection();
  options.algorithms = {dpop::Algorithm::kEd25519};
  Json document = GoodDocument();
  document["dpop_signing_alg_values_supported"] = {"EdDSA"};
  Report report;
  const Discovery discovery = CheckMetadata(options, document, report);
  EXPECT_EQ(discovery.choice->algorithm, dpop::Algorithm::kEdDsa);
  EXPECT_THAT(report.checks[2].found,
              HasSubstr("EdDSA; EdDSA it is: set dpop_signing_alg, the other "
                        "label"));
}

}  // namespace
}  // namespace proofmint::doctor
