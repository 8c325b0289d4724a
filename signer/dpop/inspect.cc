#include "signer/dpop/inspect.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/p256.h"
#include "signer/crypto/sha2.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/jwk.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::dpop {
namespace {

using Json = nlohmann::json;

absl::Status Error(absl::string_view field, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", problem));
}

absl::StatusOr<std::string> Decode(absl::string_view field,
                                   absl::string_view text) {
  absl::StatusOr<std::string> bytes = DecodeBase64Url(text);
  if (bytes.ok()) return bytes;
  return Error(field, bytes.status().message());
}

template <size_t N>
absl::StatusOr<std::array<uint8_t, N>> DecodeFixed(absl::string_view field,
                                                   absl::string_view text) {
  PROOFMINT_ASSIGN_OR_RETURN(std::string bytes, Decode(field, text));
  if (bytes.size() != N) {
    return Error(field, absl::StrCat("got ", bytes.size(), " bytes, want ", N));
  }
  std::array<uint8_t, N> fixed;
  std::copy(bytes.begin(), bytes.end(), fixed.begin());
  return fixed;
}

absl::StatusOr<Json> ParseObject(absl::string_view field,
                                 absl::string_view text) {
  std::vector<std::set<std::string>> open_objects;
  bool duplicate = false;
  auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      open_objects.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open_objects.pop_back();
    } else if (event == Json::parse_event_t::key) {
      duplicate |=
          !open_objects.back().insert(parsed.get<std::string>()).second;
    }
    return true;
  };
  // The parser would skip a byte order mark and ignore everything after a zero
  // byte.
  if (!absl::StartsWith(text, "{") || absl::StrContains(text, '\0')) {
    return Error(field, "not a JSON object");
  }
  Json json = Json::parse(text.begin(), text.end(), watch,
                          /*allow_exceptions=*/false);
  if (!json.is_object()) return Error(field, "not a JSON object");
  if (duplicate) return Error(field, "duplicate JSON member");
  return json;
}

absl::StatusOr<std::string> StringMember(absl::string_view field,
                                         const Json& object, const char* name) {
  auto member = object.find(name);
  if (member == object.end() || !member->is_string()) {
    return Error(absl::StrCat(field, ".", name), "missing or not a string");
  }
  return member->get<std::string>();
}

// Returns an empty string if there is no such member.
absl::StatusOr<std::string> OptionalStringMember(absl::string_view field,
                                                 const Json& object,
                                                 const char* name) {
  if (!object.contains(name)) return std::string();
  return StringMember(field, object, name);
}

template <size_t N>
absl::StatusOr<std::array<uint8_t, N>> JwkMember(const Json& jwk,
                                                 const char* name) {
  PROOFMINT_ASSIGN_OR_RETURN(std::string text, StringMember("jwk", jwk, name));
  return DecodeFixed<N>(absl::StrCat("jwk.", name), text);
}

//= rfc9449#4.3
//# The JWT signature verifies with the public key contained in the jwk JOSE
//# Header Parameter.
// Checks the signature with the key in `jwk` and fills in the thumbprint.
absl::Status CheckSignature(
    const Json& jwk, absl::string_view signing_input,
    const std::array<uint8_t, kSignatureSize>& signature,
    InspectedProof& proof) {
  PROOFMINT_ASSIGN_OR_RETURN(std::string kty, StringMember("jwk", jwk, "kty"));
  PROOFMINT_ASSIGN_OR_RETURN(std::string crv, StringMember("jwk", jwk, "crv"));
  //= rfc9449#4.3
  //# The jwk JOSE Header Parameter does not contain a private key.
  if (jwk.contains("d")) return Error("jwk", "contains a private key");
  bool es256 = proof.algorithm == Algorithm::kEs256;
  absl::string_view want_kty = es256 ? "EC" : "OKP";
  absl::string_view want_crv = es256 ? "P-256" : "Ed25519";
  if (kty != want_kty || crv != want_crv) {
    return Error("jwk", absl::StrCat("wrong type of key, want ", want_kty, " ",
                                     want_crv));
  }

  std::array<char, kMaxJwkSize> buffer;
  TextWriter canonical(buffer);
  if (es256) {
    crypto::P256PublicKey key;
    PROOFMINT_ASSIGN_OR_RETURN(
        key.x, JwkMember<crypto::kP256CoordinateSize>(jwk, "x"));
    PROOFMINT_ASSIGN_OR_RETURN(
        key.y, JwkMember<crypto::kP256CoordinateSize>(jwk, "y"));
    AppendJwk(key, canonical);
    proof.signature_valid = crypto::VerifyEs256(
        key, crypto::Sha256(crypto::AsBytes(signing_input)), signature);
  } else {
    PROOFMINT_ASSIGN_OR_RETURN(
        crypto::Ed25519PublicKey key,
        JwkMember<crypto::kEd25519PublicKeySize>(jwk, "x"));
    AppendJwk(key, canonical);
    proof.signature_valid =
        crypto::VerifyEd25519(key, crypto::AsBytes(signing_input), signature);
  }
  Jkt jkt = Thumbprint(canonical.text());
  proof.jkt.assign(jkt.data(), jkt.size());
  return absl::OkStatus();
}

