#include "signer/tools/inspect_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <sstream>
#include <string>

#include "tests/tools/run_command.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Result;
using ::proofmint::testing::RunCommand;
using ::testing::HasSubstr;

// RFC 9449 section 4.1, figure 2.
constexpr char kProof[] =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik"
    "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR"
    "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE"
    "QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj"
    "oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia"
    "WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg"
    "4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

Result Inspect(const std::string& proof) {
  return RunCommand(AddInspectCommand, {"inspect", proof});
}

TEST(InspectCommandTest, PrintsTheExampleOfRfc9449) {
  const Result result = Inspect(kProof);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.output, R"(header {
  "typ": "dpop+jwt",
  "alg": "ES256",
  "jwk": {
    "kty": "EC",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "crv": "P-256"
  }
}
claims {
  "jti": "-BwC3ESc6acc2lTc",
  "htm": "POST",
  "htu": "https://server.example.com/token",
  "iat": 1562262616
}
issued     2019-07-04 17:50:16 UTC
thumbprint 0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I
signature  valid
)");
}

TEST(InspectCommandTest, PrintsAProofWhoseSignatureIsWrongAndFails) {
  std::string proof = kProof;
  proof[proof.rfind('.') + 1] = '3';
  const Result result = Inspect(proof);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.output, HasSubstr("\"jti\": \"-BwC3ESc6acc2lTc\""));
  EXPECT_THAT(result.output, HasSubstr("signature  INVALID\n"));
}

TEST(InspectCommandTest, SaysWhyATextIsNoProof) {
  const Result result = Inspect("a.b");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.output, "");
  EXPECT_THAT(result.error, ::testing::MatchesRegex(
                                "error: not a DPoP proof\n  proof: .+\n"));
}

// Returns the outcome of `inspect -` with `text` as standard input.
Result InspectInput(const std::string& text) {
  std::istringstream input(text);
  std::streambuf* const saved = std::cin.rdbuf(input.rdbuf());
  const Result result = Inspect("-");
  std::cin.rdbuf(saved);
  std::cin.clear();
  return result;
}

TEST(InspectCommandTest, InspectsEachProofOfStandardInput) {
  const std::string proof = kProof;
  const std::string shown = Inspect(proof).output;
  EXPECT_EQ(InspectInput(proof + "\n").output, shown);
  const Result two = InspectInput(proof + "\n" + proof + "\n");
  EXPECT_EQ(two.exit_code, 0);
  EXPECT_EQ(two.output, shown + "\n" + shown);
  const Result one_is_none = InspectInput(proof + "\na.b\n" + proof);
  EXPECT_EQ(one_is_none.exit_code, 1);
  EXPECT_EQ(one_is_none.output, shown + "\n\n" + shown);
  EXPECT_THAT(one_is_none.error, HasSubstr("not a DPoP proof"));
  EXPECT_EQ(InspectInput("").exit_code, 1);
}

TEST(InspectCommandTest, NeedsAProof) {
  const Result result = RunCommand(AddInspectCommand, {"inspect"});
  EXPECT_GT(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("PROOF"));
}

}  // namespace
}  // namespace proofmint::tools
