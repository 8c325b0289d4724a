#include "signer/dpop/algorithm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "absl/strings/string_view.h"

namespace proofmint::dpop {
namespace {

using ::testing::Eq;
using ::testing::Optional;

// RFC 7518 section 3.1, RFC 9864 section 2.2 and RFC 8037 section 3.1 register
// the names.
TEST(AlgorithmNameTest, GivesTheRegisteredName) {
  EXPECT_EQ(AlgorithmName(Algorithm::kEs256), "ES256");
  EXPECT_EQ(AlgorithmName(Algorithm::kEd25519), "Ed25519");
  EXPECT_EQ(AlgorithmName(Algorithm::kEdDsa), "EdDSA");
}

TEST(AlgorithmFromNameTest, FindsEveryAlgorithm) {
  for (Algorithm algorithm : kAlgorithms) {
    EXPECT_THAT(AlgorithmFromName(AlgorithmName(algorithm)),
                Optional(Eq(algorithm)));
  }
}

//= rfc9449#11.6
//# Implementers MUST ensure that only asymmetric digital signature algorithms
//# (such as ES256) that are deemed secure can be used for signing DPoP proofs.
//# type=test
TEST(AlgorithmFromNameTest, ListsEveryAlgorithmOnce) {
  EXPECT_EQ(std::set<Algorithm>(kAlgorithms.begin(), kAlgorithms.end()),
            (std::set<Algorithm>{Algorithm::kEs256, Algorithm::kEd25519,
                                 Algorithm::kEdDsa}));
}

//= rfc9449#4.2
//# It MUST NOT be none or an identifier for a symmetric algorithm (Message
//# Authentication Code (MAC)).
//# type=test
//= rfc9449#11.6
//# In particular, the algorithm none MUST NOT be allowed.
//# type=test
TEST(AlgorithmFromNameTest, KnowsNoOtherName) {
  for (absl::string_view name :
       {"",        "none",   "None",   "HS256", "HS384",  "HS512",
        "RS256",   "PS256",  "ES384",  "ES512", "ES256K", "Ed448",
        "es256",   "ES256 ", " ES256", "ES25",  "ES2566", "ed25519",
        "ED25519", "EDDSA",  "eddsa",  "EdDsa"}) {
    EXPECT_EQ(AlgorithmFromName(name), std::nullopt) << name;
  }
  EXPECT_EQ(AlgorithmFromName({"ES256\0", 6}), std::nullopt);
}

}  // namespace
}  // namespace proofmint::dpop
