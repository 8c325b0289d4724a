// Verifies DPoP proofs (RFC 9449) with OpenSSL. It shares no code with the
// service, so that the two cannot be wrong in the same way.
//
// Reads lines of JSON from standard input, as `proofmint sign --json` prints
// them: {proof, jkt, iat, alg, htm, htu, nonce}. Prints one line of JSON,
// {"verified":n,"failed":n,"leading_zero":n}, where leading_zero counts the
// coordinates that begin with a zero byte; and for each failure one line on
// standard error. Exits with 1 when a line failed or there was none.

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace {

// Json keeps the order of members, so that dump() reproduces the text.
using Json = nlohmann::ordered_json;
using Bytes = std::vector<uint8_t>;

constexpr size_t kCoordinateBytes = 32;
constexpr size_t kSignatureBytes = 64;
constexpr size_t kJtiBytes = 16;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// Holds what must differ between all proofs of one input.
struct Seen {
  std::unordered_set<std::string> jtis;
  std::unordered_set<std::string> thumbprints;
  size_t leading_zero = 0;
};

// Holds the three parts of a compact JWS (RFC 7515 section 7.1).
struct Jws {
  std::string_view signing_input;  // header "." claims, as they were signed
  Json header;
  Json claims;
  Bytes signature;
};

struct PublicKey {
  Key key;
  std::string thumbprint;
  size_t leading_zero;
};

// Decodes base64url as RFC 7515 section 2 defines it: without padding or other
// characters, and with zeros in the unused bits of the last character.
std::optional<Bytes> DecodeBase64Url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  Bytes bytes;
  uint32_t bits = 0;
  int bit_count = 0;
  for (char c : text) {
    uint32_t value;
    if (c >= 'A' && c <= 'Z') {
      value = c - 'A';
    } else if (c >= 'a' && c <= 'z') {
      value = c - 'a' + 26;
    } else if (c >= '0' && c <= '9') {
      value = c - '0' + 52;
    } else if (c == '-') {
      value = 62;
    } else if (c == '_') {
      value = 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6 | value;
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<uint8_t>(bits >> bit_count));
      bits &= (1u << bit_count) - 1;
    }
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

std::string EncodeBase64Url(const uint8_t* bytes, size_t size) {
  std::string text((size + 2) / 3 * 4 + 1, '\0');
  text.resize(EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes,
                              static_cast<int>(size)));
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  while (text.ends_with('=')) text.pop_back();
  return text;
}

// Decodes an object of compact JSON. Since dump() must reproduce the text, no
// member can be repeated or be written in another form.
std::optional<Json> DecodeObject(std::string_view base64url) {
  std::optional<Bytes> text = DecodeBase64Url(base64url);
  if (!text) return std::nullopt;
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  if (json.dump() != std::string(text->begin(), text->end())) {
    return std::nullopt;
  }
  return json;
}

// Returns the member's text, or nothing if it is missing or not a string.
std::string Text(const Json& object, const char* member) {
  auto found = object.find(member);
  if (found == object.end() || !found->is_string()) return "";
  return found->get<std::string>();
}

bool HasExactly(const Json& object, std::vector<const char*> members) {
  if (!object.is_object() || object.size() != members.size()) return false;
  for (const char* member : members) {
    if (!object.contains(member)) return false;
  }
  return true;
}

std::string ParseJws(std::string_view proof, Jws* jws) {
  size_t first = proof.find('.');
  if (first == proof.npos) return "proof: got no dot, want two";
  size_t second = proof.find('.', first + 1);
  if (second == proof.npos) return "proof: got one dot, want two";
  std::optional<Json> header = DecodeObject(proof.substr(0, first));
  if (!header) return "header: not canonical base64url of a JSON object";
  std::optional<Json> claims =
      DecodeObject(proof.substr(first + 1, second - first - 1));
  if (!claims) return "claims: not canonical base64url of a JSON object";
  std::optional<Bytes> signature = DecodeBase64Url(proof.substr(second + 1));
  if (!signature) return "signature: not canonical base64url";
  if (signature->size() != kSignatureBytes) return "signature: want 64 bytes";
  *jws = {proof.substr(0, second), *std::move(header), *std::move(claims),
          *std::move(signature)};
  return "";
}

Key NewP256Key(const Bytes& x, const Bytes& y) {
  Bytes point = {POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  char group[] = "P-256";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                        point.size()),
      OSSL_PARAM_construct_end()};
  std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  // Refuses a point that is not on the curve.
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) !=
          1) {
    return nullptr;
  }
  return Key(key);
}

