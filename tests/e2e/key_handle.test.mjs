// Tests that a token is bound to the key of the last token request's proof: its use and its renewal need a proof by the
// same key, through its handle (RFC 9449 sections 5, 7 and 10), and fail with any other key.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { useBroker } from './fixture.mjs';
import { verifyExchange } from './verify_exchange.mjs';
import { ALGORITHMS, verifyProof } from './verify_proof.mjs';

const fixture = useBroker();

function assertRefused(attempt, expected) {
  assert.deepEqual([attempt.status, attempt.error], expected, attempt.errorDescription);
  assert.notEqual(attempt.nonce, '', 'want it refused for its key, not for the lack of a nonce');
}

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: userinfo is served only for the key of the login's last proof`, async () => {
    const { broker } = fixture;
    const { attempts, tokens, jkt, keyHandle } = await broker.authorizationCode(algorithm);
    const refused = [401, 'invalid_token'];
    assertRefused(await broker.userinfo(algorithm, tokens.access_token, {}), refused);
    // The challenged proof had another key.
    const earlier = { keyHandle: attempts[0].keyHandle };
    assertRefused(await broker.userinfo(algorithm, tokens.access_token, earlier), refused);

    const answer = await broker.userinfo(algorithm, tokens.access_token, { keyHandle });
    assert.deepEqual([answer.status, answer.claims], [200, { sub: 'alice' }], answer.errorDescription);
    assert.equal(answer.jkt, jkt);
    await verifyProof(answer.proof, { ...answer, alg: algorithm, htm: 'GET', htu: broker.metadata.userinfo_endpoint });
  });

  test(`${algorithm}: a public client's refresh token works only with the key of its login`, async () => {
    const { app } = fixture;
    const { tokens: { refresh_token: token }, jkt, keyHandle } = await app.authorizationCode(algorithm);
    const { attempts } = await app.refresh(algorithm, token, {});
    assertRefused(attempts.at(-1), [400, 'invalid_grant']);

    const key = { keyHandle };
    const refreshed = await app.refresh(algorithm, token, key);
    assert.equal(await verifyExchange(app, algorithm, refreshed), jkt);
    assert.equal((await app.userinfo(algorithm, refreshed.tokens.access_token, key)).status, 200);
  });

  test(`${algorithm}: a code that is bound to a key is redeemed only with that key`, async () => {
    const { broker, signer } = fixture;
    const request = { algorithm, htm: 'POST', htu: broker.metadata.token_endpoint, returnKeyHandle: true };
    const { jkt, keyHandle } = await signer.signProof(request);
    const pinned = { dpop_jkt: jkt };
    // Each attempt has its own code, since the provider revokes a code at an attempt with the wrong key.
    const { attempts } = await broker.authorizationCode(algorithm, pinned);
    assertRefused(attempts.at(-1), [400, 'invalid_grant']);

    const redeemed = await broker.authorizationCode(algorithm, pinned, { keyHandle });
    assert.equal(await verifyExchange(broker, algorithm, redeemed), jkt);
  });
}
