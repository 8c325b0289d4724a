// Tests the client credentials grant (RFC 6749 section 4.4), over each transport and with each algorithm.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Broker } from './broker.mjs';
import { useBroker } from './fixture.mjs';
import { API_SCOPE, JWT_RESOURCE } from './identity_provider.mjs';
import { ALGORITHMS, SignerStub } from './contract.mjs';
import { verifyExchange } from './verify_exchange.mjs';

const fixture = useBroker({ tcp: true });

for (const { algorithm, alg } of ALGORITHMS) {
  test(`${alg}: an opaque token is bound to the last proof's key`, async () => {
    const transcript = await fixture.broker.clientCredentials(algorithm);
    await verifyExchange(fixture.broker, alg, transcript);
  });

  test(`${alg}: a JWT access token is bound to the last proof's key`, async () => {
    const access = { resource: JWT_RESOURCE, scope: API_SCOPE };
    const transcript = await fixture.broker.clientCredentials(algorithm, access);
    await verifyExchange(fixture.broker, alg, transcript, access);
  });

  test(`${alg}: a proof cannot be used twice`, async () => {
    const { attempts } = await fixture.broker.clientCredentials(algorithm);
    const { parameters, proof, nonce } = attempts.at(-1);
    const replayed = await fixture.broker.send(parameters, proof);
    assert.deepEqual([replayed.status, replayed.error], [400, 'invalid_grant']);

    // The proof was the reason: the same request with the same nonce and a new proof succeeds.
    const request = { algorithm, htm: 'POST', htu: fixture.broker.metadata.token_endpoint, nonce };
    const minted = await fixture.signer.signProof(request);
    assert.equal((await fixture.broker.send(parameters, minted.proof)).status, 200);
  });

  test(`${alg}: over loopback TCP`, async () => {
    const signer = new SignerStub(fixture.daemon.tcpTarget);
    try {
      const broker = await Broker.connect(signer, fixture.idp);
      await verifyExchange(broker, alg, await broker.clientCredentials(algorithm));
    } finally {
      signer.close();
    }
  });
}

test('the daemon signs with every algorithm that the provider accepts', async () => {
  const { dpop_signing_alg_values: offered } = await fixture.signer.getCapabilities();
  const { dpop_signing_alg_values_supported: accepted } = fixture.broker.metadata;
  assert.deepEqual([...offered].sort(), [...accepted].sort());
});
