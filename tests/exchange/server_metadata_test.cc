#include "signer/exchange/server_metadata.h"

#include <gmock/gmock.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace proofmint {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr char kIssuer[] = "https://idp.example";

// Returns metadata with the members `members` besides the two that must be.
std::string With(absl::string_view members) {
  return absl::StrCat(R"({"issuer": "https://idp.example",
      "token_endpoint": "https://idp.example/token", )",
                      members, "}");
}

TEST(ParseServerMetadataTest, ReadsEveryMember) {
  const absl::StatusOr<ServerMetadata> metadata = ParseServerMetadata(With(R"(
        "userinfo_endpoint": "https://api.example/me?v=2",
        "introspection_endpoint": "https://idp.example/introspect",
        "revocation_endpoint": "https://idp.example/revoke",
        "authorization_endpoint": "https://idp.example/auth",
        "pushed_authorization_request_endpoint": "https://idp.example/par",
        "jwks_uri": "https://idp.example/jwks",
        "mtls_endpoint_aliases": {
          "token_endpoint": "https://mtls.idp.example/token",
          "userinfo_endpoint": "https://mtls.idp.example/me",
          "introspection_endpoint": "https://mtls.idp.example/introspect",
          "revocation_endpoint": "https://mtls.idp.example/revoke",
          "pushed_authorization_request_endpoint":
            "https://mtls.idp.example/par"},
        "dpop_signing_alg_values_supported": ["ES256", "RS256"],
        "code_challenge_methods_supported": ["S256"],
        "response_types_supported": ["code", "code id_token"],
        "grant_types_supported": ["authorization_code"],
        "scopes_supported": 7)"),
                                                                      kIssuer);
  ASSERT_THAT(metadata, IsOk());
  EXPECT_EQ(metadata->issuer, kIssuer);
  EXPECT_EQ(metadata->token_endpoint, "https://idp.example/token");
  EXPECT_EQ(metadata->userinfo_endpoint, "https://api.example/me?v=2");
  EXPECT_EQ(metadata->introspection_endpoint, "https://idp.example/introspect");
  EXPECT_EQ(metadata->revocation_endpoint, "https://idp.example/revoke");
  EXPECT_EQ(metadata->authorization_endpoint, "https://idp.example/auth");
  EXPECT_EQ(metadata->pushed_authorization_request_endpoint,
            "https://idp.example/par");
  EXPECT_EQ(metadata->jwks_uri, "https://idp.example/jwks");
  EXPECT_THAT(metadata->dpop_signing_alg_values_supported,
              Optional(ElementsAre("ES256", "RS256")));
  EXPECT_THAT(metadata->code_challenge_methods_supported, ElementsAre("S256"));
  EXPECT_THAT(metadata->response_types_supported,
              ElementsAre("code", "code id_token"));
  EXPECT_THAT(metadata->grant_types_supported,
              ElementsAre("authorization_code"));

  const ServerMetadata mtls = WithMtlsAliases(*metadata);
  EXPECT_EQ(mtls.token_endpoint, "https://mtls.idp.example/token");
  EXPECT_EQ(mtls.userinfo_endpoint, "https://mtls.idp.example/me");
  EXPECT_EQ(mtls.introspection_endpoint, "https://mtls.idp.example/introspect");
  EXPECT_EQ(mtls.revocation_endpoint, "https://mtls.idp.example/revoke");
  EXPECT_EQ(mtls.pushed_authorization_request_endpoint,
            "https://mtls.idp.example/par");
  EXPECT_EQ(mtls.authorization_endpoint, "https://idp.example/auth");
  EXPECT_EQ(mtls.jwks_uri, "https://idp.example/jwks");
}

TEST(ParseServerMetadataTest, LeavesEmptyWhatIsNotPublished) {
  const absl::StatusOr<ServerMetadata> metadata =
      ParseServerMetadata(With(R"("jwks_uri": null)"), kIssuer);
  ASSERT_THAT(metadata, IsOk());
  EXPECT_THAT(metadata->userinfo_endpoint, IsEmpty());
  EXPECT_THAT(metadata->jwks_uri, IsEmpty());
  EXPECT_EQ(metadata->dpop_signing_alg_values_supported, std::nullopt);
  EXPECT_THAT(metadata->grant_types_supported, IsEmpty());
  EXPECT_EQ(WithMtlsAliases(*metadata).token_endpoint,
            "https://idp.example/token");
}

