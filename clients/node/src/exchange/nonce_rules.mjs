// Decides what follows an answer that may ask for another nonce. `received` is what readNonce returns, `sent` the nonce
// in our proof, '' for none.

// Returns whether an answer offers a nonce that our proof did not have.
export function offersNewNonce(received, sent) {
  return received.value !== '' && received.value !== sent;
}

// Returns whether an answer without use_dpop_nonce asks for the nonce that it offers: servers of the draft say
// invalid_dpop_proof, others send no error that can be read. It is answered once, so the second proof does no harm.
export function isHiddenChallenge(status, code) {
  if (code === 'invalid_dpop_proof') return [400, 401, 403].includes(status);
  return code === '' && (status === 400 || status === 401);
}

// Returns the nonce for a second attempt after use_dpop_nonce; undefined if there is none to try.
export function nonceToTry(received, sent) {
  if (offersNewNonce(received, sent)) return received.value;
  // A server that no longer uses nonces refuses the one that it gave before.
  return received.value === '' && sent !== '' ? '' : undefined;
}

// Returns why a use_dpop_nonce cannot be answered.
export function hintOfChallenge(received, sent) {
  if (received.value !== '') return offersNewNonce(received, sent) ? 'nonce_changed_twice' : 'nonce_repeated';
  return received.malformed ? 'unusable_nonce' : 'challenge_without_nonce';
}
