// Says when the metadata of an issuer has to be fetched again.
import { printable } from './printable.mjs';

const MIN_FRESH_S = 300;
const DEFAULT_FRESH_S = 3_600;
const MAX_FRESH_S = 86_400;

// A comma in a quoted string does not end a directive.
const DIRECTIVE = /(?:"(?:\\.|[^"\\])*(?:"|$)|[^",])+/gs;

// Returns the seconds of a max-age, or undefined if it is no number.
function parseSeconds(text) {
  const [, quoted, plain] = /^(?:"(\d+)"|(\d+))$/.exec(text) ?? [];
  const digits = quoted ?? plain;
  return digits === undefined ? undefined : Math.min(Number(digits), MAX_FRESH_S);
}

// Returns for how many seconds an answer with the header Cache-Control (RFC 9111 section 5.2) may be used: its max-age,
// within 5 minutes and 24 hours; the least for no-store and no-cache; an hour without any of them, or if max-age is no
// number.
export function freshForSeconds(cacheControl) {
  let fresh;
  for (const [text] of cacheControl.matchAll(DIRECTIVE)) {
    const directive = text.trim().toLowerCase();
    if (directive === 'no-store' || directive === 'no-cache') return MIN_FRESH_S;
    if (directive.startsWith('max-age=')) fresh ??= parseSeconds(directive.slice('max-age='.length));
  }
  return Math.max(MIN_FRESH_S, fresh ?? DEFAULT_FRESH_S);
}

function algorithmsOf({ dpop_signing_alg_values_supported: list }) {
  return list ? printable(list.join(' ')) : 'not published';
}

// MetadataCache holds the metadata of one issuer. It neither fetches nor reads a clock: the caller does both, and gives
// times in milliseconds. Stale metadata stays in use until a fetch succeeds, so a login does not fail because discovery
// does.
export class MetadataCache {
  #metadata;
  #freshUntil = -Infinity;
  #lastAttempt = -Infinity;
  #inDoubt = false;

  get metadata() {
    return this.#metadata;
  }

  // Returns whether to fetch: there is no metadata; or it is no longer fresh, or in doubt, and the last attempt was at
  // least 5 minutes ago.
  shouldFetch(now) {
    if (this.#metadata === undefined) return true;
    return (this.#inDoubt || now >= this.#freshUntil) && now >= this.#lastAttempt + MIN_FRESH_S * 1000;
  }

  // Puts the metadata in doubt: the identity provider refused a proof, or TLS to it failed. It may have changed what it
  // accepts, or where it is. The next attempt to fetch ends the doubt.
  doubt() {
    this.#inDoubt = true;
  }

  // Keeps what was fetched. Returns a text for the log if the algorithms for DPoP are others than before, and ''
  // otherwise.
  store(metadata, cacheControl, now) {
    const was = this.#metadata && algorithmsOf(this.#metadata);
    const is = algorithmsOf(metadata);
    this.#metadata = metadata;
    this.#freshUntil = now + freshForSeconds(cacheControl) * 1000;
    this.onFetchFailed(now);
    return was === undefined || was === is ? '' : `dpop_signing_alg_values_supported: was ${was}, is ${is}`;
  }

  // Notes an attempt to fetch that failed.
  onFetchFailed(now) {
    this.#lastAttempt = now;
    this.#inDoubt = false;
  }
}
