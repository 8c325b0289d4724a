#include "signer/exchange/metadata_cache.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace proofmint {
namespace {

using ::testing::IsEmpty;

constexpr absl::Time kStart = absl::UnixEpoch();

ServerMetadata WithAlgorithms(std::vector<std::string> algorithms) {
  return {.issuer = "https://idp.example",
          .token_endpoint = "https://idp.example/token",
          .dpop_signing_alg_values_supported = std::move(algorithms)};
}

TEST(FreshForTest, ReadsTheGrammarOfRfc9111) {
  EXPECT_EQ(FreshFor(R"(private="a, max-age=600, \" b", Max-Age="1200")"),
            absl::Minutes(20));
  EXPECT_EQ(FreshFor("s-maxage=600, xmax-age=700,,max-age=1200 , max-age=900"),
            absl::Minutes(20));
  EXPECT_EQ(FreshFor("max-age=99999999999999999999999"), kMaxFreshness);
  // Of a quoted string that does not end, nothing is another directive.
  EXPECT_EQ(FreshFor(R"(a="b, no-store)"), kDefaultFreshness);
  EXPECT_EQ(FreshFor(R"(a="\)"), kDefaultFreshness);
  EXPECT_EQ(FreshFor(R"(max-age=")"), kDefaultFreshness);
  EXPECT_EQ(FreshFor(R"(max-age="")"), kDefaultFreshness);
}

TEST(MetadataCacheTest, HoldsNothingAtFirstAndFetchesUntilItDoes) {
  MetadataCache cache;
  EXPECT_EQ(cache.metadata(), nullptr);
  EXPECT_TRUE(cache.ShouldFetch(kStart));
  cache.OnFetchFailed(kStart);
  EXPECT_TRUE(cache.ShouldFetch(kStart));
  EXPECT_THAT(cache.Store(WithAlgorithms({"ES256"}), "", kStart), IsEmpty());
  ASSERT_NE(cache.metadata(), nullptr);
  EXPECT_EQ(cache.metadata()->token_endpoint, "https://idp.example/token");
  EXPECT_FALSE(cache.ShouldFetch(kStart));
}

TEST(MetadataCacheTest, KeepsStaleMetadataWhenAFetchFails) {
  MetadataCache cache;
  cache.Store(WithAlgorithms({"ES256"}), "", kStart);
  const absl::Time later = kStart + kDefaultFreshness;
  ASSERT_TRUE(cache.ShouldFetch(later));
  cache.OnFetchFailed(later);
  EXPECT_NE(cache.metadata(), nullptr);
  EXPECT_FALSE(cache.ShouldFetch(later + absl::Seconds(299)));
  EXPECT_TRUE(cache.ShouldFetch(later + absl::Seconds(300)));
}

TEST(MetadataCacheTest, FetchesOnceForManyDoubts) {
  MetadataCache cache;
  cache.Store(WithAlgorithms({"ES256"}), "max-age=86400", kStart);
  absl::Time now = kStart + absl::Hours(2);
  cache.Doubt();
  cache.Doubt();
  ASSERT_TRUE(cache.ShouldFetch(now));
  cache.Store(WithAlgorithms({"ES256"}), "max-age=86400", now);
  EXPECT_FALSE(cache.ShouldFetch(now + absl::Hours(1)));
}

TEST(MetadataCacheTest, TellsOfOtherAlgorithms) {
  MetadataCache cache;
  cache.Store(WithAlgorithms({"ES256", "RS256"}), "", kStart);
  EXPECT_THAT(cache.Store(WithAlgorithms({"ES256", "RS256"}), "", kStart),
              IsEmpty());
  EXPECT_EQ(cache.Store(WithAlgorithms({"RS256", "x\n"}), "", kStart),
            "dpop_signing_alg_values_supported: was ES256 RS256, is RS256 x?");
  EXPECT_EQ(cache.Store({}, "", kStart),
            "dpop_signing_alg_values_supported: was RS256 x?, is not "
            "published");
}

}  // namespace
}  // namespace proofmint
