// Takes out of a provider's text what must not get into a log.
import { cut, replaceOdd } from './printable.mjs';

// Shorter values are not looked for: they would be found in any text.
const CHARACTERS_AT_LEAST = 8;
const JWT = /eyJ[A-Za-z0-9\-_.]{13,}/g;

// Returns the text as printable ASCII, with "[redacted]" for each of `secrets` and for everything that looks like a JWT.
// Odd characters go first, so that what replaces them cannot complete a secret; the text is cut last, so that no half
// of one is left.
export function redact(text, secrets) {
  let redacted = replaceOdd(text);
  for (const secret of secrets) {
    if (secret.length >= CHARACTERS_AT_LEAST) redacted = redacted.replaceAll(secret, '[redacted]');
  }
  return cut(redacted.replace(JWT, '[redacted]'));
}