TEST(ParseServerMetadataTest, NamesTheMemberAtFault) {
  for (const char* member :
       {"userinfo_endpoint", "introspection_endpoint", "revocation_endpoint",
        "authorization_endpoint", "pushed_authorization_request_endpoint",
        "jwks_uri"}) {
    EXPECT_THAT(
        ParseServerMetadata(
            With(absl::StrCat("\"", member, R"(": "http://idp.example/x?y")")),
            kIssuer),
        StatusIs(
            absl::StatusCode::kInvalidArgument,
            absl::StrCat(member, ": got http://idp.example/x, want https")));
    EXPECT_THAT(
        ParseServerMetadata(With(absl::StrCat("\"", member, "\": 1")), kIssuer),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 absl::StrCat(member, ": not a string")));
  }
  for (const char* member :
       {"dpop_signing_alg_values_supported", "code_challenge_methods_supported",
        "response_types_supported", "grant_types_supported"}) {
    for (const char* value : {"\"ES256\"", "[1]", "{}", "true"}) {
      EXPECT_THAT(ParseServerMetadata(
                      With(absl::StrCat("\"", member, "\": ", value)), kIssuer),
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           absl::StrCat(member, ": not an array of strings")));
    }
  }
}

TEST(ParseServerMetadataTest, ShowsNoUserinfo) {
  EXPECT_THAT(ParseServerMetadata(
                  With(R"("jwks_uri": "https://user:s3cr3t@idp.example/jwks")"),
                  kIssuer),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "jwks_uri: userinfo is not allowed"));
}

TEST(ParseServerMetadataTest, LimitsTheSize) {
  const std::string json = With(R"("jwks_uri": null)");
  EXPECT_THAT(
      ParseServerMetadata(
          json + std::string(kMaxMetadataSize - json.size(), ' '), kIssuer),
      IsOk());
  EXPECT_THAT(
      ParseServerMetadata(
          json + std::string(kMaxMetadataSize - json.size() + 1, ' '), kIssuer),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "metadata: got 1048577 bytes, want at most 1048576"));
}

TEST(ParseServerMetadataTest, SurvivesDeepNesting) {
  EXPECT_THAT(ParseServerMetadata(std::string(kMaxMetadataSize, '['), kIssuer),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "metadata: not a JSON object"));
}

TEST(ParseServerMetadataTest, MakesAnIssuerOfAnotherPrintable) {
  EXPECT_THAT(
      ParseServerMetadata(R"({"issuer": "a\u0000\u001b[2Jb\n"})", kIssuer),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "issuer: got a?[2Jb?, want https://idp.example"));
  const std::string error(
      ParseServerMetadata(
          absl::StrCat(R"({"issuer": ")", std::string(5000, 'x'), "\"}"),
          kIssuer)
          .status()
          .message());
  EXPECT_LT(error.size(), 400u);
  EXPECT_THAT(error, HasSubstr(", want https://idp.example"));
}

TEST(ParseServerMetadataTest, TakesOnlyAddressesForLoopback) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3:8080",
                           "[::1]:8080", "LOCALHOST"}) {
    const std::string json =
        With(absl::StrCat(R"("jwks_uri": "http://)", host, "/jwks\""));
    EXPECT_THAT(ParseServerMetadata(json, kIssuer, Transport::kTlsOrLoopback),
                IsOk())
        << host;
    EXPECT_THAT(
        ParseServerMetadata(json, kIssuer),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want https")))
        << host;
  }
  for (const char* host :
       {"127.evil.example", "localhost.evil.example", "evil.example:127",
        "128.0.0.1", "[::2]", "[::ffff:127.0.0.1]"}) {
    EXPECT_THAT(
        ParseServerMetadata(
            With(absl::StrCat(R"("jwks_uri": "http://)", host, "/jwks\"")),
            kIssuer, Transport::kTlsOrLoopback),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want https")))
        << host;
  }
}

}  // namespace
}  // namespace proofmint
