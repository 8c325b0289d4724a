// Judges the answer to a token request that was granted: what type the token is, and to which key it is bound.
import { stringMember } from './json_object.mjs';
import { printable } from './printable.mjs';
import { keyOfToken } from './token_binding.mjs';

// Returns whether a text is one word, as an access token in a header has to be.
export const isAccessToken = (text) => /^[\x21-\x7e]+$/.test(text);

// Returns what a token says of its binding to the key `jkt`, or `claim` if it says nothing.
export function bindingOf(token, jkt, claim) {
  const key = keyOfToken(token);
  if (key.jkt === undefined) return claim;
  return key.jkt === jkt ? 'confirmed' : 'mismatch';
}

function hintOf(tokenType, binding, token) {
  if (binding === 'mismatch') return 'none';
  if (tokenType === '') return 'token_type_missing';
  if (tokenType !== 'dpop') return binding === 'confirmed' ? 'bearer_token_with_key' : 'none';
  return binding === 'claimed' && keyOfToken(token).readable ? 'token_without_key' : 'none';
}

function verdictOf(tokenType, binding) {
  if (binding === 'mismatch') return 'binding_mismatch';
  return tokenType === 'dpop' ? 'granted' : 'not_bound';
}

// Returns the members of the outcome for `object`, the JSON of the answer. `required` says that the token must be
// bound, `keepsKey` that its key is meant to be used again.
export function judgeToken(object, jkt, { required, keepsKey }) {
  const token = stringMember(object, 'access_token');
  const idpTokenType = printable(stringMember(object, 'token_type')).toLowerCase();
  if (idpTokenType === '' && required) return { verdict: 'malformed_answer', hint: 'token_type_missing' };
  const isDpop = idpTokenType === 'dpop';
  const binding = bindingOf(token, jkt, isDpop ? 'claimed' : 'none');
  return {
    verdict: verdictOf(idpTokenType, binding),
    ok: !(required && !isDpop) && !(binding === 'mismatch' && (required || keepsKey)),
    idpTokenType,
    downgrade: !isDpop,
    binding,
    hint: hintOf(idpTokenType, binding, token),
  };
}