//= rfc9449#4.3
//# All required claims per Section 4.2 are contained in the JWT.
absl::Status ReadClaims(const Json& claims, InspectedProof& proof) {
  PROOFMINT_ASSIGN_OR_RETURN(proof.jti, StringMember("claims", claims, "jti"));
  PROOFMINT_ASSIGN_OR_RETURN(proof.htm, StringMember("claims", claims, "htm"));
  PROOFMINT_ASSIGN_OR_RETURN(proof.htu, StringMember("claims", claims, "htu"));
  PROOFMINT_ASSIGN_OR_RETURN(proof.nonce,
                             OptionalStringMember("claims", claims, "nonce"));
  PROOFMINT_ASSIGN_OR_RETURN(proof.ath,
                             OptionalStringMember("claims", claims, "ath"));
  auto iat = claims.find("iat");
  if (iat == claims.end() || !iat->is_number_integer() ||
      (iat->is_number_unsigned() &&
       iat->get<uint64_t>() > std::numeric_limits<int64_t>::max())) {
    return Error("claims.iat", "missing or not a 64-bit integer");
  }
  proof.iat = iat->get<int64_t>();
  return absl::OkStatus();
}

}  // namespace

//= rfc9449#4.3
//# To validate a DPoP proof, the receiving server MUST ensure the following:
absl::StatusOr<InspectedProof> InspectProof(absl::string_view proof) {
  //= rfc9449#4.3
  //# The DPoP HTTP request header field value is a single and well-formed JWT.
  std::vector<absl::string_view> parts = absl::StrSplit(proof, '.');
  if (parts.size() != 3) {
    return Error("proof", absl::StrCat("got ", parts.size(),
                                       " parts, want 3 separated by dots"));
  }
  InspectedProof result;
  PROOFMINT_ASSIGN_OR_RETURN(result.header, Decode("header", parts[0]));
  PROOFMINT_ASSIGN_OR_RETURN(result.claims, Decode("claims", parts[1]));
  PROOFMINT_ASSIGN_OR_RETURN(
      auto signature, DecodeFixed<kSignatureSize>("signature", parts[2]));

  PROOFMINT_ASSIGN_OR_RETURN(Json header, ParseObject("header", result.header));
  PROOFMINT_ASSIGN_OR_RETURN(std::string typ,
                             StringMember("header", header, "typ"));
  //= rfc9449#4.3
  //# The typ JOSE Header Parameter has the value dpop+jwt.
  //= rfc9449#11.5
  //# Servers accepting signed DPoP proof JWTs MUST verify that the typ field is
  //# dpop+jwt in the headers of the JWTs to ensure that adversaries cannot use
  //# JWTs created for other purposes.
  if (typ != "dpop+jwt") return Error("header.typ", "not dpop+jwt");
  PROOFMINT_ASSIGN_OR_RETURN(std::string alg,
                             StringMember("header", header, "alg"));
  //= rfc9449#4.3
  //# The alg JOSE Header Parameter indicates a registered asymmetric digital
  //# signature algorithm [IANA.JOSE.ALGS], is not none, is supported by the
  //# application, and is acceptable per local policy.
  std::optional<Algorithm> algorithm = AlgorithmFromName(alg);
  if (!algorithm) {
    return Error("header.alg", "not ES256, Ed25519 or EdDSA");
  }
  result.algorithm = *algorithm;
  auto jwk = header.find("jwk");
  if (jwk == header.end() || !jwk->is_object()) {
    return Error("header.jwk", "missing or not an object");
  }
  PROOFMINT_RETURN_IF_ERROR(CheckSignature(
      *jwk, proof.substr(0, parts[0].size() + 1 + parts[1].size()), signature,
      result));

  PROOFMINT_ASSIGN_OR_RETURN(Json claims, ParseObject("claims", result.claims));
  PROOFMINT_RETURN_IF_ERROR(ReadClaims(claims, result));
  return result;
}

}  // namespace proofmint::dpop
