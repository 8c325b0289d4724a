// Makes proofs with any header and claims, for tests of code that reads proofs.

#ifndef PROOFMINT_TESTS_DPOP_TEST_PROOFS_H_
#define PROOFMINT_TESTS_DPOP_TEST_PROOFS_H_

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"
#include "tests/dpop/test_keys.h"
#include "tests/testing/fake_entropy.h"

namespace proofmint::dpop {

// A valid header, for the key of RFC 7515 appendix A.3.1, and valid claims.
inline constexpr absl::string_view kHeader =
    R"({"typ":"dpop+jwt","alg":"ES256","jwk":{"crv":"P-256","kty":"EC",)"
    R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}})";
inline constexpr absl::string_view kClaims =
    R"({"jti":"AAECAwQFBgcICQoLDA0ODw","htm":"POST",)"
    R"("htu":"https://server.example.com/token","iat":1562262616})";

// Returns the claims whose text is kClaims.
inline Claims RequiredClaims() {
  Claims claims = {};
  for (size_t i = 0; i < claims.jti.size(); ++i) {
    claims.jti[i] = static_cast<uint8_t>(i);
  }
  claims.htm = "POST";
  claims.htu = "https://server.example.com/token";
  claims.iat = 1562262616;
  return claims;
}

// Returns `text` with the first `from` replaced by `to`.
inline std::string Replace(absl::string_view text, absl::string_view from,
                           absl::string_view to) {
  size_t place = text.find(from);
  if (place == absl::string_view::npos) return "nothing to replace";
  return absl::StrCat(text.substr(0, place), to,
                      text.substr(place + from.size()));
}

// Joins the parts and a signature that is not valid.
inline std::string UnsignedProof(absl::string_view header,
                                 absl::string_view claims,
                                 size_t signature_size = kSignatureSize) {
  return absl::StrCat(
      absl::WebSafeBase64Escape(header), ".", absl::WebSafeBase64Escape(claims),
      ".", absl::WebSafeBase64Escape(std::string(signature_size, '\1')));
}

// Signs the parts with the key of RFC 7515 appendix A.3.1.
inline std::string SignedProof(absl::string_view header,
                               absl::string_view claims) {
  std::string input = absl::StrCat(absl::WebSafeBase64Escape(header), ".",
                                   absl::WebSafeBase64Escape(claims));
  crypto::P256KeyPair key = crypto::P256KeyPairFromScalar(
                                proofmint::testing::FromHex<32>(kRfc7515Scalar))
                                .value();
  std::array<uint8_t, kSignatureSize> signature = {};
  if (!crypto::SignEs256(key, crypto::Sha256(crypto::AsBytes(input)), signature)
           .ok()) {
    return "";
  }
  return absl::StrCat(input, ".",
                      absl::WebSafeBase64Escape(
                          std::string(signature.begin(), signature.end())));
}

// Makes a valid proof with the functions under test.
inline std::string ProofOf(const ProofKey& key) {
  Claims claims = {};
  claims.htm = "POST";
  claims.htu = "https://server.example.com/token";
  claims.nonce = "nonce";
  proofmint::testing::FakeEntropy entropy;
  std::string proof;
  WriteSigningInput(key, claims, proof);
  ProofJob job = {&key, &proof};
  EXPECT_TRUE(SignProofs(crypto::Kernel::kBoringSsl, entropy, {&job, 1}).ok());
  return proof;
}

}  // namespace proofmint::dpop

#endif  // PROOFMINT_TESTS_DPOP_TEST_PROOFS_H_
