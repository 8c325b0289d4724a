// Tests that daemons with the same KEK file act as one signer: each signs with the keys whose handles another returned.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Broker } from './broker.mjs';
import { useBroker, useDaemon } from './fixture.mjs';
import { runProgram } from './programs.mjs';
import { verifyExchange } from './verify_exchange.mjs';
import { ALGORITHMS } from './verify_proof.mjs';

const directory = await mkdtemp(join(tmpdir(), 'proofmint-e2e-'));
const kekFile = join(directory, 'kek');
await writeFile(kekFile, await runProgram('proofmint', ['kek', 'new']), { mode: 0o600 });

const here = useBroker({ flags: [`--kek_file=${kekFile}`] });
const there = useDaemon({ flags: [`--kek_file=${kekFile}`] });
const stranger = useDaemon(); // It has its own KEK.
after(() => rm(directory, { recursive: true }));

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: a login with one daemon continues with the other, and returns`, async () => {
    const first = here.app;
    const second = await Broker.connect(there.signer, here.idp, here.idp.publicClient);
    const { tokens, jkt, keyHandle } = await first.authorizationCode(algorithm);
    const answer = await second.userinfo(algorithm, tokens.access_token, { keyHandle });
    assert.deepEqual([answer.status, answer.jkt], [200, jkt], answer.errorDescription);

    // This handle of the same key is sealed by the other daemon.
    const key = { keyHandle, returnKeyHandle: true };
    const refreshed = await second.refresh(algorithm, tokens.refresh_token, key);
    assert.equal(await verifyExchange(second, algorithm, refreshed), jkt);
    assert.notDeepEqual(refreshed.keyHandle, keyHandle);
    const back = await first.userinfo(algorithm, refreshed.tokens.access_token, { keyHandle: refreshed.keyHandle });
    assert.deepEqual([back.status, back.jkt], [200, jkt], back.errorDescription);
  });

  test(`${algorithm}: a daemon with another KEK refuses the handle`, async () => {
    const request = { algorithm, htm: 'POST', htu: here.broker.metadata.token_endpoint };
    const { keyHandle } = await here.signer.signProof({ ...request, returnKeyHandle: true });
    const call = stranger.signer.signProof({ ...request, keyHandle });
    await assert.rejects(call, { reason: 'INVALID_KEY_HANDLE' });
  });
}
