// FakeKey is a key pair of OpenSSL, for FakeProofSource alone.

#ifndef PROOFMINT_SIGNER_EXCHANGE_TESTING_FAKE_KEY_H_
#define PROOFMINT_SIGNER_EXCHANGE_TESTING_FAKE_KEY_H_

#include <openssl/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "absl/strings/string_view.h"
#include "signer/dpop/algorithm.h"

namespace proofmint {

// FakeKey aborts the process where OpenSSL fails. Thread-safe.
class FakeKey {
 public:
  explicit FakeKey(dpop::Algorithm algorithm);
  ~FakeKey();
  FakeKey(const FakeKey&) = delete;
  FakeKey& operator=(const FakeKey&) = delete;

  dpop::Algorithm algorithm() const { return algorithm_; }
  // The public key as a JSON Web Key, and its thumbprint (RFC 7638).
  const std::string& jwk() const { return jwk_; }
  const std::string& jkt() const { return jkt_; }

  // Returns the 64 bytes of the JWS signature of `message`.
  std::string Sign(const std::string& message) const;

 private:
  bool is_es256() const { return algorithm_ == dpop::Algorithm::kEs256; }

  const dpop::Algorithm algorithm_;
  EVP_PKEY* const key_;
  std::string jwk_;
  std::string jkt_;
};

// Base64Url returns `bytes` in base64url without padding.
std::string Base64Url(std::span<const uint8_t> bytes);

// AsBytes views text as bytes; it owns nothing.
inline std::span<const uint8_t> AsBytes(absl::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_TESTING_FAKE_KEY_H_
