// Reads from a token, or from its introspection, to which key it is bound.
import { isObject, parseJsonObject, stringMember } from './json_object.mjs';

const OPAQUE = { readable: false, jkt: undefined };

const keyOf = (claims) => {
  const jkt = isObject(claims.cnf) ? stringMember(claims.cnf, 'jkt') : '';
  return { readable: true, jkt: jkt || undefined };
};

// Reads the payload of an access token if it is a JWT: { readable, jkt }, with jkt undefined if it names no key. The
// signature is not verified: the result is advice, for logs and diagnosis, and never an authorization (RFC 9068 section
// 6).
export function keyOfToken(accessToken) {
  const parts = accessToken.split('.');
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]*$/.test(part))) return OPAQUE;
  const [header, claims] = parts.slice(0, 2).map((part) => parseJsonObject(Buffer.from(part, 'base64url')));
  return header && claims ? keyOf(claims) : OPAQUE;
}

// Reads an introspection response (RFC 7662, RFC 9449 section 6.2), a text. It is readable only if the token is active.
export function keyOfIntrospection(json) {
  const claims = parseJsonObject(json);
  return claims?.active === true ? keyOf(claims) : OPAQUE;
}
