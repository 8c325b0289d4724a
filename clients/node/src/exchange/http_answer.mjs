// Reads what DPoP needs of the headers of an HTTP response.
//
// An answer is { status, headers, body, sentAt, receivedAt }: headers are pairs of a name in any case and a value,
// repeats kept; the body is a string or bytes; the times are in milliseconds since 1970, of one clock.
import { isNonce } from './nonce_store.mjs';

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
// It ends at a comma or at the end.
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
// Bytes above ASCII and tabs are allowed, other control characters are not.
const QUOTED = /"((?:[\t !\x23-\x5b\x5d-\x7e\x80-\uffff]|\\[\t\x20-\x7e\x80-\uffff])*)"/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const SPACES = /[ \t]*/y;
const SEPARATORS = /[ \t,]*/y;

// A date such as Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110 section 5.6.7).
const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

// Returns the values of the headers `name`, given in lower case, without surrounding white space.
export function headerValues(answer, name) {
  return answer.headers
    .filter(([candidate]) => candidate.toLowerCase() === name)
    .map(([, value]) => value.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''));
}

// ChallengeReader reads the challenges of one WWW-Authenticate header (RFC 9110 section 11.6.1).
class ChallengeReader {
  #text;
  #position = 0;

  constructor(text) {
    this.#text = text;
  }

  #take(pattern) {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#position = pattern.lastIndex;
    return match;
  }

  get #atEnd() {
    return this.#position >= this.#text.length;
  }

  // What follows a fault does not count.
  read() {
    const challenges = [];
    let takesParameters = false; // Whether the next element may be a parameter.
    for (this.#take(SEPARATORS); !this.#atEnd; this.#take(SEPARATORS)) {
      const name = this.#take(TOKEN)?.[0].toLowerCase();
      if (name === undefined) break;
      if (this.#take(EQUALS)) {
        if (!takesParameters || !this.#readValue(name, challenges.at(-1))) break;
      } else {
        const challenge = { scheme: name, token68: '', parameters: new Map() };
        challenges.push(challenge);
        if (!this.#readRestOfElement(challenge)) break;
        takesParameters = challenge.token68 === '';
      }
      this.#take(SPACES);
      if (!this.#atEnd && this.#text[this.#position] !== ',') break;
    }
    return challenges;
  }

  // Reads what follows a scheme up to the next comma: nothing, a token68 or the first parameter. Returns whether it
  // follows the grammar.
  #readRestOfElement(challenge) {
    const [spaces] = this.#take(SPACES);
    if (this.#atEnd || this.#text[this.#position] === ',') return true;
    if (spaces === '') return false;
    const token68 = this.#take(TOKEN68);
    if (token68) {
      [challenge.token68] = token68;
      return true;
    }
    const name = this.#take(TOKEN)?.[0].toLowerCase();
    return name !== undefined && this.#take(EQUALS) !== undefined && this.#readValue(name, challenge);
  }

  #readValue(name, { parameters }) {
    const value = this.#take(QUOTED)?.[1].replace(/\\(.)/g, '$1') ?? this.#take(TOKEN)?.[0];
    if (value === undefined) return false;
    if (!parameters.has(name)) parameters.set(name, value);
    return true;
  }
}

// Returns the challenges of all WWW-Authenticate headers, in their order: { scheme, token68, parameters }, with the
// scheme and the names of the parameters, a Map, in lower case.
export function readChallenges(answer) {
  return headerValues(answer, 'www-authenticate').flatMap((text) => new ChallengeReader(text).read());
}

// Returns what the headers DPoP-Nonce say: the first valid nonce or '', whether one is malformed, and whether valid
// ones differ.
export function readNonce(answer) {
  const values = headerValues(answer, 'dpop-nonce');
  const valid = values.filter(isNonce);
  return {
    value: valid[0] ?? '',
    malformed: valid.length < values.length,
    ambiguous: new Set(valid).size > 1,
  };
}

function parseDate(text) {
  return DATE.test(text) ? Date.parse(text) : NaN;
}

// Returns by how many milliseconds the server's clock is ahead of ours: its header Date, which has whole seconds, less
// the middle of the two times; undefined without it.
export function clockSkewMs(answer) {
  const [date] = headerValues(answer, 'date');
  const skew = parseDate(date ?? '') - (answer.sentAt + answer.receivedAt) / 2;
  return Number.isFinite(skew) ? skew : undefined;
}

// Returns the delay of the header Retry-After in milliseconds, never negative; undefined if there is none that can be
// read.
export function retryAfterMs(answer) {
  const [text] = headerValues(answer, 'retry-after');
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const delay = parseDate(text) - answer.receivedAt;
  return Number.isFinite(delay) ? Math.max(0, delay) : undefined;
}

// Returns the host of the header Location, with a port that is not the default; '' unless it is an absolute URL
// without userinfo.
export function locationHost(answer) {
  const [text] = headerValues(answer, 'location');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && url.username === '' && url.password === '' ? url.host : '';
}
