#include "signer/exchange/outcome.h"

namespace proofmint {

absl::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGranted:
      return "granted";
    case Verdict::kNotBound:
      return "not_bound";
    case Verdict::kBindingMismatch:
      return "binding_mismatch";
    case Verdict::kProofRejected:
      return "proof_rejected";
    case Verdict::kNonceRejected:
      return "nonce_rejected";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kMalformedAnswer:
      return "malformed_answer";
    case Verdict::kIdpUnavailable:
      return "idp_unavailable";
    case Verdict::kSignerUnavailable:
      return "signer_unavailable";
    case Verdict::kSignerRefused:
      return "signer_refused";
    case Verdict::kNotSent:
      return "not_sent";
  }
  __builtin_unreachable();
}

absl::string_view BindingName(Binding binding) {
  switch (binding) {
    case Binding::kNone:
      return "none";
    case Binding::kClaimed:
      return "claimed";
    case Binding::kConfirmed:
      return "confirmed";
    case Binding::kMismatch:
      return "mismatch";
  }
  __builtin_unreachable();
}

absl::string_view HintName(Hint hint) {
  switch (hint) {
    case Hint::kNone:
      return "none";
    case Hint::kChallengeWithoutNonce:
      return "challenge_without_nonce";
    case Hint::kUnusableNonce:
      return "unusable_nonce";
    case Hint::kNonceRepeated:
      return "nonce_repeated";
    case Hint::kNonceChangedTwice:
      return "nonce_changed_twice";
    case Hint::kProofNamedInDescription:
      return "proof_named_in_description";
    case Hint::kPinnedKey:
      return "pinned_key";
    case Hint::kTokenExpiredOrOtherKey:
      return "token_expired_or_other_key";
    case Hint::kTokenOfOtherKey:
      return "token_of_other_key";
    case Hint::kAlgorithmNotAccepted:
      return "algorithm_not_accepted";
    case Hint::kTokenWithoutKey:
      return "token_without_key";
    case Hint::kBearerTokenWithKey:
      return "bearer_token_with_key";
    case Hint::kTokenTypeMissing:
      return "token_type_missing";
    case Hint::kRedirected:
      return "redirected";
    case Hint::kBodyTooLarge:
      return "body_too_large";
    case Hint::kTokenNotUsable:
      return "token_not_usable";
  }
  __builtin_unreachable();
}

absl::string_view HintText(Hint hint) {
  switch (hint) {
    case Hint::kNone:
      return "";
    case Hint::kChallengeWithoutNonce:
      return "The server asks for a nonce and sends none: check whether a "
             "proxy strips the header DPoP-Nonce.";
    case Hint::kUnusableNonce:
      return "The server sends a DPoP-Nonce that RFC 9449 does not allow.";
    case Hint::kNonceRepeated:
      return "The server refuses a nonce and offers the same one again.";
    case Hint::kNonceChangedTwice:
      return "The server refused the nonce that it had just issued: its nodes "
             "may not share their nonces.";
    case Hint::kProofNamedInDescription:
      return "The error code is a general one; its description names DPoP.";
    case Hint::kPinnedKey:
      return "The code or the refresh token may be bound to another key: use "
             "the key handle that belongs to it.";
    case Hint::kTokenExpiredOrOtherKey:
      return "The access token has expired, or it is bound to another key than "
             "the proof's: use the key handle that came with it.";
    case Hint::kTokenOfOtherKey:
      return "The access token is bound to another key than the proof's: use "
             "the key handle that came with it.";
    case Hint::kAlgorithmNotAccepted:
      return "The resource does not accept the algorithm of the proof.";
    case Hint::kTokenWithoutKey:
      return "The access token is a JWT without cnf.jkt: a resource will take "
             "it for a bearer token.";
    case Hint::kBearerTokenWithKey:
      return "The access token is bound to our key, though its token_type is "
             "not DPoP.";
    case Hint::kTokenTypeMissing:
      return "The answer has no token_type, which RFC 6749 requires.";
    case Hint::kRedirected:
      return "The server redirects the request: configure the URL that it "
             "redirects to.";
    case Hint::kBodyTooLarge:
      return "The answer is larger than 1 MiB.";
    case Hint::kTokenNotUsable:
      return "The access token, or a token of its type, cannot be sent.";
  }
  __builtin_unreachable();
}

}  // namespace proofmint