// Reads the header's key and computes its thumbprint (RFC 7638 section 3).
std::string ParseKey(const Json& jwk, bool is_p256, PublicKey* key) {
  if (is_p256 ? !HasExactly(jwk, {"kty", "crv", "x", "y"})
              : !HasExactly(jwk, {"kty", "crv", "x"})) {
    return "jwk: missing or further members";
  }
  std::string x = Text(jwk, "x");
  std::string y = Text(jwk, "y");
  std::optional<Bytes> x_bytes = DecodeBase64Url(x);
  std::optional<Bytes> y_bytes = DecodeBase64Url(y);
  if (!x_bytes || x_bytes->size() != kCoordinateBytes) {
    return "jwk.x: want canonical base64url of 32 bytes";
  }
  if (is_p256 && (!y_bytes || y_bytes->size() != kCoordinateBytes)) {
    return "jwk.y: want canonical base64url of 32 bytes";
  }
  const char* kty = is_p256 ? "EC" : "OKP";
  const char* crv = is_p256 ? "P-256" : "Ed25519";
  if (Text(jwk, "kty") != kty) return std::string("jwk.kty: want ") + kty;
  if (Text(jwk, "crv") != crv) return std::string("jwk.crv: want ") + crv;

  key->leading_zero = x_bytes->front() == 0;
  if (is_p256) {
    key->leading_zero += y_bytes->front() == 0;
    key->key = NewP256Key(*x_bytes, *y_bytes);
  } else {
    key->key.reset(EVP_PKEY_new_raw_public_key(
        EVP_PKEY_ED25519, nullptr, x_bytes->data(), x_bytes->size()));
  }
  if (!key->key) return "jwk: not a public key";

  std::string canonical = std::string("{\"crv\":\"") + crv + "\",\"kty\":\"" +
                          kty + "\",\"x\":\"" + x + "\"";
  if (is_p256) canonical += ",\"y\":\"" + y + "\"";
  canonical += "}";
  uint8_t digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const uint8_t*>(canonical.data()), canonical.size(),
         digest);
  key->thumbprint = EncodeBase64Url(digest, sizeof(digest));
  return "";
}

// Returns the DER form, which OpenSSL requires, of a signature that a JWS holds
// as r || s (RFC 7518 section 3.4).
Bytes DerFromRaw(const Bytes& raw) {
  std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
  constexpr int kHalf = kSignatureBytes / 2;
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw.data(), kHalf, nullptr),
                 BN_bin2bn(raw.data() + kHalf, kHalf, nullptr));
  Bytes der(i2d_ECDSA_SIG(signature.get(), nullptr));
  uint8_t* end = der.data();
  i2d_ECDSA_SIG(signature.get(), &end);
  return der;
}

bool VerifySignature(const Jws& jws, EVP_PKEY* key, bool is_p256) {
  Bytes signature = is_p256 ? DerFromRaw(jws.signature) : jws.signature;
  std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr,
                              is_p256 ? EVP_sha256() : nullptr, nullptr,
                              key) == 1 &&
         EVP_DigestVerify(
             context.get(), signature.data(), signature.size(),
             reinterpret_cast<const uint8_t*>(jws.signing_input.data()),
             jws.signing_input.size()) == 1;
}

// Checks the claims against the request that the line describes.
std::string CheckClaims(const Json& claims, const Json& line, Seen* seen) {
  std::string nonce = Text(line, "nonce");
  if (nonce.empty()
          ? !HasExactly(claims, {"jti", "htm", "htu", "iat"})
          : !HasExactly(claims, {"jti", "htm", "htu", "iat", "nonce"})) {
    return "claims: missing or further members";
  }
  for (const char* member : {"htm", "htu", "nonce"}) {
    if (Text(claims, member) != Text(line, member)) {
      return std::string(member) + ": the claim differs from the line";
    }
  }
  const Json& iat = claims["iat"];
  if (!iat.is_number_integer() || iat != line.value("iat", Json())) {
    return "iat: want the line's whole number";
  }
  std::string jti = Text(claims, "jti");
  std::optional<Bytes> jti_bytes = DecodeBase64Url(jti);
  if (!jti_bytes || jti_bytes->size() != kJtiBytes) {
    return "jti: want canonical base64url of 16 bytes";
  }
  if (!seen->jtis.insert(jti).second) return "jti: seen before";
  return "";
}

// Returns why the line's proof is not valid, or nothing if it is.
std::string VerifyLine(const std::string& text, Seen* seen) {
  Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return "line: not a JSON object";
  std::string proof = Text(line, "proof");
  Jws jws;
  if (std::string why = ParseJws(proof, &jws); !why.empty()) return why;

  if (!HasExactly(jws.header, {"typ", "alg", "jwk"})) {
    return "header: missing or further members";
  }
  if (Text(jws.header, "typ") != "dpop+jwt") return "typ: want dpop+jwt";
  std::string alg = Text(jws.header, "alg");
  if (alg != "ES256" && alg != "Ed25519" && alg != "EdDSA") {
    return "alg: want ES256, Ed25519 or EdDSA";
  }
  if (alg != Text(line, "alg")) return "alg: differs from the line's";
  bool is_p256 = alg == "ES256";

  PublicKey key;
  std::string why = ParseKey(jws.header["jwk"], is_p256, &key);
  if (!why.empty()) return why;
  if (!VerifySignature(jws, key.key.get(), is_p256)) {
    return "signature: does not verify";
  }
  if (key.thumbprint != Text(line, "jkt")) {
    return "jkt: differs from the key's thumbprint";
  }
  if (!seen->thumbprints.insert(key.thumbprint).second) {
    return "jwk: key seen before";
  }
  why = CheckClaims(jws.claims, line, seen);
  if (why.empty()) seen->leading_zero += key.leading_zero;
  return why;
}

}  // namespace

int main() {
  Seen seen;
  size_t verified = 0;
  size_t failed = 0;
  for (std::string line; std::getline(std::cin, line);) {
    std::string why = VerifyLine(line, &seen);
    if (why.empty()) {
      ++verified;
    } else {
      ++failed;
      std::cerr << "line " << verified + failed << ": " << why << '\n';
    }
  }
  std::cout << Json{{"verified", verified},
                    {"failed", failed},
                    {"leading_zero", seen.leading_zero}}
                   .dump()
            << std::endl;
  return failed == 0 && verified > 0 ? 0 : 1;
}
