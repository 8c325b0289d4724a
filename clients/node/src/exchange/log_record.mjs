// Writes what a broker logs of one login, so that an operator can tell a failure of DPoP from any other.
import { hintText } from './outcome.mjs';

const TEXT_BYTES_AT_MOST = 512;

const SENTENCES = {
  granted: 'the identity provider granted the request',
  not_bound: 'the identity provider granted a token that is not bound to a key',
  binding_mismatch: 'the token is bound to another key than that of the proof',
  proof_rejected: 'the identity provider refused the proof',
  nonce_rejected: 'the identity provider and the signer did not agree on a nonce',
  refused: 'the identity provider refused the request, not for its proof',
  malformed_answer: 'the answer of the identity provider cannot be used',
  idp_unavailable: 'the identity provider is not available',
  signer_unavailable: 'no proof was made and nothing was sent; try again',
  signer_refused: 'the signer refused to make a proof; nothing was sent',
  not_sent: 'the request was not sent',
};

// Returns a text, cut between two characters of UTF-8.
function cut(text) {
  const bytes = Buffer.from(text);
  if (bytes.length <= TEXT_BYTES_AT_MOST) return bytes.toString();
  let size = TEXT_BYTES_AT_MOST;
  while ((bytes[size] & 0xc0) === 0x80) size--;
  return bytes.toString('utf8', 0, size);
}

// Returns a number with one digit after the point: more would mean nothing.
const tenths = (value) => Math.round(value * 10) / 10;

// Returns the members that are not empty.
const texts = (members) => Object.fromEntries(
  Object.entries(members).filter(([, text]) => text).map(([name, text]) => [name, cut(text)]),
);

function describe({ laterFailure }, { verdict, hint }) {
  if (laterFailure) return laterFailure;
  const why = hintText(hint);
  return SENTENCES[verdict] + (why && `: ${why}`);
}

function bindingMembers(token, userinfo) {
  const came = token.idpTokenType !== '' || token.downgrade;
  return {
    ...(came && { ...texts({ idp_token_type: token.idpTokenType }), binding: token.binding, downgrade: token.downgrade }),
    ...texts({ jkt: token.jkt }),
    ...(userinfo && { upstream_userinfo_fetch: { status: userinfo.httpStatus, dpop_bound: userinfo.jkt !== '' } }),
  };
}

function answerMembers(outcome) {
  // A challenge that was answered is not an error.
  const error = outcome.error === 'use_dpop_nonce' && outcome.verdict !== 'nonce_rejected' ? '' : outcome.error;
  return {
    ...texts({ error, error_description: error && outcome.errorDescription }),
    ...(outcome.httpStatus !== 0 && { http_status: outcome.httpStatus }),
    idp_ms: outcome.idpMs.map(tenths),
    ...(outcome.verdict === 'malformed_answer' && {
      ...texts({ location_host: outcome.locationHost, content_type: outcome.contentType }), body_size: outcome.bodySize,
    }),
    ...(outcome.retryAfterMs !== undefined && { retry_after_s: tenths(outcome.retryAfterMs / 1000) }),
  };
}

function proofMembers(outcome) {
  const { signerError } = outcome;
  return {
    attempts: outcome.attempts,
    nonce_challenges: outcome.nonceChallenges,
    ...(outcome.nonceMalformed && { nonce_malformed: true }),
    ...(outcome.nonceAmbiguous && { nonce_ambiguous: true }),
    ...(outcome.clockSkewMs !== undefined && { clock_skew_s: tenths(outcome.clockSkewMs / 1000) }),
    ...(signerError && texts({
      signer_code: signerError.code, signer_reason: signerError.reason, signer_field: signerError.field,
    })),
    signer_ms: tenths(outcome.signerMs),
  };
}

// Returns the record of a login, an object for JSON.stringify; index.d.ts describes its members. `configured` is the
// algorithm in use, or undefined if DPoP is not configured for the connection. `token` is the outcome of the token
// request, and `userinfo` that of the userinfo request, if there was one.
export function logRecord(context, configured, token, userinfo) {
  const decisive = token.ok && userinfo && !userinfo.ok ? userinfo : token;
  const succeeded = decisive.ok && !context.laterFailure;
  const withDpop = configured !== undefined;
  return {
    type: succeeded ? 's' : 'f',
    description: cut(describe(context, decisive)),
    ...texts({
      issuer: context.issuer, client_id: context.clientId, grant_type: context.grantType, trace_id: context.traceId,
      dpop_signing_alg: configured,
    }),
    ...(withDpop && bindingMembers(token, userinfo)),
    outcome: decisive.verdict,
    ...(withDpop && decisive.hint !== 'none' && { hint: decisive.hint }),
    ...answerMembers(decisive),
    ...(withDpop && proofMembers(decisive)),
  };
}
