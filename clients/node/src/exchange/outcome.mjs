// Says how an exchange ended. index.d.ts describes the members.

export function newOutcome() {
  return {
    verdict: 'not_sent',
    binding: 'none',
    hint: 'none',
    idpTokenType: '',
    downgrade: false,
    jkt: '',
    keyHandle: undefined,
    error: '',
    errorDescription: '',
    httpStatus: 0,
    attempts: 0,
    nonceChallenges: 0,
    nonceMalformed: false,
    nonceAmbiguous: false,
    safeToRepeat: false,
    retryAfterMs: undefined,
    clockSkewMs: undefined,
    locationHost: '',
    contentType: '',
    bodySize: 0,
    signerError: undefined,
    transportError: undefined,
    signerMs: 0,
    idpMs: [],
    body: '',
    ok: false,
  };
}

// What each hint says to an operator.
const HINT_TEXTS = {
  challenge_without_nonce:
    'The server asks for a nonce and sends none: check whether a proxy strips the header DPoP-Nonce.',
  unusable_nonce: 'The server sends a DPoP-Nonce that RFC 9449 does not allow.',
  nonce_repeated: 'The server refuses a nonce and offers the same one again.',
  nonce_changed_twice: 'The server refused the nonce that it had just issued: its nodes may not share their nonces.',
  proof_named_in_description: 'The error code is a general one; its description names DPoP.',
  pinned_key: 'The code or the refresh token may be bound to another key: use the key handle that belongs to it.',
  token_expired_or_other_key: 'The access token has expired, or it is bound to another key than the '
    + "proof's: use the key handle that came with it.",
  token_of_other_key:
    "The access token is bound to another key than the proof's: use the key handle that came with it.",
  algorithm_not_accepted: 'The resource does not accept the algorithm of the proof.',
  token_without_key: 'The access token is a JWT without cnf.jkt: a resource will take it for a bearer token.',
  bearer_token_with_key: 'The access token is bound to our key, though its token_type is not DPoP.',
  token_type_missing: 'The answer has no token_type, which RFC 6749 requires.',
  redirected: 'The server redirects the request: configure the URL that it redirects to.',
  body_too_large: 'The answer is larger than 1 MiB.',
  token_not_usable: 'The access token, or a token of its type, cannot be sent.',
};

// Returns the sentence of a hint; '' for "none".
export function hintText(hint) {
  return HINT_TEXTS[hint] ?? '';
}
