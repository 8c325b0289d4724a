// Tests the client against a real daemon: proofs, errors, deadlines, cancellation.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';

import { SignerClient, SignerError } from '../../../clients/node/index.mjs';
import { startDaemon } from '../../e2e/daemon.mjs';
import { verifyProof } from '../../e2e/verify_proof.mjs';

const GOOD = { algorithm: 'ES256', htm: 'POST', htu: 'https://idp.example/token' };
const BAD = { ...GOOD, htu: 'https://user@idp.example/token' };

let daemon;
let signer;
before(async () => {
  daemon = await startDaemon({ tcp: true });
  signer = new SignerClient({ target: daemon.unixTarget, timeoutMs: 10_000 });
});
after(async () => {
  signer.close();
  await daemon.stop();
});

const failureOf = (call) => call.then(() => assert.fail('got a proof, want an error'), (error) => error);

for (const algorithm of ['ES256', 'Ed25519', 'EdDSA']) {
  test(`${algorithm}: a proof has what was asked for`, async () => {
    const nonce = 'a-nonce';
    const accessToken = 'an-access-token';
    const proof = await signer.signProof({ ...GOOD, algorithm, htm: 'GET', nonce, accessToken, returnKeyHandle: true });
    const ath = createHash('sha256').update(accessToken).digest('base64url');
    const { jwt, ...said } = proof;
    await verifyProof(jwt, { ...said, alg: algorithm, htm: 'GET', htu: GOOD.htu, nonce, ath });

    const again = await signer.signProof({ ...GOOD, algorithm, keyHandle: proof.keyHandle, iatOffset: -60 });
    assert.equal(again.jkt, proof.jkt);
    assert.equal(again.keyHandle, undefined);
    await verifyProof(again.jwt, { ...again, ...GOOD, alg: algorithm });
    assert.ok(again.iat <= proof.iat - 59);
  });
}

test('the algorithm is ES256 and the method POST by default', async () => {
  const { jwt, ...said } = await signer.signProof({ htu: GOOD.htu });
  await verifyProof(jwt, { ...said, ...GOOD, alg: 'ES256' });
});

test('a proof comes over loopback TCP', async () => {
  const overTcp = new SignerClient({ target: `dns:///${daemon.tcpTarget}` });
  const { jwt, ...said } = await overTcp.signProof(GOOD);
  await verifyProof(jwt, { ...said, ...GOOD, alg: 'ES256' });
  overTcp.close();
});

test('the address comes from the environment', async () => {
  process.env.PROOFMINT_TARGET = daemon.unixTarget;
  const byEnvironment = new SignerClient();
  delete process.env.PROOFMINT_TARGET;
  assert.ok((await byEnvironment.signProof(GOOD)).jwt);
  byEnvironment.close();
});

test('calls of one turn leave in one batch, and a bad one fails alone', async () => {
  const earlier = signer.stats;
  const calls = Array.from({ length: 30 }, (_, i) => signer.signProof(i === 17 ? BAD : GOOD));
  const ended = await Promise.allSettled(calls);
  assert.deepEqual(ended.map(({ status }) => status), ended.map((_, i) => (i === 17 ? 'rejected' : 'fulfilled')));
  assert.equal(new Set(ended.map(({ value }) => value?.jkt)).size, 30);
  const { reason: error } = ended[17];
  assert.ok(error instanceof SignerError);
  const { code, reason, field, retryable, retryAfterMs } = error;
  assert.deepEqual({ code, reason, field, retryable, retryAfterMs }, {
    code: 'INVALID_ARGUMENT', reason: 'INVALID_HTU', field: 'htu', retryable: false, retryAfterMs: undefined,
  });
  const { batches, items, retries } = signer.stats;
  assert.deepEqual([batches - earlier.batches, items - earlier.items, retries - earlier.retries], [1, 30, 0]);
});

test('errors name the field as the contract does', async () => {
  const fieldOf = async (request) => (await failureOf(signer.signProof({ ...GOOD, ...request }))).field;
  assert.equal(await fieldOf({ htm: '' }), 'htm');
  assert.equal(await fieldOf({ nonce: 'a b' }), 'nonce');
  assert.equal(await fieldOf({ keyHandle: Buffer.from('x') }), 'key_handle');
});

test('arguments of a wrong type are rejected before anything is sent', async () => {
  for (const [request, why] of [
    [{ ...GOOD, algorithm: 'RS256' }, /^algorithm: want one of ES256, Ed25519, EdDSA$/],
    [{ ...GOOD, htu: undefined }, /^htu: want a string$/],
    [{ ...GOOD, nonce: 5 }, /^nonce: /],
    [{ ...GOOD, accessToken: Buffer.from('x') }, /^accessToken: /],
    [{ ...GOOD, keyHandle: 'text' }, /^keyHandle: want a Uint8Array$/],
    [{ ...GOOD, iatOffset: NaN }, /^iatOffset: /],
  ]) {
    const error = await failureOf(signer.signProof(request));
    assert.ok(error instanceof TypeError);
    assert.match(error.message, why);
  }
  assert.match((await failureOf(signer.signProof(GOOD, { timeoutMs: 0 }))).message, /^timeoutMs: got 0, want an integer/);
});

