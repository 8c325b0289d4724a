// Exchange::OnAnswer: what an answer means.

#include <algorithm>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "signer/exchange/exchange.h"
#include "signer/exchange/json_object.h"
#include "signer/exchange/printable_text.h"
#include "signer/exchange/token_binding.h"

namespace proofmint {
namespace {

bool IsIn(int status, int class_of_status) {
  return status / 100 == class_of_status;
}

// Returns how long the attempt took, 0 if the driver gave no times.
absl::Duration TimeOf(const HttpAnswer& answer) {
  if (answer.sent_at == absl::InfinitePast() ||
      answer.received_at == absl::InfinitePast()) {
    return absl::ZeroDuration();
  }
  return answer.received_at - answer.sent_at;
}

}  // namespace

void Exchange::OnAnswer(const HttpAnswer& answer) {
  ABSL_RAW_CHECK(next_ == Next::kSend,
                 "Exchange::OnAnswer: out of turn, next() is not kSend");
  const ReceivedNonce nonce = Record(answer);
  const std::vector<Challenge> challenges = ReadChallenges(answer);
  const std::optional<nlohmann::json> body = ParseJsonObject(outcome_.body);
  const ServerError error =
      ReadServerError(body, challenges,
                      endpoint_ == Endpoint::kResource ? ErrorPlace::kHeader
                                                       : ErrorPlace::kBody);
  outcome_.error = RedactedText(error.code, secrets_);
  outcome_.error_description = RedactedText(error.description, secrets_);

  if (IsIn(answer.status, 2)) {
    EndGranted(answer, body);
  } else if (IsIn(answer.status, 3)) {
    // Code, secret and proof are meant for one URL.
    outcome_.location_host = LocationHostOf(answer);
    EndUnread(Verdict::kMalformedAnswer, answer, Hint::kRedirected);
  } else if (!IsIn(answer.status, 4) && !IsIn(answer.status, 5)) {
    EndUnread(Verdict::kMalformedAnswer, answer);
  } else if (!AnswerChallenge(answer.status, error, nonce)) {
    EndRefused(answer, error, challenges);
  }
}

ReceivedNonce Exchange::Record(const HttpAnswer& answer) {
  ++outcome_.attempts;
  outcome_.http_status = answer.status;
  outcome_.idp_times.push_back(TimeOf(answer));
  if (answer.body.size() <= kMaxBodySize) outcome_.body = answer.body;
  if (const auto skew = ClockSkewOf(answer)) outcome_.clock_skew = skew;
  ReceivedNonce nonce = ReadNonce(answer);
  outcome_.nonce_malformed |= nonce.malformed;
  outcome_.nonce_ambiguous |= nonce.ambiguous;
  if (!nonce.value.empty()) {
    nonces_->Put(nonce_key_, nonce.value);
    secrets_.push_back(nonce.value);
  }
  return nonce;
}

bool Exchange::AnswerChallenge(int status, const ServerError& error,
                               const ReceivedNonce& nonce) {
  // Without a proof there is no nonce to add.
  if (!with_proof_) return false;
  const bool is_first = outcome_.attempts == 1;
  const bool is_new = !nonce.value.empty() && nonce.value != nonce_;
  if (IsIn(status, 4) && error.code == "use_dpop_nonce") {
    ++outcome_.nonce_challenges;
    if (is_new && is_first) {
      Retry(nonce.value);
    } else if (is_new) {
      End(Verdict::kNonceRejected, Hint::kNonceChangedTwice);
    } else if (!nonce.value.empty()) {
      End(Verdict::kNonceRejected, Hint::kNonceRepeated);
    } else if (!nonce_.empty() && is_first) {
      // Some servers that do not use nonces refuse all of them.
      nonces_->Forget(nonce_key_, nonce_);
      Retry("");
    } else {
      if (!nonce_.empty()) nonces_->Forget(nonce_key_, nonce_);
      End(Verdict::kNonceRejected, nonce.malformed
                                       ? Hint::kUnusableNonce
                                       : Hint::kChallengeWithoutNonce);
    }
    return true;
  }
  // Servers that follow a draft of RFC 9449 refuse the proof, and others give
  // no error that can be read, when they want a nonce.
  const bool refuses_proof = error.code == "invalid_dpop_proof" &&
                             (status == 400 || status == 401 || status == 403);
  const bool says_nothing =
      error.code.empty() && (status == 400 || status == 401);
  if (!is_first || !is_new || (!refuses_proof && !says_nothing)) return false;
  ++outcome_.nonce_challenges;
  Retry(nonce.value);
  return true;
}

void Exchange::EndGranted(const HttpAnswer& answer,
                          const std::optional<nlohmann::json>& body) {
  if (answer.body.size() > kMaxBodySize) {
    EndUnread(Verdict::kMalformedAnswer, answer, Hint::kBodyTooLarge);
    return;
  }
  if (endpoint_ == Endpoint::kToken) {
    std::string access_token = body ? StringMember(*body, "access_token") : "";
    if (IsVisibleWord(access_token)) {
      EndTokenGranted(answer, *body, access_token);
    } else {
      EndUnread(Verdict::kMalformedAnswer, answer);
    }
    return;
  }
  if (endpoint_ == Endpoint::kPushedAuthorization &&
      (!body || StringMember(*body, "request_uri").empty())) {
    EndUnread(Verdict::kMalformedAnswer, answer);
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

void Exchange::EndTokenGranted(const HttpAnswer& answer,
                               const nlohmann::json& body,
                               const std::string& access_token) {
  secrets_.push_back(access_token);
  const std::string token_type = absl::AsciiStrToLower(
      RedactedText(StringMember(body, "token_type"), secrets_));
  const bool is_required = options_.binding == BindingPolicy::kRequire;
  if (token_type.empty() && is_required) {
    EndUnread(Verdict::kMalformedAnswer, answer, Hint::kTokenTypeMissing);
    return;
  }
  const bool is_dpop = token_type == "dpop";
  const TokenKey key = KeyOfToken(access_token);
  //= rfc9449#6.1
  //# The value of the jkt member MUST be the base64url encoding (as defined in
  //# [RFC7515]) of the JWK SHA-256 Thumbprint (according to [RFC7638]) of the
  //# DPoP public key (in JWK format) to which the access token is bound.
  const bool is_ours = key.jkt == outcome_.jkt;
  outcome_.error.clear();
  outcome_.error_description.clear();
  outcome_.idp_token_type = token_type;
  outcome_.downgrade = !is_dpop;
  outcome_.binding = is_ours   ? Binding::kConfirmed
                     : key.jkt ? Binding::kMismatch
                     : is_dpop ? Binding::kClaimed
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
  if (outcome_.binding == Binding::kMismatch) {
    // With a handle, userinfo or a refresh follows, and would fail.
    outcome_.accepted = !is_required && options_.key_handle.empty() &&
                        !options_.return_key_handle;
    End(Verdict::kBindingMismatch, hint);
  } else {
    End(is_dpop ? Verdict::kGranted : Verdict::kNotBound, hint);
  }
}

void Exchange::EndRefused(const HttpAnswer& answer, const ServerError& error,
                          std::span<const Challenge> challenges) {
  const bool at_resource = endpoint_ == Endpoint::kResource;
  // Without a proof neither a key nor an algorithm is to blame.
  const bool other_algorithm = with_proof_ && at_resource &&
                               answer.status == 401 &&
                               WantsOtherAlgorithm(challenges);
  const Hint algorithm_hint =
      other_algorithm ? Hint::kAlgorithmNotAccepted : Hint::kNone;
  if (with_proof_ && error.code == "invalid_dpop_proof") {
    End(Verdict::kProofRejected, algorithm_hint);
  } else if (answer.status == 408 || answer.status == 429 ||
             IsIn(answer.status, 5)) {
    outcome_.retry_after = RetryAfterOf(answer);
    EndUnavailable(/*carried_out=*/!outcome_.retry_after.has_value() ||
                   (answer.status != 429 && answer.status != 503));
  } else if (other_algorithm) {
    End(Verdict::kProofRejected, algorithm_hint);
  } else if (with_proof_ && IsGeneralErrorCode(error.code) &&
             NamesDpop(error.description)) {
    End(Verdict::kProofRejected, Hint::kProofNamedInDescription);
  } else if (with_proof_ && at_resource && answer.status == 401 &&
             error.code == "invalid_token") {
    const TokenKey key = KeyOfToken(access_token_);
    End(Verdict::kRefused, key.jkt.value_or(outcome_.jkt) != outcome_.jkt
                               ? Hint::kTokenOfOtherKey
                               : Hint::kTokenExpiredOrOtherKey);
  } else if (error.code == "invalid_grant") {
    End(Verdict::kRefused,
        options_.key_handle.empty() ? Hint::kNone : Hint::kPinnedKey);
  } else if (error.code.empty()) {
    EndUnread(
        Verdict::kRefused, answer,
        answer.body.size() > kMaxBodySize ? Hint::kBodyTooLarge : Hint::kNone);
  } else {
    End(Verdict::kRefused);
  }
}

void Exchange::EndUnread(Verdict verdict, const HttpAnswer& answer, Hint hint) {
  outcome_.content_type =
      RedactedText(FindHeader(answer, "Content-Type").value_or(""), secrets_);
  outcome_.body_size = answer.body.size();
  End(verdict, hint);
}

bool Exchange::WantsOtherAlgorithm(
    std::span<const Challenge> challenges) const {
  for (const Challenge& challenge : challenges) {
    if (challenge.scheme != "dpop") continue;
    const std::vector<absl::string_view> names =
        absl::StrSplit(challenge.Find("algs"), ' ', absl::SkipEmpty());
    if (!names.empty() &&
        std::find(names.begin(), names.end(),
                  dpop::AlgorithmName(options_.algorithm)) == names.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace proofmint
