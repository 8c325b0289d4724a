// Runs the sections "challenges" and "nonces" of exchange_cases.json.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "signer/exchange/http_answer.h"
#include "tests/exchange/case_file.h"

namespace proofmint {
namespace {

using testing::Case;
using testing::Fields;

class ChallengeCasesTest : public ::testing::TestWithParam<Case> {};
class NonceCasesTest : public ::testing::TestWithParam<Case> {};

//= rfc9449#7.1
//# Additional authentication parameters MAY be used, and unknown parameters
//# MUST be ignored by recipients.
//# type=test
TEST_P(ChallengeCasesTest, Run) {
  Fields fields(GetParam().members, GetParam().id);
  HttpAnswer answer;
  for (const nlohmann::json& value : fields.List("www_authenticate")) {
    answer.headers.emplace_back("www-authenticate",
                                testing::HeaderBytes(value));
  }
  std::vector<Challenge> read = ReadChallenges(answer);
  const std::vector<nlohmann::json> wanted = fields.List("challenges");
  ASSERT_EQ(read.size(), wanted.size());
  for (size_t i = 0; i < read.size(); ++i) {
    Fields want(wanted[i], GetParam().id);
    EXPECT_EQ(read[i].scheme, want.String("scheme"));
    EXPECT_EQ(read[i].token68, want.String("token68", ""));
    std::map<std::string, std::string> parameters;
    if (want.Has("parameters")) {
      for (const auto& [name, value] : want.Any("parameters").items()) {
        parameters[name] = testing::HeaderBytes(value);
      }
    }
    std::map<std::string, std::string> got;
    for (const auto& [name, value] : read[i].parameters) {
      got[name] = std::string(read[i].Find(name));
    }
    EXPECT_EQ(got, parameters);
  }
}

TEST_P(NonceCasesTest, Run) {
  Fields fields(GetParam().members, GetParam().id);
  HttpAnswer answer;
  answer.headers = fields.Headers("headers");
  const ReceivedNonce nonce = ReadNonce(answer);
  EXPECT_EQ(nonce.value, fields.String("nonce", ""));
  EXPECT_EQ(nonce.malformed, fields.Boolean("malformed", false));
  EXPECT_EQ(nonce.ambiguous, fields.Boolean("ambiguous", false));
}

PROOFMINT_INSTANTIATE_CASES(ChallengeCasesTest, "challenges");
PROOFMINT_INSTANTIATE_CASES(NonceCasesTest, "nonces");

}  // namespace
}  // namespace proofmint
