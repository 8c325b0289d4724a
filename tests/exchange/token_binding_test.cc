// What the cases of exchange_cases.json do not show: introspection.

#include "signer/exchange/token_binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proofmint {
namespace {

TEST(KeyOfIntrospectionTest, ReadsTheKeyOfAnActiveToken) {
  const TokenKey key = KeyOfIntrospection(
      R"({"active": true, "token_type": "DPoP", "cnf": {"jkt": "abc"}})");
  EXPECT_TRUE(key.readable);
  EXPECT_EQ(key.jkt, "abc");
}

TEST(KeyOfIntrospectionTest, ReadsATokenWithoutAKey) {
  for (const char* json :
       {R"({"active": true})", R"({"active": true, "cnf": {"jkt": ""}})",
        R"({"active": true, "cnf": {"x5t#S256": "abc"}})"}) {
    const TokenKey key = KeyOfIntrospection(json);
    EXPECT_TRUE(key.readable) << json;
    EXPECT_EQ(key.jkt, std::nullopt) << json;
  }
}

TEST(KeyOfIntrospectionTest, ReadsNothingOfATokenThatIsNotActive) {
  for (const char* json : {R"({"active": false, "cnf": {"jkt": "abc"}})",
                           R"({"active": "true", "cnf": {"jkt": "abc"}})",
                           R"({"active": 1, "cnf": {"jkt": "abc"}})",
                           R"({"cnf": {"jkt": "abc"}})", "[]", "", "<html>"}) {
    const TokenKey key = KeyOfIntrospection(json);
    EXPECT_FALSE(key.readable) << json;
    EXPECT_EQ(key.jkt, std::nullopt) << json;
  }
}

//= rfc9449#6.1
//# The value of the jkt member MUST be the base64url encoding (as defined in
//# [RFC7515]) of the JWK SHA-256 Thumbprint (according to [RFC7638]) of the
//# DPoP public key (in JWK format) to which the access token is bound.
//# type=test
TEST(KeyOfTokenTest, ReadsTheExampleOfRfc9449) {
  // The token of RFC 9449 section 6.1, figure 9.
  const TokenKey key = KeyOfToken(
      "eyJhbGciOiJFUzI1NiIsImtpZCI6IkJlQUxrYiJ9.eyJzdWIiOiJzb21lb25lQGV4YW1wbGU"
      "uY29tIiwiaXNzIjoiaHR0cHM6Ly9zZXJ2ZXIuZXhhbXBsZS5jb20iLCJuYmYiOjE1NjIyNjI"
      "2MTEsImV4cCI6MTU2MjI2NjIxNiwiY25mIjp7ImprdCI6IjBaY09DT1JaTll5LURXcHFxMzB"
      "qWnlKR0hUTjBkMkhnbEJWM3VpZ3VBNEkifX0.3Tyo8VTcn6u_PboUmAOYUY1kfAavomW_YwY"
      "MkmRNizLJoQzWy2fCo79Zi5yObpIzjWb5xW4OGld7ESZrh0fsrA");
  EXPECT_TRUE(key.readable);
  EXPECT_EQ(key.jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

}  // namespace
}  // namespace proofmint