test('options that make no sense are refused', () => {
  for (const [options, why] of [
    [{ target: '' }, /target: /], [{ target: 'unix:' }, /target: got "unix:"/],
    [{ target: 'host' }, /target: got "host"/],
    [{ target: 'host:0' }, /target: /], [{ target: 'host:65536' }, /target: /],
    [{ maxBatchSize: 257 }, /maxBatchSize: got 257/],
    [{ timeoutMs: 1.5 }, /timeoutMs: /], [{ timeOutMs: 5 }, /options: unknown member timeOutMs$/],
    [{ tls: { certificate: '/nowhere', key: '/nowhere', ca: '/nowhere' } }, /ENOENT/],
    [{ tls: { key: 'x' } }, /tls.certificate: /],
  ]) {
    assert.throws(() => new SignerClient(options), why);
  }
});

test('the capabilities are those of the daemon', async () => {
  const { algorithms, maxBatchSize, maxIatOffset, version } = await signer.getCapabilities();
  assert.deepEqual(algorithms, ['ES256', 'Ed25519', 'EdDSA']);
  assert.deepEqual([maxBatchSize, maxIatOffset], [256, 300]);
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

test('an aborted call rejects with the reason, and the others of its batch go on', async () => {
  const controller = new AbortController();
  const aborted = failureOf(signer.signProof(GOOD, { signal: controller.signal }));
  const other = signer.signProof(GOOD, { signal: new AbortController().signal });
  const reason = new Error('the user went away');
  controller.abort(reason);
  assert.equal(await aborted, reason);
  assert.ok((await other).jwt);
  assert.equal(await failureOf(signer.signProof(GOOD, { signal: controller.signal })), reason);
});

// Listens, and never answers.
async function startSilentServer() {
  const connections = [];
  const server = createServer((socket) => connections.push(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = () => {
    server.close();
    connections.forEach((socket) => socket.destroy());
  };
  return { target: `127.0.0.1:${server.address().port}`, stop };
}

test('the deadline ends a call that has no answer, and one that has no connection', async () => {
  const silent = await startSilentServer();
  for (const [target, why] of [[silent.target, /no proof before the deadline/], ['unix:/nowhere/socket', /ENOENT/]]) {
    const waiting = new SignerClient({ target });
    const error = await failureOf(waiting.signProof(GOOD, { timeoutMs: 50 }));
    assert.deepEqual([error.code, error.retryable], ['DEADLINE_EXCEEDED', true]);
    assert.match(error.message, why);
    assert.match((await failureOf(waiting.getCapabilities({ timeoutMs: 50 }))).message, why);
    waiting.close();
  }
  silent.stop();
});

test('a deadline ends its own call, though its batch is still out', async () => {
  const slow = await startDaemon({ flags: ['--enable_fault_injection', '--fault_delay=1s'] });
  const client = new SignerClient({ target: slow.unixTarget, timeoutMs: 10_000 });
  const long = client.signProof(GOOD);
  const short = await failureOf(client.signProof(GOOD, { timeoutMs: 100 }));
  assert.equal(short.code, 'DEADLINE_EXCEEDED');
  assert.equal(client.stats.pending, 1);
  assert.ok((await long).jwt);
  client.close();
  await slow.stop();
});

test('more calls than may wait are rejected at once', async () => {
  const full = new SignerClient({ target: 'unix:/nowhere/socket', maxQueued: 2 });
  const waiting = [failureOf(full.signProof(GOOD)), failureOf(full.signProof(GOOD))];
  const error = await failureOf(full.signProof(GOOD));
  assert.deepEqual([error.code, error.retryable], ['RESOURCE_EXHAUSTED', false]);
  full.close();
  for (const { code, retryable } of await Promise.all(waiting)) assert.deepEqual([code, retryable], ['CANCELLED', false]);
  assert.equal((await failureOf(full.signProof(GOOD))).code, 'CANCELLED');
});

test('a caller over its quota is told so, and when to come back', async () => {
  const strict = await startDaemon({ flags: ['--caller_rate=1', '--caller_burst=256'] });
  const client = new SignerClient({ target: strict.unixTarget });
  await Promise.all(Array.from({ length: 256 }, () => client.signProof(GOOD)));
  const error = await failureOf(Promise.all(Array.from({ length: 256 }, () => client.signProof(GOOD))));
  assert.deepEqual([error.code, error.reason, error.retryable], ['RESOURCE_EXHAUSTED', 'CALLER_QUOTA_EXCEEDED', true]);
  assert.ok(error.retryAfterMs > 2_000, `got ${error.retryAfterMs} ms`);
  client.close();
  await strict.stop();
});
