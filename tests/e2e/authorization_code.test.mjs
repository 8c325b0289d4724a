// Tests the login of a user (RFC 6749 section 4.1, RFC 7636) with each algorithm.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createRemoteJWKSet, jwtVerify } from 'jose';

import { useBroker } from './fixture.mjs';
import { API_SCOPE, JWT_RESOURCE } from './identity_provider.mjs';
import { verifyExchange } from './verify_exchange.mjs';
import { ALGORITHMS } from './verify_proof.mjs';

const fixture = useBroker();

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: a login's opaque token is bound to the last proof's key`, async () => {
    const { broker, idp } = fixture;
    const transcript = await broker.authorizationCode(algorithm);
    await verifyExchange(broker, algorithm, transcript);

    // The login itself succeeded: the ID token is the provider's and names the user.
    const keys = createRemoteJWKSet(new URL(broker.metadata.jwks_uri));
    const expected = { issuer: idp.issuer, audience: idp.client.client_id, subject: 'alice' };
    await jwtVerify(transcript.tokens.id_token, keys, expected);
  });

  test(`${algorithm}: a login's JWT access token is bound to the last proof's key`, async () => {
    const access = { resource: JWT_RESOURCE, scope: API_SCOPE };
    const transcript = await fixture.broker.authorizationCode(algorithm, access);
    await verifyExchange(fixture.broker, algorithm, transcript, access);
  });

  test(`${algorithm}: a code is consumed by the login, not by the nonce challenge`, async () => {
    const { attempts } = await fixture.broker.authorizationCode(algorithm);
    const { parameters, nonce } = attempts.at(-1);
    const request = { algorithm, htm: 'POST', htu: fixture.broker.metadata.token_endpoint, nonce };
    const { jwt } = await fixture.signer.signProof(request);
    const again = await fixture.broker.send(parameters, jwt);
    assert.deepEqual([again.status, again.error], [400, 'invalid_grant']);
  });
}
