// Judges an answer with a status of 4xx or 5xx that is not a challenge.
import { namesProof, takesOtherAlgorithms } from './server_error.mjs';
import { keyOfToken } from './token_binding.mjs';

// Returns whether a status says that the provider cannot answer now.
const isUnavailable = (status) => status === 408 || status === 429 || status >= 500;

function hintOf({ code }, { boundToken, jkt, keyHandle, bodyTooLarge }) {
  if (code === 'invalid_token' && boundToken !== undefined) {
    const key = keyOfToken(boundToken);
    return key.jkt !== undefined && key.jkt !== jkt ? 'token_of_other_key' : 'token_expired_or_other_key';
  }
  if (code === 'invalid_grant' && keyHandle !== undefined) return 'pinned_key';
  return bodyTooLarge ? 'body_too_large' : 'none';
}

// Returns { verdict, hint } for a status and an error (readServerError). `request` is { withProof, algorithm, jkt,
// keyHandle, boundToken, bodyTooLarge }: boundToken is the access token that went with a proof to a resource, if the
// answer is 401.
export function judgeRefusal(status, error, request) {
  const wrongAlgorithm = request.boundToken !== undefined && takesOtherAlgorithms(error, request.algorithm);
  const hint = wrongAlgorithm ? 'algorithm_not_accepted' : 'none';
  if (request.withProof && error.code === 'invalid_dpop_proof') return { verdict: 'proof_rejected', hint };
  if (isUnavailable(status)) return { verdict: 'idp_unavailable', hint: 'none' };
  if (wrongAlgorithm) return { verdict: 'proof_rejected', hint };
  if (request.withProof && namesProof(error)) return { verdict: 'proof_rejected', hint: 'proof_named_in_description' };
  return { verdict: 'refused', hint: hintOf(error, request) };
}
