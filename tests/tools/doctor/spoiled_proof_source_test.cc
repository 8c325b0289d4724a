#include "signer/tools/doctor/spoiled_proof_source.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/tools/doctor/sign_and_wait.h"

namespace proofmint::doctor {
namespace {

// Returns numbered texts for proofs, and remembers what was asked for.
class NumberedSource final : public ProofSource {
 public:
  void SignProof(ProofRequest request, absl::Time, Callback done) override {
    requests.push_back(std::move(request));
    done(Proof{.jwt = absl::StrCat("proof ", requests.size())});
  }

  std::vector<ProofRequest> requests;
};

class SpoiledProofSourceTest : public ::testing::Test {
 protected:
  absl::StatusOr<Proof> Sign(Spoil spoil) {
    spoiled_.Set(spoil);
    return SignAndWait(
        spoiled_,
        {.htm = "POST", .htu = "https://idp.example/token", .nonce = "n"},
        absl::Now() + absl::Seconds(10));
  }
  ProofRequest RequestFor(Spoil spoil) {
    EXPECT_TRUE(Sign(spoil).ok());
    return source_.requests.back();
  }

  NumberedSource source_;
  SpoiledProofSource spoiled_{source_};
};

TEST_F(SpoiledProofSourceTest, ChangesOneThing) {
  const ProofRequest good = RequestFor(Spoil::kNothing);
  EXPECT_EQ(good.htu, "https://idp.example/token");
  EXPECT_EQ(good.htm, "POST");
  EXPECT_EQ(good.iat_offset, absl::ZeroDuration());
  EXPECT_EQ(RequestFor(Spoil::kOtherUrl).htu,
            "https://idp.example/token/elsewhere");
  EXPECT_EQ(RequestFor(Spoil::kOtherScheme).htu, "http://idp.example/token");
  EXPECT_EQ(RequestFor(Spoil::kOtherMethod).htm, "PUT");
  const ProofRequest old = RequestFor(Spoil::kOldIat);
  EXPECT_EQ(old.iat_offset, -kOldIatAge);
  EXPECT_EQ(old.htm, "POST");
  EXPECT_EQ(old.nonce, "n");
}

TEST_F(SpoiledProofSourceTest, ReplaysTheLastGoodProof) {
  EXPECT_FALSE(Sign(Spoil::kReplay).ok());
  EXPECT_EQ(Sign(Spoil::kNothing)->jwt, "proof 1");
  EXPECT_EQ(Sign(Spoil::kOtherMethod)->jwt, "proof 2");
  EXPECT_EQ(Sign(Spoil::kReplay)->jwt, "proof 1");
  EXPECT_EQ(Sign(Spoil::kNothing)->jwt, "proof 3");
}

}  // namespace
}  // namespace proofmint::doctor
