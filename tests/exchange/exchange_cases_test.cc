// Runs the section "exchanges" of exchange_cases.json in process.

#include <gtest/gtest.h>

#include "tests/exchange/case_file.h"
#include "tests/exchange/exchange_case_run.h"

namespace proofmint {
namespace {

using testing::Case;
using testing::ExchangeCaseRun;

class ExchangeCasesTest : public ::testing::TestWithParam<Case> {};

//= rfc9449#5
//# To request an access token that is bound to a public key using DPoP, the
//# client MUST provide a valid DPoP proof JWT in a DPoP header when making an
//# access token request to the authorization server's token endpoint.
//# type=test
//= rfc9449#5
//# The client MUST discard the response in this case if this protection is
//# deemed important for the security of the application; otherwise, the client
//# may continue as in a regular OAuth interaction.
//# type=test
//= rfc9449#7
//# Requests to DPoP-protected resources MUST include both a DPoP proof as per
//# Section 4 and the access token as described in Section 7.1.
//# type=test
//= rfc9449#8.2
//# The client MUST use the new nonce value supplied for the next token request
//# and for all subsequent token requests until the authorization server
//# supplies a new nonce.
//# type=test
TEST_P(ExchangeCasesTest, Run) { ExchangeCaseRun(GetParam()).Run(); }

PROOFMINT_INSTANTIATE_CASES(ExchangeCasesTest, "exchanges");

}  // namespace
}  // namespace proofmint
