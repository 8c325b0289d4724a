// Tests that failures of daemons that pass are late proofs for a caller, and not errors.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { SignerClient } from '../../../clients/node/index.mjs';
import { startDaemon } from '../../e2e/daemon.mjs';

const REQUEST = { algorithm: 'ES256', htu: 'https://idp.example/token' };
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const FAULTS = ['--enable_fault_injection'];

const directory = await mkdtemp(join(tmpdir(), 'proofmint-client-'));
after(() => rm(directory, { recursive: true, force: true }));

function assertDistinct(proofs) {
  assert.equal(new Set(proofs.map(({ jwt }) => jwt)).size, proofs.length, 'want every proof once');
  assert.equal(new Set(proofs.map(({ jkt }) => jkt)).size, proofs.length, 'want a key for every proof');
}

// Runs `callers` that each ask for proof after proof until `stop` is set, and returns all proofs.
async function keepAsking(signer, callers, state) {
  const proofs = [];
  await Promise.all(Array.from({ length: callers }, async () => {
    while (!state.stopped) proofs.push(await signer.signProof(REQUEST));
  }));
  return proofs;
}

for (const [how, end] of [['stopped', (daemon) => daemon.stop()], ['killed', (daemon) => daemon.discard()]]) {
  test(`callers notice nothing of a daemon that is ${how} and started again`, async () => {
    const socket = join(directory, `${how}.sock`);
    let daemon = await startDaemon({ socket });
    const signer = new SignerClient({ target: `unix:${socket}`, timeoutMs: 30_000 });
    const state = { stopped: false };
    const asking = keepAsking(signer, 64, state);
    for (let i = 0; i < 2; i++) {
      while (signer.stats.proofs < 500 * (i + 1)) await signer.signProof(REQUEST);
      await end(daemon);
      daemon = await startDaemon({ socket });
    }
    const { proofs: atRestart } = signer.stats;
    while (signer.stats.proofs < atRestart + 500) await signer.signProof(REQUEST);
    state.stopped = true;
    assertDistinct(await asking);
    const { calls, proofs, failures, pending } = signer.stats;
    assert.deepEqual([proofs, failures, pending], [calls, 0, 0]);
    signer.close();
    await daemon.stop();
  });
}

test('keys and signatures that cannot be made are made again, item by item', async () => {
  const rates = ['--fault_key_generation_failure_rate=0.15', '--fault_signing_failure_rate=0.15'];
  const daemon = await startDaemon({ flags: [...FAULTS, ...rates] });
  const signer = new SignerClient({ target: daemon.unixTarget, timeoutMs: 30_000 });
  const proofs = await Promise.all(Array.from({ length: 500 }, () => signer.signProof(REQUEST)));
  assertDistinct(proofs);
  const { items, retries, failures } = signer.stats;
  assert.equal(failures, 0);
  assert.ok(retries > 50, `got ${retries} retries`);
  assert.equal(items, 500 + retries, 'want no proof made again that had succeeded');
  signer.close();
  await daemon.stop();
});

test('an overloaded daemon makes calls late', async () => {
  const daemon = await startDaemon({ flags: [...FAULTS, '--max_in_flight=256', '--fault_delay=20ms'] });
  const signers = Array.from({ length: 4 }, () => new SignerClient({ target: daemon.unixTarget, timeoutMs: 60_000 }));
  const calls = signers.flatMap((signer) => Array.from({ length: 1_000 }, () => signer.signProof(REQUEST)));
  assertDistinct(await Promise.all(calls));
  assert.ok(signers.some((signer) => signer.stats.retries > 0), 'want the daemon to have been overloaded');
  signers.forEach((signer) => signer.close());
  await daemon.stop();
});

test('of 100,000 concurrent calls none is lost', async () => {
  const daemon = await startDaemon();
  const signer = new SignerClient({ target: daemon.unixTarget, timeoutMs: 120_000, maxQueued: 100_000 });
  assertDistinct(await Promise.all(Array.from({ length: 100_000 }, () => signer.signProof(REQUEST))));
  const { batches, items, retries } = signer.stats;
  assert.equal(items, 100_000 + retries);
  assert.ok(batches < 1_000, `got ${batches} batches`);
  signer.close();
  await daemon.stop();
});

// A leak of 50 bytes a call shows. The long run makes a million calls.
test('memory is flat over many calls', async () => {
  const rounds = process.env.PROOFMINT_LONG_TESTS ? 50 : 3;
  const daemon = await startDaemon();
  const signer = new SignerClient({ target: daemon.unixTarget, timeoutMs: 60_000 });
  const { signal } = new AbortController();
  const heapAfterRound = async () => {
    for (let i = 0; i < 20; i++) {
      await Promise.all(Array.from({ length: 1_000 }, () => signer.signProof(REQUEST, { signal })));
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  await heapAfterRound(); // Warms up.
  const before = await heapAfterRound();
  let last;
  for (let i = 0; i < rounds; i++) last = await heapAfterRound();
  assert.ok(last < before + 3e6, `the heap grew from ${before} to ${last} bytes`);
  assert.equal(signer.stats.pending, 0);
  signer.close();
  await daemon.stop();
});
