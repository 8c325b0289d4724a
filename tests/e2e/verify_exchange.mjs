// Checks what holds for every exchange of a proof for tokens at a provider that requires a nonce.
import assert from 'node:assert/strict';

import { createRemoteJWKSet, jwtVerify } from 'jose';

import { JWT_RESOURCE } from './identity_provider.mjs';
import { verifyProof } from './verify_proof.mjs';

// Returns the thumbprint in an access token, from the provider's introspection or from a JWT that its key has signed.
async function boundThumbprint(broker, { access_token: token }, { resource }) {
  if (!resource) {
    const answer = await broker.introspect(token);
    assert.equal(answer.active, true);
    assert.equal(answer.token_type, 'DPoP');
    return answer.cnf.jkt;
  }
  const { issuer, jwks_uri: keys } = broker.metadata;
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(keys)), {
    issuer,
    audience: JWT_RESOURCE,
    typ: 'at+jwt',
    algorithms: ['ES256'],
  });
  return payload.cnf.jkt;
}

// Checks a transcript of the broker: one challenge, then success, with valid proofs and a token bound to the key of the
// second proof. The proofs have different keys, unless a key handle was used. `access` is what the broker requested.
// Returns the thumbprint in the token.
export async function verifyExchange(broker, alg, transcript, access = {}) {
  const { attempts, outcome, tokens, jkt } = transcript;
  const outcomes = attempts.map(({ status, error }) => [status, error]);
  assert.deepEqual(outcomes, [[400, 'use_dpop_nonce'], [200, undefined]], attempts.at(-1).errorDescription);
  for (const attempt of attempts) {
    await verifyProof(attempt.proof, { ...attempt, alg, htm: 'POST', htu: broker.metadata.token_endpoint });
  }
  const [first, second] = attempts;
  assert.equal(second.nonce, first.challenge);
  if (second.key.keyHandle) {
    assert.equal(first.jkt, second.jkt, 'want the key of the handle for each proof');
  } else {
    assert.notEqual(first.jkt, second.jkt, 'want a fresh key for each proof');
  }
  assert.equal(jkt, second.jkt);
  const { verdict, nonceChallenges, binding } = outcome;
  assert.deepEqual([verdict, nonceChallenges], ['granted', 1]);
  assert.equal(binding, access.resource ? 'confirmed' : 'claimed', 'want the key of a JWT to have been read');

  assert.equal(tokens.token_type, 'DPoP');
  const cnfJkt = await boundThumbprint(broker, tokens, access);
  assert.equal(cnfJkt, jkt, 'cnf.jkt');
  return cnfJkt;
}
