// Tests the client credentials grant (RFC 6749 section 4.4), over each transport and with each algorithm.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SignerClient } from '../../clients/node/index.mjs';
import { Broker } from './broker.mjs';
import { useBroker } from './fixture.mjs';
import { API_SCOPE, JWT_RESOURCE } from './identity_provider.mjs';
import { verifyExchange } from './verify_exchange.mjs';
import { ALGORITHMS } from './verify_proof.mjs';

const fixture = useBroker({ tcp: true });

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: an opaque token is bound to the last proof's key`, async () => {
    const transcript = await fixture.broker.clientCredentials(algorithm);
    await verifyExchange(fixture.broker, algorithm, transcript);
  });

  test(`${algorithm}: a JWT access token is bound to the last proof's key`, async () => {
    const access = { resource: JWT_RESOURCE, scope: API_SCOPE };
    const transcript = await fixture.broker.clientCredentials(algorithm, access);
    await verifyExchange(fixture.broker, algorithm, transcript, access);
  });

  test(`${algorithm}: a proof cannot be used twice`, async () => {
    const { attempts } = await fixture.broker.clientCredentials(algorithm);
    const { parameters, proof, nonce } = attempts.at(-1);
    const replayed = await fixture.broker.send(parameters, proof);
    assert.deepEqual([replayed.status, replayed.error], [400, 'invalid_grant']);

    // The proof was the reason: the same request with the same nonce and a new proof succeeds.
    const request = { algorithm, htm: 'POST', htu: fixture.broker.metadata.token_endpoint, nonce };
    const minted = await fixture.signer.signProof(request);
    assert.equal((await fixture.broker.send(parameters, minted.jwt)).status, 200);
  });

  test(`${algorithm}: over loopback TCP`, async () => {
    const signer = new SignerClient({ target: fixture.daemon.tcpTarget });
    try {
      const broker = await Broker.connect(signer, fixture.idp);
      await verifyExchange(broker, algorithm, await broker.clientCredentials(algorithm));
    } finally {
      signer.close();
    }
  });
}

test('the daemon signs with every algorithm that the provider accepts', async () => {
  const { algorithms: offered } = await fixture.signer.getCapabilities();
  const { dpop_signing_alg_values_supported: accepted } = fixture.broker.metadata;
  assert.deepEqual([...offered].sort(), [...accepted].sort());
});
