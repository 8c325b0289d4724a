#include "signer/exchange/algorithm_choice.h"

#include <gmock/gmock.h>

#include <array>
#include <string>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace proofmint {
namespace {

using dpop::Algorithm;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::SizeIs;

ServerMetadata Publishing(std::vector<std::string> algorithms) {
  return {.dpop_signing_alg_values_supported = std::move(algorithms)};
}

TEST(ChooseAlgorithmTest, FollowsTheOrderOfTheWishes) {
  constexpr std::array kWanted = {Algorithm::kEd25519, Algorithm::kEs256};
  const auto choice =
      ChooseAlgorithm(kWanted, Publishing({"RS256", "ES256", "Ed25519"}));
  ASSERT_THAT(choice, IsOk());
  EXPECT_EQ(choice->algorithm, Algorithm::kEd25519);
  EXPECT_TRUE(choice->advertised);
}

TEST(ChooseAlgorithmTest, SaysThatNothingIsPublished) {
  constexpr std::array kWanted = {Algorithm::kEd25519, Algorithm::kEs256};
  const auto choice = ChooseAlgorithm(kWanted, {});
  ASSERT_THAT(choice, IsOk());
  EXPECT_EQ(choice->algorithm, Algorithm::kEd25519);
  EXPECT_FALSE(choice->advertised);
  EXPECT_THAT(ChooseAlgorithm(kWanted, {}, IfNotAdvertised::kRefuse),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "idp publishes no dpop_signing_alg_values_supported and "
                       "may not support DPoP, want one of Ed25519 ES256"));
}

TEST(ChooseAlgorithmTest, NamesBothListsAndWhatWouldDo) {
  EXPECT_THAT(ChooseAlgorithm(dpop::kAlgorithms, Publishing({"RS256"})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "idp takes RS256, want one of ES256 Ed25519 EdDSA"));
  constexpr std::array kWanted = {Algorithm::kEs256};
  EXPECT_THAT(ChooseAlgorithm(kWanted, Publishing({"RS256", "EdDSA"})),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "idp takes RS256 EdDSA, want one of ES256; the signer "
                       "can also sign EdDSA"));
}

TEST(ChooseAlgorithmTest, RefusesAnEmptyWish) {
  EXPECT_THAT(ChooseAlgorithm({}, Publishing({"ES256"})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "wanted: no algorithm given"));
}

TEST(ChooseAlgorithmTest, BoundsAndEscapesPublishedNames) {
  const auto choice = ChooseAlgorithm(
      dpop::kAlgorithms,
      Publishing({"\x1b]0;\n", std::string(5000, 'x'), "RS256"}));
  EXPECT_THAT(choice, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("idp takes ?]0;? xxx"),
                                     SizeIs(Lt(400)))));
}

}  // namespace
}  // namespace proofmint
