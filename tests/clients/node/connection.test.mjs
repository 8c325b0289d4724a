// Tests what the client makes of answers that proofmintd does not give, from a server that plays them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, before, test } from 'node:test';

import { SignerClient } from '../../../clients/node/index.mjs';

const REQUEST = { algorithm: 'ES256', htu: 'https://idp.example/token' };
// A BatchSignProofsResponse with one proof, "a.b.c", behind the header of a gRPC message.
const PROOF = Buffer.from([0, 0, 0, 0, 11, 0x0a, 9, 0x0a, 7, 0x0a, 5, ...Buffer.from('a.b.c')]);
const OK = { 'grpc-status': '0' };

// What the server does with the streams that come next; the last one stays.
const script = [];
const sessions = [];
let server;
let target;
before(async () => {
  server = http2.createServer();
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const act = script.length > 1 ? script.shift() : script[0];
    act(stream, headers);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  target = `127.0.0.1:${server.address().port}`;
});
after(() => {
  sessions.forEach((session) => session.destroy());
  server.close();
});

// Answers with the message `frame` in pieces of `size` bytes, and trailers.
function answer(frame, trailers = OK, size = frame.length) {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    for (let i = 0; i < frame.length; i += size) stream.write(frame.subarray(i, i + size));
    stream.end();
  };
}

const trailersOnly = (headers) => (stream) => stream.respond({ ':status': 200, ...headers }, { endStream: true });

const TIMEOUT_MS = 10_000;

// Calls once and returns the proof or the error, and how many retries there were.
async function call(...acts) {
  script.splice(0, script.length, ...acts);
  const signer = new SignerClient({ target, timeoutMs: TIMEOUT_MS });
  const ended = await signer.signProof(REQUEST).catch((error) => error);
  const { retries } = signer.stats;
  signer.close();
  return { ended, retries };
}

test('a response may come in pieces', async () => {
  for (const size of [1, 3, 100]) assert.equal((await call(answer(PROOF, OK, size))).ended.jwt, 'a.b.c');
});

test('a status without a message, and one without details, is the error', async () => {
  const denied = trailersOnly({ 'grpc-status': '7', 'grpc-message': 'not%20you%20%C3%A9' });
  const { ended, retries } = await call(denied);
  assert.deepEqual([ended.code, ended.message, ended.reason], ['PERMISSION_DENIED', 'not you é', undefined]);
  assert.equal(retries, 0);
  const trailers = { 'grpc-status': '99', 'grpc-message': '%', 'grpc-status-details-bin': '!!' };
  const odd = await call(answer(Buffer.alloc(0), trailers));
  assert.deepEqual([odd.ended.code, odd.ended.message], ['UNKNOWN', '%']);
});

test('a passing failure of the whole batch is retried', async () => {
  const { ended, retries } = await call(trailersOnly({ 'grpc-status': '14', 'grpc-message': 'x' }), answer(PROOF));
  assert.deepEqual([ended.jwt, retries], ['a.b.c', 1]);
});

test('a stream that ends without a status is a lost connection, and retried', async () => {
  const refuse = (stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
  for (const act of [refuse, (stream) => stream.session.destroy()]) {
    const { ended, retries } = await call(act, answer(PROOF));
    assert.deepEqual([ended.jwt, retries], ['a.b.c', 1]);
  }
});

test('an answer that is not of a gRPC server is UNAVAILABLE, and says so', async () => {
  const { ended, retries } = await call((stream) => stream.respond({ ':status': 502 }, { endStream: true }));
  assert.equal(retries, 7);
  assert.equal(ended.code, 'UNAVAILABLE');
  assert.match(ended.cause.message, /HTTP status 502/);
});

test('a malformed response is an error and not a proof', async () => {
  const spoiled = (change) => {
    const frame = Buffer.from(PROOF);
    change(frame);
    return answer(frame);
  };
  for (const act of [
    answer(Buffer.alloc(0)), answer(PROOF.subarray(0, 9)), answer(Buffer.concat([PROOF, PROOF])),
    answer(Buffer.from([0, 0, 0, 0, 0])), // No result for the request.
    spoiled((frame) => { frame[0] = 1; }), // Compressed.
    spoiled((frame) => { frame[10] = 6; }), // The text ends after the message.
  ]) {
    const { ended, retries } = await call(act);
    assert.deepEqual([ended.code, ended.message, retries], ['INTERNAL', 'signer: malformed response', 0]);
  }
});

test('a response without end is cut off', async () => {
  const { ended, retries } = await call((stream) => {
    stream.respond({ ':status': 200 });
    const pour = () => { while (!stream.destroyed && stream.write(Buffer.alloc(1 << 16))); };
    stream.on('drain', pour);
    pour();
  }, answer(PROOF));
  assert.deepEqual([ended.jwt, retries], ['a.b.c', 1]);
});

test('a server that goes away gets no new calls, and finishes those that it has', async () => {
  script.splice(0, script.length, (stream) => {
    stream.session.goaway();
    setImmediate(() => answer(PROOF)(stream));
  }, answer(PROOF));
  const signer = new SignerClient({ target, timeoutMs: TIMEOUT_MS });
  const connections = sessions.length;
  assert.equal((await signer.signProof(REQUEST)).jwt, 'a.b.c');
  assert.equal((await signer.signProof(REQUEST)).jwt, 'a.b.c');
  assert.equal(sessions.length - connections, 2);
  assert.equal(signer.stats.retries, 0);
  signer.close();
});

test('a call whose retry gets no answer ends with the error of the attempt before', async () => {
  script.splice(0, script.length, trailersOnly({ 'grpc-status': '14', 'grpc-message': 'restarting' }), () => {});
  const signer = new SignerClient({ target });
  await assert.rejects(signer.signProof(REQUEST, { timeoutMs: 3_000 }), { code: 'UNAVAILABLE', message: 'restarting' });
  assert.equal(signer.stats.retries, 1);
  signer.close();
});

test('a connection on which no answer comes is given up', async () => {
  script.splice(0, script.length, () => {}, answer(PROOF));
  const signer = new SignerClient({ target, maxBatchesInFlight: 1 });
  while (script.length === 2) { // Until a call has reached the server.
    await assert.rejects(signer.signProof(REQUEST, { timeoutMs: 50 }), { code: 'DEADLINE_EXCEEDED' });
  }
  assert.equal((await signer.signProof(REQUEST, { timeoutMs: 10_000 })).jwt, 'a.b.c');
  signer.close();
});

test('a call carries its deadline, and gRPC headers', async () => {
  let got;
  await call((stream, headers) => {
    got = headers;
    answer(PROOF)(stream);
  });
  assert.equal(got[':path'], '/proofmint.v1.ProofSigner/BatchSignProofs');
  assert.equal(got['content-type'], 'application/grpc');
  assert.equal(got.te, 'trailers');
  const [, timeout] = /^(\d+)m$/.exec(got['grpc-timeout']);
  assert.ok(timeout > 0 && timeout <= TIMEOUT_MS);
});
