// Tests which proofs InspectProof refuses, and with which messages.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/inspect.h"
#include "tests/dpop/test_proofs.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kX[] = R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")";
constexpr char kOkpHeader[] =
    R"({"typ":"dpop+jwt","alg":"EdDSA","jwk":{"crv":"Ed25519","kty":"OKP",)"
    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}})";

struct Change {
  std::string from;
  std::string to;
  std::string message;
};

void ExpectRefused(absl::string_view proof, absl::string_view message) {
  EXPECT_THAT(InspectProof(proof).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(std::string(message))))
      << absl::CEscape(proof.substr(0, 500));
}

void ExpectNotJson(absl::string_view text) {
  ExpectRefused(UnsignedProof(text, kClaims), "header: not a JSON object");
  ExpectRefused(SignedProof(kHeader, text), "claims: not a JSON object");
}

// Expects that each change makes a valid header invalid: the proof is refused
// although its signature is valid.
void ExpectHeadersRefused(absl::string_view header,
                          const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    std::string changed = Replace(header, change.from, change.to);
    SCOPED_TRACE(absl::CEscape(changed));
    ExpectRefused(SignedProof(changed, kClaims), change.message);
  }
}

void ExpectClaimsRefused(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    std::string changed = Replace(kClaims, change.from, change.to);
    SCOPED_TRACE(absl::CEscape(changed));
    ExpectRefused(SignedProof(kHeader, changed), change.message);
  }
}

//= rfc9449#4.3
//# To validate a DPoP proof, the receiving server MUST ensure the following:
//# type=test
TEST(InspectRefusalsTest, StartFromValidProofs) {
  EXPECT_THAT(InspectProof(SignedProof(kHeader, kClaims)).status(), IsOk());
  EXPECT_THAT(InspectProof(UnsignedProof(kOkpHeader, kClaims)).status(),
              IsOk());
}

//= rfc9449#4.3
//# The DPoP HTTP request header field value is a single and well-formed JWT.
//# type=test
TEST(InspectRefusalsTest, AnotherNumberOfParts) {
  std::string proof = SignedProof(kHeader, kClaims);
  ExpectRefused("", "proof: got 1 parts");
  ExpectRefused(proof.substr(0, proof.rfind('.')), "proof: got 2 parts");
  ExpectRefused(proof + ".", "proof: got 4 parts");
  ExpectRefused(proof + ".AAAA.AAAA", "proof: got 5 parts");  // A JWE has five.
  ExpectRefused(proof + ", " + proof, "proof: got 5 parts");
  ExpectRefused("..", "signature: got 0 bytes");
}

TEST(InspectRefusalsTest, TextThatIsNotBase64Url) {
  std::string proof = SignedProof(kHeader, kClaims);
  ExpectRefused("!" + proof, "header: not canonical base64url");
  ExpectRefused(Replace(proof, ".", "=."), "header: ");
  ExpectRefused(Replace(proof, ".", ".="), "claims: ");
  ExpectRefused(proof + "==", "signature: ");
}

TEST(InspectRefusalsTest, ASignatureOfAnotherSize) {
  for (size_t size : {0, 1, 63, 65, 72, 128}) {
    ExpectRefused(UnsignedProof(kHeader, kClaims, size),
                  absl::StrCat("signature: got ", size, " bytes, want 64"));
  }
}

TEST(InspectRefusalsTest, PartsThatAreNotJsonObjects) {
  for (absl::string_view text :
       {"", " ", "null", "[]", "1", R"("a")", "{", "}", "{}}", "{'a':1}",
        R"({"a":1,})", R"({"a"})", "{}x", "{} {}", "{/**/}", "\xff"}) {
    ExpectNotJson(text);
  }
  for (absl::string_view value :
       {"\"\xc3\x28\"", "\"\xed\xa0\x80\"", "\"\xff\"", "\"\n\"", R"("\ud800")",
        "01", "NaN", "1e999"}) {
    ExpectNotJson(absl::StrCat(R"({"a":)", value, "}"));
  }
}

