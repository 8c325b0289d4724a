#include "signer/tools/doctor/login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace proofmint::doctor {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ConnectionOptions NewConnection() {
  ConnectionOptions options;
  options.issuer = "https://idp.example";
  options.redirect_uri = "https://broker.example/cb";
  return options;
}

std::map<std::string, std::string> AsMap(const Form& form) {
  return {form.begin(), form.end()};
}

class LoginTest : public ::testing::Test {
 protected:
  std::string Redirect(const std::string& more) const {
    return absl::StrCat("https://broker.example/cb?state=", state_, more);
  }
  absl::Status Error(const std::string& more) const {
    return login_.ReadCode(Redirect(more)).status();
  }

  Login login_{NewConnection(), "broker"};
  std::string state_ = AsMap(login_.AuthorizationParameters(""))["state"];
};

TEST_F(LoginTest, AsksForACodeWithPkceStateAndNonce) {
  auto parameters = AsMap(login_.AuthorizationParameters("thumbprint"));
  EXPECT_EQ(parameters["response_type"], "code");
  EXPECT_EQ(parameters["client_id"], "broker");
  EXPECT_EQ(parameters["scope"], "openid");
  EXPECT_EQ(parameters["code_challenge_method"], "S256");
  EXPECT_EQ(parameters["dpop_jkt"], "thumbprint");
  EXPECT_EQ(parameters["state"].size(), 43);
  EXPECT_NE(parameters["nonce"], parameters["state"]);
  const std::string verifier =
      AsMap(login_.TokenParameters("c"))["code_verifier"];
  EXPECT_EQ(verifier.size(), 43);
  EXPECT_NE(verifier, parameters["code_challenge"]);
  const Login other(NewConnection(), "broker");
  EXPECT_NE(AsMap(other.AuthorizationParameters(""))["state"], state_);
}

TEST_F(LoginTest, ReadsTheCodeOfARedirect) {
  EXPECT_EQ(*login_.ReadCode(Redirect("&code=a%2Fb+c&iss=https%3A%2F%2Fidp."
                                      "example#fragment&code=x")),
            "a/b c");
  EXPECT_EQ(*login_.ReadCode(" " + Redirect("&code=abc") + "\r\n"), "abc");
}

TEST_F(LoginTest, RefusesARedirectOfAnotherLogin) {
  EXPECT_FALSE(login_.ReadCode("https://broker.example/cb?code=abc").ok());
  EXPECT_FALSE(
      login_.ReadCode("https://broker.example/cb?state=other&code=abc").ok());
  EXPECT_THAT(std::string(Error("&code=abc&iss=https://other").message()),
              HasSubstr("RFC 9207"));
  EXPECT_FALSE(Error("").ok());
  EXPECT_FALSE(login_.ReadCode("").ok());
}

TEST_F(LoginTest, ReportsTheErrorOfTheProviderAndNeverTheCode) {
  const absl::Status refused =
      Error("&error=access_denied&error_description=not+today");
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("access_denied: not today"));
  EXPECT_THAT(std::string(Error("&code=the-secret&iss=x").message()),
              Not(HasSubstr("the-secret")));
}

TEST(LoginTextTest, AddsToAQuery) {
  EXPECT_EQ(AddQuery("https://a/b", {{"c", "d e"}}), "https://a/b?c=d%20e");
  EXPECT_EQ(AddQuery("https://a/b?x=1", {{"c", "d"}}), "https://a/b?x=1&c=d");
}

TEST(LoginTextTest, MakesUpANewCodeEachTime) {
  auto code = AsMap(MadeUpCode(NewConnection()));
  EXPECT_EQ(code["redirect_uri"], "https://broker.example/cb");
  EXPECT_EQ(code["code"].size(), 43);
  EXPECT_NE(AsMap(MadeUpCode(NewConnection()))["code"], code["code"]);
}

}  // namespace
}  // namespace proofmint::doctor
