#include "signer/service/mint/self_check.h"

#include <gmock/gmock.h>

#include <string>

#include "signer/service/contract/errors.h"
#include "tests/service/mint/minter_test.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::MinterTest;
using ::proofmint::testing::ValidRequest;

using SelfCheckTest = MinterTest;

TEST_F(SelfCheckTest, PassesAndTriesAgainAfterAPassingFailure) {
  EXPECT_THAT(CheckMinter(minter_), IsOk());
  entropy_.FailAfter(/*successes=*/0, /*failures=*/4);
  EXPECT_THAT(CheckMinter(minter_), IsOk());
}

TEST_F(SelfCheckTest, IsUnavailableWhereNoProofCanBeMade) {
  entropy_.FailAfter(/*successes=*/0, /*failures=*/1000);
  absl::Status status = CheckMinter(minter_);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), kKeyGenerationFailed);
}

TEST_F(SelfCheckTest, AWrongProofIsNotToBeTrusted) {
  v1::SignProofRequest request = ValidRequest(v1::ALGORITHM_ES256);
  v1::SignProofResponse right;
  ASSERT_THAT(minter_.Mint(request, right), IsOk());
  EXPECT_THAT(VerifyResponse(request, right), IsOk());

  std::string forged = right.proof();
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  for (int field = 0; field < 5; ++field) {
    v1::SignProofResponse wrong = right;
    v1::SignProofRequest asked = request;
    if (field == 0) wrong.set_proof(forged);
    if (field == 1) wrong.set_proof("no proof");
    if (field == 2) wrong.set_jkt("other");
    if (field == 3) wrong.set_iat(right.iat() + 1);
    if (field == 4) asked.set_htm("GET");
    EXPECT_EQ(VerifyResponse(asked, wrong).code(), absl::StatusCode::kInternal)
        << field;
  }
}

}  // namespace
}  // namespace proofmint::service
