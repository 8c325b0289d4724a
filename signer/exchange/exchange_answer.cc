// Defines Exchange::OnAnswer: what an answer means.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/ascii.h"
#include "signer/exchange/challenge.h"
#include "signer/exchange/exchange.h"
#include "signer/exchange/json_object.h"
#include "signer/exchange/printable_text.h"
#include "signer/exchange/server_error.h"
#include "signer/exchange/token_binding.h"

namespace proofmint {
namespace {

bool IsIn(int status, int class_of_status) {
  return status / 100 == class_of_status;
}

}  // namespace

struct Exchange::Reading {
  const HttpAnswer& answer;
  bool is_too_large;  // The body was not read.
  ReceivedNonce nonce;
  std::vector<Challenge> challenges;
  // nullopt: not a JSON object
  std::optional<nlohmann::json> body = std::nullopt;
  ServerError error = {};
};

void Exchange::OnAnswer(const HttpAnswer& answer) {
  ABSL_RAW_CHECK(next_ == Next::kSend,
                 "Exchange::OnAnswer: out of turn, next() is not kSend");
  const Reading reading = Read(answer);
  if (IsIn(answer.status, 2)) {
    EndGranted(reading);
  } else if (IsIn(answer.status, 3)) {
    // Code, secret and proof are meant for one URL.
    outcome_.location_host = LocationHostOf(answer);
    EndUnread(reading, Verdict::kMalformedAnswer, Hint::kRedirected);
  } else if (!IsIn(answer.status, 4) && !IsIn(answer.status, 5)) {
    EndUnread(reading, Verdict::kMalformedAnswer);
  } else if (!AnswerChallenge(reading)) {
    EndRefused(reading);
  }
}

Exchange::Reading Exchange::Read(const HttpAnswer& answer) {
  ++outcome_.attempts;
  outcome_.http_status = answer.status;
  outcome_.idp_times.push_back(RoundTripOf(answer));
  if (const auto skew = ClockSkewOf(answer)) outcome_.clock_skew = skew;

  Reading reading = {.answer = answer,
                     .is_too_large = answer.body.size() > kMaxBodySize,
                     .nonce = ReadNonce(answer),
                     .challenges = ReadChallenges(answer)};
  outcome_.nonce_malformed |= reading.nonce.malformed;
  outcome_.nonce_ambiguous |= reading.nonce.ambiguous;
  if (!reading.nonce.value.empty()) {
    nonces_->Put(nonce_key_, reading.nonce.value);
    secrets_.push_back(reading.nonce.value);
  }

  if (!reading.is_too_large) {
    outcome_.body = answer.body;
    reading.body = ParseJsonObject(answer.body);
  }
  reading.error =
      ReadServerError(reading.body, reading.challenges,
                      endpoint_ == Endpoint::kResource ? ErrorPlace::kHeader
                                                       : ErrorPlace::kBody);
  outcome_.error = RedactedText(reading.error.code, secrets_);
  outcome_.error_description =
      RedactedText(reading.error.description, secrets_);
  return reading;
}

bool Exchange::AnswerChallenge(const Reading& reading) {
  // Without a proof there is no nonce to add.
  if (!with_proof_) return false;
  const int status = reading.answer.status;
  const std::string& error = reading.error.code;
  const std::string& nonce = reading.nonce.value;
  const bool is_first = outcome_.attempts == 1;
  const bool is_new = !nonce.empty() && nonce != nonce_;
  if (IsIn(status, 4) && error == "use_dpop_nonce") {
    ++outcome_.nonce_challenges;
    if (is_new && is_first) {
      Retry(nonce);
    } else if (is_new) {
      End(Verdict::kNonceRejected, Hint::kNonceChangedTwice);
    } else if (!nonce.empty()) {
      End(Verdict::kNonceRejected, Hint::kNonceRepeated);
    } else {
      nonces_->Forget(nonce_key_, nonce_);
      if (!nonce_.empty() && is_first) {
        Retry("");  // Some servers that do not use nonces refuse all of them.
      } else {
        End(Verdict::kNonceRejected, reading.nonce.malformed
                                         ? Hint::kUnusableNonce
                                         : Hint::kChallengeWithoutNonce);
      }
    }
    return true;
  }
  // Servers that follow a draft of RFC 9449 refuse the proof, and others give
  // no error that can be read, when they want a nonce.
  const bool refuses_proof = error == "invalid_dpop_proof" &&
                             (status == 400 || status == 401 || status == 403);
  const bool says_nothing = error.empty() && (status == 400 || status == 401);
  if (!is_first || !is_new || (!refuses_proof && !says_nothing)) return false;
  ++outcome_.nonce_challenges;
  Retry(nonce);
  return true;
}

void Exchange::EndGranted(const Reading& reading) {
  if (reading.is_too_large) {
    EndUnread(reading, Verdict::kMalformedAnswer, Hint::kBodyTooLarge);
    return;
  }
  if (endpoint_ == Endpoint::kToken) {
    EndTokenGranted(reading);
    return;
  }
  if (endpoint_ == Endpoint::kPushedAuthorization &&
      (!reading.body || StringMember(*reading.body, "request_uri").empty())) {
    EndUnread(reading, Verdict::kMalformedAnswer);
    return;
  }
  if (endpoint_ == Endpoint::kResource && with_proof_) {
    const TokenKey key = KeyOfToken(access_token_);
    outcome_.binding = !key.jkt                   ? Binding::kClaimed
                       : *key.jkt == outcome_.jkt ? Binding::kConfirmed
                                                  : Binding::kMismatch;
  }
  outcome_.error.clear();
  outcome_.error_description.clear();
  outcome_.accepted = true;
  End(with_proof_ ? Verdict::kGranted : Verdict::kNotBound);
}

void Exchange::EndTokenGranted(const Reading& reading) {
  const std::string access_token =
      reading.body ? StringMember(*reading.body, "access_token") : "";
  if (!IsVisibleWord(access_token)) {
    EndUnread(reading, Verdict::kMalformedAnswer);
    return;
  }
  secrets_.push_back(access_token);
  const std::string token_type = absl::AsciiStrToLower(
      RedactedText(StringMember(*reading.body, "token_type"), secrets_));
  const bool is_required = options_.binding == BindingPolicy::kRequire;
  if (token_type.empty() && is_required) {
    EndUnread(reading, Verdict::kMalformedAnswer, Hint::kTokenTypeMissing);
    return;
  }
  const bool is_dpop = token_type == "dpop";
  const TokenKey key = KeyOfToken(access_token);
  //= rfc9449#6.1
  //# The value of the jkt member MUST be the base64url encoding (as defined in
  //# [RFC7515]) of the JWK SHA-256 Thumbprint (according to [RFC7638]) of the
  //# DPoP public key (in JWK format) to which the access token is bound.
  const bool is_ours = key.jkt == outcome_.jkt;
  const bool is_of_other_key = key.jkt.has_value() && !is_ours;
  outcome_.error.clear();
  outcome_.error_description.clear();
  outcome_.idp_token_type = token_type;
  outcome_.downgrade = !is_dpop;
  outcome_.binding = is_ours           ? Binding::kConfirmed
                     : is_of_other_key ? Binding::kMismatch
                     : is_dpop         ? Binding::kClaimed
                                       : Binding::kNone;
  Hint hint = Hint::kNone;
  if (token_type.empty()) {
    hint = Hint::kTokenTypeMissing;
  } else if (is_dpop && key.readable && !key.jkt) {
    hint = Hint::kTokenWithoutKey;
  } else if (!is_dpop && is_ours) {
    hint = Hint::kBearerTokenWithKey;
  }
  //= rfc9449#5
  //# The client MUST discard the response in this case if this protection is
  //# deemed important for the security of the application; otherwise, the
  //# client may continue as in a regular OAuth interaction.
  outcome_.accepted = is_dpop || !is_required;
  if (is_of_other_key) {
    // With a handle, userinfo or a refresh follows, and would fail.
    outcome_.accepted = !is_required && options_.key_handle.empty() &&
                        !options_.return_key_handle;
    End(Verdict::kBindingMismatch, hint);
  } else {
    End(is_dpop ? Verdict::kGranted : Verdict::kNotBound, hint);
  }
}

void Exchange::EndRefused(const Reading& reading) {
  const int status = reading.answer.status;
  const ServerError& error = reading.error;
  const bool is_unauthorized =
      endpoint_ == Endpoint::kResource && status == 401;
  const bool other_algorithm =
      is_unauthorized &&
      ListsOtherAlgorithms(reading.challenges,
                           dpop::AlgorithmName(options_.algorithm));
  const Hint algorithm_hint =
      other_algorithm ? Hint::kAlgorithmNotAccepted : Hint::kNone;
  // Without a proof neither a proof, a key nor an algorithm is to blame.
  if (with_proof_ && error.code == "invalid_dpop_proof") {
    End(Verdict::kProofRejected, algorithm_hint);
  } else if (status == 408 || status == 429 || IsIn(status, 5)) {
    outcome_.retry_after = RetryAfterOf(reading.answer);
    EndUnavailable(/*may_be_done=*/!outcome_.retry_after.has_value() ||
                   (status != 429 && status != 503));
  } else if (with_proof_ && other_algorithm) {
    End(Verdict::kProofRejected, algorithm_hint);
  } else if (with_proof_ && IsGeneralErrorCode(error.code) &&
             NamesDpop(error.description)) {
    End(Verdict::kProofRejected, Hint::kProofNamedInDescription);
  } else if (with_proof_ && is_unauthorized && error.code == "invalid_token") {
    const TokenKey key = KeyOfToken(access_token_);
    End(Verdict::kRefused, key.jkt.value_or(outcome_.jkt) != outcome_.jkt
                               ? Hint::kTokenOfOtherKey
                               : Hint::kTokenExpiredOrOtherKey);
  } else if (error.code == "invalid_grant") {
    End(Verdict::kRefused,
        options_.key_handle.empty() ? Hint::kNone : Hint::kPinnedKey);
  } else if (error.code.empty()) {
    EndUnread(reading, Verdict::kRefused,
              reading.is_too_large ? Hint::kBodyTooLarge : Hint::kNone);
  } else {
    End(Verdict::kRefused);
  }
}

void Exchange::EndUnread(const Reading& reading, Verdict verdict, Hint hint) {
  outcome_.content_type = RedactedText(
      FindHeader(reading.answer, "Content-Type").value_or(""), secrets_);
  outcome_.body_size = reading.answer.body.size();
  End(verdict, hint);
}

}  // namespace proofmint
