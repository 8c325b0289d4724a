#include "signer/exchange/exchange.h"

#include <openssl/sha.h>

#include <algorithm>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "signer/exchange/printable_text.h"

namespace proofmint {
namespace {

// Computes SHA-256 by libcrypto. The function is declared alike by OpenSSL and
// BoringSSL, so that a program that has both may link either.
std::array<uint8_t, 32> Sha256(absl::string_view text) {
  std::array<uint8_t, 32> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         digest.data());
  return digest;
}

// Tells whether `text` can be a JWS in compact serialization.
bool IsCompactJws(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
           c == '_' || c == '.';
  });
}

// Tells whether a signer's error passes by itself.
bool IsPassing(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable ||
         code == absl::StatusCode::kCancelled ||
         code == absl::StatusCode::kResourceExhausted ||
         code == absl::StatusCode::kDeadlineExceeded;
}

}  // namespace

Exchange::Exchange(ExchangeOptions options, Endpoint endpoint,
                   NonceStore& nonces)
    : options_(std::move(options)),
      endpoint_(endpoint),
      nonces_(&nonces),
      nonce_key_{options_.issuer, options_.client_id,
                 endpoint == Endpoint::kResource
                     ? NonceIssuer::kResourceServer
                     : NonceIssuer::kAuthorizationServer} {
  //= rfc9449#8.2
  //# The client MUST use the new nonce value supplied for the next token
  //# request and for all subsequent token requests until the authorization
  //# server supplies a new nonce.
  nonce_ = nonces_->Get(nonce_key_);
  secrets_.push_back(nonce_);
}

Exchange Exchange::Token(ExchangeOptions options, absl::string_view grant_type,
                         NonceStore& nonces) {
  Exchange exchange(std::move(options), Endpoint::kToken, nonces);
  exchange.grant_type_ = std::string(grant_type);
  return exchange;
}

Exchange Exchange::Pushed(ExchangeOptions options, NonceStore& nonces) {
  return Exchange(std::move(options), Endpoint::kPushedAuthorization, nonces);
}

Exchange Exchange::Resource(ExchangeOptions options, absl::string_view htm,
                            absl::string_view access_token,
                            absl::string_view token_type, NonceStore& nonces) {
  Exchange exchange(std::move(options), Endpoint::kResource, nonces);
  exchange.htm_ = std::string(htm);
  exchange.access_token_ = std::string(access_token);
  exchange.with_proof_ = absl::EqualsIgnoreCase(token_type, "dpop");
  const bool is_bearer =
      token_type.empty() || absl::EqualsIgnoreCase(token_type, "bearer");
  if (!IsVisibleWord(access_token) ||
      (!exchange.with_proof_ &&
       (!is_bearer || exchange.options_.binding == BindingPolicy::kRequire))) {
    exchange.End(Verdict::kNotSent, Hint::kTokenNotUsable);
    return exchange;
  }
  exchange.secrets_.push_back(exchange.access_token_);
  //= rfc9449#7
  //# Requests to DPoP-protected resources MUST include both a DPoP proof as per
  //# Section 4 and the access token as described in Section 7.1.
  exchange.authorization_ =
      absl::StrCat(exchange.with_proof_ ? "DPoP " : "Bearer ", access_token);
  if (exchange.with_proof_) {
    exchange.access_token_sha256_ = Sha256(access_token);
  } else {
    exchange.next_ = Next::kSend;
  }
  return exchange;
}

ProofRequest Exchange::proof_request() const {
  ABSL_RAW_CHECK(next_ == Next::kSign,
                 "Exchange::proof_request: out of turn, next() is not kSign");
  return {
      .algorithm = options_.algorithm,
      .htm = htm_,
      .htu = options_.url,
      .nonce = nonce_,
      .access_token_sha256 = access_token_sha256_,
      .key_handle = key_handle_dropped_ ? "" : options_.key_handle,
      // The caller of a refresh had a handle and needs the new key's.
      .return_key_handle = options_.return_key_handle || key_handle_dropped_,
      .iat_offset = options_.iat_offset};
}

