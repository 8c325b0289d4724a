// Tests that daemons with the same KEK file act as one signer: each signs with the keys whose handles another returned.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Broker } from './broker.mjs';
import { useBroker, useDaemon } from './fixture.mjs';
import { runProgram } from './programs.mjs';
import { ALGORITHMS, decodeError } from './contract.mjs';
import { verifyExchange } from './verify_exchange.mjs';

const directory = await mkdtemp(join(tmpdir(), 'proofmint-e2e-'));
const kekFile = join(directory, 'kek');
await writeFile(kekFile, await runProgram('proofmint', ['kek', 'new']), { mode: 0o600 });

const here = useBroker({ flags: [`--kek_file=${kekFile}`] });
const there = useDaemon({ flags: [`--kek_file=${kekFile}`] });
const stranger = useDaemon(); // It has its own KEK.
after(() => rm(directory, { recursive: true }));

for (const { algorithm, alg } of ALGORITHMS) {
  test(`${alg}: a login with one daemon continues with the other, and returns`, async () => {
    const first = here.app;
    const second = await Broker.connect(there.signer, here.idp, here.idp.publicClient);
    const { tokens, jkt, keyHandle } = await first.authorizationCode(algorithm);
    const answer = await second.userinfo(algorithm, tokens.access_token, { key_handle: keyHandle });
    assert.deepEqual([answer.status, answer.jkt], [200, jkt], answer.errorDescription);

    // This handle of the same key is sealed by the other daemon.
    const key = { key_handle: keyHandle, return_key_handle: true };
    const refreshed = await second.refresh(algorithm, tokens.refresh_token, key);
    assert.equal(await verifyExchange(second, alg, refreshed), jkt);
    assert.notDeepEqual(refreshed.keyHandle, keyHandle);
    const back = await first.userinfo(algorithm, refreshed.tokens.access_token, { key_handle: refreshed.keyHandle });
    assert.deepEqual([back.status, back.jkt], [200, jkt], back.errorDescription);
  });

  test(`${alg}: a daemon with another KEK refuses the handle`, async () => {
    const request = { algorithm, htm: 'POST', htu: here.broker.metadata.token_endpoint };
    const { key_handle: handle } = await here.signer.signProof({ ...request, return_key_handle: true });
    const call = stranger.signer.signProof({ ...request, key_handle: handle });
    const error = await call.then(() => assert.fail('got an answer, want an error'), (reason) => reason);
    assert.equal(decodeError(error).ErrorInfo.reason, 'INVALID_KEY_HANDLE');
  });
}
