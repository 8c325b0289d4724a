// Remembers the latest DPoP nonce of each server.

const NONCE_BYTES_AT_MOST = 1536;
const DEFAULT_CAPACITY = 16_384;

//= rfc9449#8.1
//# nonce = 1*NQCHAR
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

export function isNonce(text) {
  return text.length <= NONCE_BYTES_AT_MOST && NONCE.test(text);
}

// NonceStore holds the nonces of one process in memory, each for as long as it is among the most recently used: a stale
// nonce costs one challenge, as no nonce does.
//
// A key is { issuer, clientId, from }, where `from` is "as" or "rs": some providers issue a nonce to one client only,
// and the nonces of an authorization server and of a resource server are different (RFC 9449 section 9).
export class NonceStore {
  #capacity;
  #nonces = new Map(); // The one that was used least recently comes first.

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  #textOf({ issuer, clientId, from }) {
    return JSON.stringify([issuer, clientId, from]);
  }

  // Returns the nonce of a key; '' if there is none.
  get(key) {
    const text = this.#textOf(key);
    const nonce = this.#nonces.get(text);
    if (nonce === undefined) return '';
    this.#nonces.delete(text);
    this.#nonces.set(text, nonce);
    return nonce;
  }

  // Replaces the nonce of a key. Ignores what is not a nonce, so that it does not get into a proof.
  put(key, nonce) {
    if (!isNonce(nonce)) return;
    const text = this.#textOf(key);
    this.#nonces.delete(text);
    this.#nonces.set(text, nonce);
    if (this.#nonces.size > this.#capacity) this.#nonces.delete(this.#nonces.keys().next().value);
  }

  // Forgets the nonce of a key if it still is `ifStill`: another login may have stored a newer one meanwhile.
  forget(key, ifStill) {
    const text = this.#textOf(key);
    if (this.#nonces.get(text) === ifStill) this.#nonces.delete(text);
  }
}