void Exchange::OnProof(absl::StatusOr<Proof> proof, absl::Duration took) {
  ABSL_RAW_CHECK(next_ == Next::kSign,
                 "Exchange::OnProof: out of turn, next() is not kSign");
  outcome_.signer_time += took;
  if (!proof.ok()) {
    EndForSigner(proof.status());
    return;
  }
  //= rfc9449#7.3
  //# It is RECOMMENDED that clients generate a unique DPoP proof, even when
  //# retrying idempotent requests in response to HTTP errors generally
  //# understood as transient.
  if (!IsCompactJws(proof->jwt) || proof->jwt == first_proof_) {
    EndForSigner(absl::InternalError(
        "proof: the signer returned one that cannot be sent, or sent again"));
    return;
  }
  proof_ = std::move(proof->jwt);
  secrets_.push_back(proof_);
  if (first_proof_.empty()) first_proof_ = proof_;
  outcome_.jkt = std::move(proof->jkt);
  outcome_.key_handle = !proof->key_handle.empty()
                            ? std::move(proof->key_handle)
                        : key_handle_dropped_ ? ""
                                              : options_.key_handle;
  next_ = Next::kSend;
}

Exchange::Attempt Exchange::attempt() const {
  ABSL_RAW_CHECK(next_ == Next::kSend,
                 "Exchange::attempt: out of turn, next() is not kSend");
  Attempt attempt = {.number = outcome_.attempts + 1};
  //= rfc9449#5
  //# To request an access token that is bound to a public key using DPoP, the
  //# client MUST provide a valid DPoP proof JWT in a DPoP header when making an
  //# access token request to the authorization server's token endpoint.
  if (with_proof_) attempt.headers.emplace_back("DPoP", proof_);
  if (!authorization_.empty()) {
    attempt.headers.emplace_back("Authorization", authorization_);
  }
  return attempt;
}

void Exchange::OnTransportError(absl::Status error, bool sent,
                                absl::Duration took) {
  ABSL_RAW_CHECK(
      next_ == Next::kSend,
      "Exchange::OnTransportError: out of turn, next() is not kSend");
  ABSL_RAW_CHECK(!error.ok(), "Exchange::OnTransportError: got OK");
  ++outcome_.attempts;
  outcome_.idp_times.push_back(took);
  outcome_.transport = std::move(error);
  EndUnavailable(sent);
}

const Outcome& Exchange::outcome() const {
  ABSL_RAW_CHECK(next_ == Next::kDone,
                 "Exchange::outcome: out of turn, next() is not kDone");
  return outcome_;
}

void Exchange::Retry(absl::string_view nonce) {
  nonce_ = std::string(nonce);
  // What the first answer said is not how the exchange ends.
  outcome_.http_status = 0;
  outcome_.error.clear();
  outcome_.error_description.clear();
  outcome_.body.clear();
  next_ = Next::kSign;
}

void Exchange::End(Verdict verdict, Hint hint) {
  outcome_.verdict = verdict;
  outcome_.hint = hint;
  next_ = Next::kDone;
}

void Exchange::EndForSigner(absl::Status error) {
  const std::string reason = ReasonOf(error);
  //= rfc9449#5
  //# As a result, such a client MUST present a DPoP proof for the same key that
  //# was used to obtain the refresh token each time that refresh token is used
  //# to obtain a new access token.
  if (options_.confidential_client && grant_type_ == "refresh_token" &&
      !options_.key_handle.empty() && !key_handle_dropped_ &&
      reason == "INVALID_KEY_HANDLE") {
    key_handle_dropped_ = true;  // next_ stays kSign.
    return;
  }
  const bool passing = IsPassing(error.code());
  if (passing && reason == "KEY_GENERATION_FAILED") {
    outcome_.error = "dpop_key_generation_failed";
  }
  outcome_.signer = std::move(error);
  outcome_.safe_to_repeat = passing;
  End(passing ? Verdict::kSignerUnavailable : Verdict::kSignerRefused);
}

bool Exchange::IsIdempotent() const {
  switch (endpoint_) {
    case Endpoint::kToken:
      return grant_type_ == "client_credentials";
    case Endpoint::kPushedAuthorization:
      return true;
    case Endpoint::kResource:  // RFC 9110 section 9.2.2
      return htm_ == "GET" || htm_ == "HEAD" || htm_ == "OPTIONS" ||
             htm_ == "PUT" || htm_ == "DELETE";
  }
  __builtin_unreachable();
}

void Exchange::EndUnavailable(bool may_be_done) {
  outcome_.safe_to_repeat = !may_be_done || IsIdempotent();
  End(Verdict::kIdpUnavailable);
}

}  // namespace proofmint
