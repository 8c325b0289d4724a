// Verifies a proof as a strict identity provider does, and compares it with the signer's response.
import assert from 'node:assert/strict';

import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } from 'jose';

const JWK_MEMBERS = { ES256: ['crv', 'kty', 'x', 'y'], Ed25519: ['crv', 'kty', 'x'], EdDSA: ['crv', 'kty', 'x'] };
// The JWS algorithms of proofs.
export const ALGORITHMS = Object.keys(JWK_MEMBERS);

const COORDINATE_BYTES = 32;
const JTI_BYTES = 16;

// Decodes base64url strictly: Buffer skips unknown characters, so the bytes must encode to the same text.
export function decodeBase64url(text) {
  const bytes = Buffer.from(text, 'base64url');
  assert.equal(bytes.toString('base64url'), text, 'base64url: want it canonical and without padding');
  return bytes;
}

// Returns the header and the claims of a proof, unverified.
export function decodeProof(proof) {
  const [header, claims] = proof.split('.').slice(0, 2).map((part) => JSON.parse(decodeBase64url(part)));
  return { header, claims };
}

// Expects a proof with exactly these members. An empty `nonce` or `ath` means that the proof has none. Returns its
// header and claims.
export async function verifyProof(proof, { alg, htm, htu, nonce = '', ath = '', iat, jkt }) {
  const { protectedHeader: header, payload: claims } = await jwtVerify(proof, EmbeddedJWK, { algorithms: [alg] });
  const { jwk } = header;
  assert.deepEqual(Object.keys(header).sort(), ['alg', 'jwk', 'typ']);
  assert.equal(header.typ, 'dpop+jwt');
  assert.deepEqual(Object.keys(jwk).sort(), JWK_MEMBERS[alg]);
  assert.equal(decodeBase64url(jwk.x).length, COORDINATE_BYTES);
  if (jwk.y) assert.equal(decodeBase64url(jwk.y).length, COORDINATE_BYTES);
  assert.equal(await calculateJwkThumbprint(jwk), jkt, 'jkt');

  const { jti, ...rest } = claims;
  assert.equal(decodeBase64url(jti).length, JTI_BYTES);
  assert.deepEqual(rest, { htm, htu, iat, ...(nonce && { nonce }), ...(ath && { ath }) });
  return { header, claims };
}