// RFC 8259 section 2: a JSON text is one value with white space around it.
TEST(InspectRefusalsTest, JsonWithAZeroByteAndMoreBehindIt) {
  for (absl::string_view more :
       {absl::string_view("\0", 1), absl::string_view("\0junk", 5)}) {
    ExpectRefused(SignedProof(absl::StrCat(kHeader, more), kClaims), "header");
    ExpectRefused(SignedProof(kHeader, absl::StrCat(kClaims, more)), "claims");
  }
}

//= rfc9449#4.3
//# The typ JOSE Header Parameter has the value dpop+jwt.
//# type=test
//= rfc9449#11.5
//# Servers accepting signed DPoP proof JWTs MUST verify that the typ field is
//# dpop+jwt in the headers of the JWTs to ensure that adversaries cannot use
//# JWTs created for other purposes.
//# type=test
TEST(InspectRefusalsTest, AnotherType) {
  ExpectHeadersRefused(
      kHeader,
      {{R"("typ":"dpop+jwt",)", "", "header.typ: missing or not a string"},
       {R"("dpop+jwt")", "1", "header.typ: missing or not a string"},
       {"dpop+jwt", "JWT", "header.typ: not dpop+jwt"},
       {"dpop+jwt", "DPoP+JWT", "header.typ: not dpop+jwt"},
       {"dpop+jwt", "application/dpop+jwt", "header.typ"},
       {"dpop+jwt", R"(dpop+jwt\u0000)", "header.typ"}});
}

//= rfc9449#4.3
//# The alg JOSE Header Parameter indicates a registered asymmetric digital
//# signature algorithm [IANA.JOSE.ALGS], is not none, is supported by the
//# application, and is acceptable per local policy.
//# type=test
TEST(InspectRefusalsTest, AnotherAlgorithm) {
  std::vector<Change> changes = {
      {R"("alg":"ES256",)", "", "header.alg: missing or not a string"},
      {R"("alg":"ES256")", R"("alg":null)",
       "header.alg: missing or not a string"}};
  for (const char* alg : {"none", "None", "", "HS256", "HS512", "RS256",
                          "PS256", "ES384", "ES256K", "Ed448", "es256"}) {
    changes.push_back({"ES256", alg, "header.alg: not ES256, "});
  }
  ExpectHeadersRefused(kHeader, changes);
}

//= rfc9449#4.3
//# The jwk JOSE Header Parameter does not contain a private key.
//# type=test
TEST(InspectRefusalsTest, APrivateKey) {
  const std::string message = "jwk: contains a private key";
  for (const char* d : {R"("d":"AAAA",)", R"("d":null,)", R"("d":"",)"}) {
    std::string kty = R"("kty")";
    ExpectHeadersRefused(kHeader, {{kty, d + kty, message}});
    ExpectHeadersRefused(kOkpHeader, {{kty, d + kty, message}});
  }
}

TEST(InspectRefusalsTest, AKeyThatDoesNotFitTheAlgorithm) {
  ExpectHeadersRefused(
      kHeader, {{"ES256", "EdDSA", "jwk: wrong type of key, want "},
                {"ES256", "Ed25519", "jwk: wrong type of key, want "},
                {"P-256", "P-384", "jwk: wrong type of key, want "},
                {"P-256", "p-256", "jwk: wrong type of key, want "},
                {R"("EC")", R"("OKP")", "jwk: wrong type of key, want "},
                {R"("EC")", R"("RSA")", "jwk: wrong type of key, want "},
                {R"("EC")", "1", "jwk.kty: missing or not a string"},
                {R"("kty":"EC",)", "", "jwk.kty"},
                {R"("crv":"P-256",)", "", "jwk.crv"}});
  ExpectHeadersRefused(kOkpHeader,
                       {{"EdDSA", "ES256", "jwk: wrong type of key, want "},
                        {"Ed25519", "X25519", "jwk: wrong type of key, want "},
                        {"Ed25519", "Ed448", "jwk: wrong type of key, want "}});
}

