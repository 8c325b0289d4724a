// Takes out of a provider's text what must not get into a log.
import { printable } from './printable.mjs';

// Shorter values are not looked for: they would be found in any text.
const CHARACTERS_AT_LEAST = 8;
const JWT = /eyJ[A-Za-z0-9\-_.]{13,}/g;

// Returns the text as printable ASCII, with "[redacted]" for each of `secrets` and for everything that looks like a
// JWT.
export function redact(text, secrets) {
  let redacted = text;
  for (const secret of secrets) {
    if (secret.length >= CHARACTERS_AT_LEAST) redacted = redacted.replaceAll(secret, '[redacted]');
  }
  return printable(redacted.replace(JWT, '[redacted]'));
}
