// Tests what gRPC itself answers before a call reaches the service: the table of docs/errors.md.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { status } from '@grpc/grpc-js';

import { definitions } from './contract.mjs';
import { startDaemon } from './daemon.mjs';

const { SignProof } = definitions['proofmint.v1.ProofSigner'];
const PROOF_REQUEST = { htm: 'POST', htu: 'https://idp.example/token' };
const HEADERS = { ':method': 'POST', ':path': SignProof.path, 'content-type': 'application/grpc', te: 'trailers' };
const MESSAGE_BYTES_AT_MOST = 1 << 20;
// What the server announces as SETTINGS_MAX_HEADER_LIST_SIZE.
const METADATA_BYTES_AT_MOST = 8192;

let daemon;
before(async () => { daemon = await startDaemon(); });
after(() => daemon.stop());

// Puts the header of an uncompressed gRPC message before `message`.
function frame(message) {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

const MESSAGE = frame(SignProof.requestSerialize(PROOF_REQUEST));

// Connects, and waits for the server's settings, which hold from when the client has acknowledged them.
async function connect() {
  const path = daemon.unixTarget.slice('unix:'.length);
  const session = http2.connect('http://localhost', { createConnection: () => net.connect(path) });
  await once(session, 'remoteSettings');
  return session;
}

// Sends one request and returns { code, message }, from the headers or the trailers of the answer.
async function answerTo(headers, body = MESSAGE) {
  const session = await connect();
  try {
    const stream = session.request({ ...HEADERS, ...headers });
    let fields = {};
    for (const event of ['response', 'trailers']) stream.on(event, (received) => { fields = { ...fields, ...received }; });
    stream.resume().end(body);
    await once(stream, 'close');
    assert.equal(fields['grpc-status-details-bin'], undefined, 'got details, want an answer of gRPC itself');
    return { code: status[fields['grpc-status']], message: decodeURIComponent(fields['grpc-message'] ?? '') };
  } finally {
    session.destroy();
  }
}

test('a request of the form that the others break is answered', async () => {
  assert.deepEqual(await answerTo({}), { code: 'OK', message: '' });
});

const metadataOf = (size) => ({ 'x-filler': 'x'.repeat(size) });

// By the first column of the table: the answer, and the request that gets it.
const ANSWERS = {
  'no message': ['INTERNAL', 'Unable to parse request', {}, Buffer.alloc(0)],
  'no `te: trailers`': ['UNKNOWN', 'Missing :te header', { te: undefined }],
  // Node sends its own authority unless there is a host; with no value for that it sends neither.
  'neither `:authority` nor `host`': ['UNKNOWN', 'Missing :authority header', { host: [] }],
  'a method other than POST': ['UNKNOWN', 'Bad method header', { ':method': 'PUT' }],
  'an unknown service or RPC': ['UNIMPLEMENTED', '', { ':path': '/proofmint.v1.ProofSigner/Sign' }],
  'metadata of more than 8 KB': [
    'RESOURCE_EXHAUSTED', 'received initial metadata size exceeds limit', metadataOf(METADATA_BYTES_AT_MOST)],
  'a message of more than 1 MiB': [
    'RESOURCE_EXHAUSTED', `Received message larger than max (${MESSAGE_BYTES_AT_MOST + 1} vs. ${MESSAGE_BYTES_AT_MOST})`,
    {}, frame(Buffer.alloc(MESSAGE_BYTES_AT_MOST + 1))],
};

for (const [cause, [code, message, headers, body]] of Object.entries(ANSWERS)) {
  test(`${cause}: ${code}`, async () => {
    assert.deepEqual(await answerTo(headers, body), { code, message });
  });
}

test('metadata a little below the limit is taken', async () => {
  assert.deepEqual(await answerTo(metadataOf(METADATA_BYTES_AT_MOST - 512)), { code: 'OK', message: '' });
});

test('pings of an idle connection end it with GOAWAY', async () => {
  const session = await connect();
  session.on('error', () => {}); // It repeats the code of the GOAWAY.
  const goaway = new Promise((resolve) => { session.on('goaway', (...fields) => resolve(fields)); });
  const closed = new Promise((resolve) => { session.on('close', resolve); });
  const pingUntilClosed = () => session.closed || session.destroyed || session.ping(pingUntilClosed);
  pingUntilClosed();
  const [code, , data] = await goaway;
  assert.equal(code, http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
  assert.equal(data.toString(), 'too_many_pings');
  await closed;
});

test('docs/errors.md has each of these answers', async () => {
  const text = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const [, section] = text.split('## What gRPC itself answers\n');
  const rows = new Map(section.split('\n## ')[0].split('\n').map((line) => line.split(' | ')).map(
    ([cause, code]) => [cause.replace(/^\| /, ''), code]));
  for (const [cause, [code]] of Object.entries(ANSWERS)) assert.equal(rows.get(cause), code, cause);
});