TEST(InspectRefusalsTest, AKeyThatIsNoObject) {
  std::string jwk(kHeader.substr(kHeader.find("{\"crv")));
  jwk.pop_back();
  ExpectHeadersRefused(
      kHeader, {{jwk, "null", "header.jwk: missing or not an object"},
                {jwk, "\"key\"", "header.jwk: missing or not an object"},
                {jwk, "[" + jwk + "]", "header.jwk: missing or not an object"},
                {R"("jwk":)", R"("jwks":)", "header.jwk"}});
}

TEST(InspectRefusalsTest, ACoordinateOfAnotherForm) {
  auto x = [](size_t size) {
    return R"("x":")" + absl::WebSafeBase64Escape(std::string(size, '\1')) +
           '"';
  };
  std::string padded = Replace(kX, "VEU", "VEU=");
  std::string plain = Replace(kX, "f83", "+83");
  std::string loose = Replace(kX, "VEU", "VEV");  // set trailing bits
  ExpectHeadersRefused(kHeader,
                       {{kX, x(31), "jwk.x: got 31 bytes, want 32"},
                        {kX, x(33), "jwk.x: got 33 bytes, want 32"},
                        {kX, x(0), "jwk.x: got 0 bytes, want 32"},
                        {kX, x(65), "jwk.x: got 65 bytes, want 32"},
                        {kX, padded, "jwk.x: not canonical"},
                        {kX, plain, "jwk.x: not canonical"},
                        {kX, loose, "jwk.x: not canonical"},
                        {kX, R"("x":1)", "jwk.x: missing or not a string"},
                        {R"("x":)", R"("X":)", "jwk.x"},
                        {R"("y":)", R"("z":)", "jwk.y"},
                        {R"("y":"x_F)", R"("y":"x_)", "jwk.y"}});
  ExpectHeadersRefused(kOkpHeader, {{"11qY", "", "jwk.x: got 29 bytes"},
                                    {R"("x":)", R"("y":)", "jwk.x"}});
}

TEST(InspectRefusalsTest, ADuplicateMember) {
  const std::string message = "duplicate JSON member";
  ExpectHeadersRefused(kHeader,
                       {{"{", R"({"typ":"dpop+jwt",)", message},
                        {kX, absl::StrCat(kX, ",", kX), message},
                        {"{", R"({"\u0074yp":"JWT",)", message},
                        {"{", R"({"a":[{"b":{},"c":1,"b":2}],)", message}});
  ExpectClaimsRefused({{"{", R"({"iat":1,)", message},
                       {"{", R"({"iat":1562262616,)", message},
                       {"{", R"({"a":{"a":1,"a":1},)", message}});
}

//= rfc9449#4.3
//# All required claims per Section 4.2 are contained in the JWT.
//# type=test
TEST(InspectRefusalsTest, AClaimThatIsMissingOrOfAnotherType) {
  ExpectClaimsRefused(
      {{"jti", "JTI", "claims.jti: missing or not a string"},
       {"htm", "htn", "claims.htm: missing or not a string"},
       {"htu", "htv", "claims.htu: missing or not a string"},
       {"iat", "ia", "claims.iat: missing or not a 64-bit integer"},
       {R"("POST")", "null", "claims.htm: missing or not a string"},
       {"{", R"({"nonce":1,)", "claims.nonce: missing or not a string"},
       {"{", R"({"ath":null,)", "claims.ath: missing or not a string"}});
}

TEST(InspectRefusalsTest, ATimeThatIsNoWholeNumber) {
  for (const char* iat : {"1562262616.5", "1562262616.0", "1e9", "-0.0", "true",
                          "null", R"("1562262616")", "[1]", "{}"}) {
    ExpectClaimsRefused(
        {{"1562262616", iat, "claims.iat: missing or not a 64-bit integer"}});
  }
}

TEST(InspectRefusalsTest, ATimeBeyond64Bits) {
  for (const char* iat : {"9223372036854775808", "18446744073709551615",
                          "18446744073709551616", "-9223372036854775809"}) {
    ExpectClaimsRefused(
        {{"1562262616", iat, "claims.iat: missing or not a 64-bit integer"}});
  }
}

}  // namespace
}  // namespace proofmint::dpop
