#include "signer/service/gate/allowed_san.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::StartsWith;

bool UriMatches(absl::string_view entry, absl::string_view san) {
  return SanMatches(entry, SanKind::kUri, san);
}

bool DnsMatches(absl::string_view entry, absl::string_view san) {
  return SanMatches(entry, SanKind::kDns, san);
}

TEST(AllowedSanTest, TakesNamesUrisAndSpiffePrefixes) {
  for (const char* entry :
       {"broker", "broker.example", "Broker-1.ex_ample", "1.2.3.x",
        "spiffe://td", "spiffe://td/broker", "spiffe://td/a/b.c/D_-",
        "spiffe://trust.domain/*", "spiffe://td/a/*", "https://host:1/path?q=1",
        "urn://x"}) {
    EXPECT_THAT(ValidateAllowedSan(entry), IsOk()) << entry;
  }
}

TEST(AllowedSanTest, RefusesWhatIsNoneOfThem) {
  for (const char* entry : {"",
                            "*",
                            "*.example",
                            "a*.example",
                            ".example",
                            "broker.",
                            "a..b",
                            "a b",
                            "10.0.0.1",
                            "host:443",
                            "a/b",
                            "urn:x",
                            "spiffe:",
                            "spiffe://",
                            "spiffe:///x",
                            "spiffe:///*",
                            "spiffe://*",
                            "spiffe://td*",
                            "spiffe://td/",
                            "spiffe://td/a/",
                            "spiffe://td/a*",
                            "spiffe://td/*/a",
                            "spiffe://td/*/*",
                            "spiffe://td//*",
                            "spiffe://td/../a",
                            "spiffe://td/a/./*",
                            "spiffe://td/a b",
                            "spiffe://td/%61",
                            "spiffe://TD/a",
                            "spiffe://td:1/a",
                            "spiffe://user@td/a",
                            "SPIFFE://td/*",
                            "https://host/*",
                            "https://ho st",
                            "https://h\"",
                            "https://h\\",
                            "https://h\n"}) {
    EXPECT_THAT(
        ValidateAllowedSan(entry),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 AllOf(StartsWith("allowed_sans: got \""), HasSubstr(entry))))
        << entry;
  }
}

TEST(AllowedSanTest, BoundsTheirSizes) {
  const std::string label(63, 'a');
  EXPECT_THAT(ValidateAllowedSan(label), IsOk());
  EXPECT_FALSE(ValidateAllowedSan(label + "a").ok());
  const std::string name =
      label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_THAT(ValidateAllowedSan(name), IsOk());
  EXPECT_FALSE(ValidateAllowedSan(name + "a").ok());
  const std::string uri = "spiffe://td/" + std::string(2048 - 12, 'a');
  EXPECT_THAT(ValidateAllowedSan(uri), IsOk());
  EXPECT_FALSE(ValidateAllowedSan(uri + "a").ok());
  EXPECT_TRUE(UriMatches(uri, uri));
  EXPECT_FALSE(UriMatches("spiffe://td/*", uri + "a"));
}

TEST(AllowedSanTest, UrisMatchByteForByte) {
  EXPECT_TRUE(UriMatches("spiffe://td/a", "spiffe://td/a"));
  for (const char* san :
       {"", "spiffe://td/A", "SPIFFE://td/a", "spiffe://TD/a", "spiffe://td/a/",
        "spiffe://td/ab", "spiffe://td/", "spiffe://td", "spiffe://td2/a",
        "spiffe://td/a?", "spiffe://td/%61", "xspiffe://td/a"}) {
    EXPECT_FALSE(UriMatches("spiffe://td/a", san)) << san;
  }
  EXPECT_FALSE(UriMatches("spiffe://td/a", std::string("spiffe://td/a\0", 14)));
}

TEST(AllowedSanTest, APrefixMatchesWhatIsBelowIt) {
  for (const char* san :
       {"spiffe://td/a/b", "spiffe://td/a/b/c.d/E-_", "spiffe://td/a/..."}) {
    EXPECT_TRUE(UriMatches("spiffe://td/a/*", san)) << san;
    EXPECT_TRUE(UriMatches("spiffe://td/*", san)) << san;
  }
  for (const char* san :
       {"spiffe://td/a",          "spiffe://td/a/",
        "spiffe://td/ab",         "spiffe://td/b/a",
        "spiffe://td/A/b",        "spiffe://td2/a/b",
        "spiffe://td.evil/a/b",   "spiffe://evil/spiffe://td/a/b",
        "spiffe://td/a/../b",     "spiffe://td/a/b/..",
        "spiffe://td/a/.",        "spiffe://td/a/./b",
        "spiffe://td/a//b",       "spiffe://td/a/b/",
        "spiffe://td/a/%2e%2e/b", "spiffe://td/a/b?c",
        "spiffe://td/a/b#c",      "spiffe://td/a/b c",
        "spiffe://td/a/*",        "spiffe://td/a/\xc3\xa9"}) {
    EXPECT_FALSE(UriMatches("spiffe://td/a/*", san)) << san;
  }
  EXPECT_FALSE(
      UriMatches("spiffe://td/a/*", std::string("spiffe://td/a/b\0c", 17)));
}

TEST(AllowedSanTest, CaseMeansNothingInDnsNames) {
  EXPECT_TRUE(DnsMatches("broker.example", "broker.example"));
  EXPECT_TRUE(DnsMatches("Broker.example", "bROKER.EXAMPLE"));
  for (const char* san : {"", "broker", "broker.example.", "a.broker.example",
                          "*.example", "broker_example"}) {
    EXPECT_FALSE(DnsMatches("broker.example", san)) << san;
  }
  EXPECT_FALSE(
      DnsMatches("broker.example", std::string("broker.example\0.x", 17)));
}

TEST(AllowedSanTest, NoKindPassesForTheOther) {
  EXPECT_FALSE(DnsMatches("spiffe://td/a", "spiffe://td/a"));
  EXPECT_FALSE(DnsMatches("spiffe://td/a/*", "spiffe://td/a/b"));
  EXPECT_FALSE(UriMatches("broker.example", "broker.example"));
}

}  // namespace
}  // namespace proofmint::service
