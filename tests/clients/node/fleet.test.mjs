// Tests a client with several signers, and TLS.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { SignerClient } from '../../../clients/node/index.mjs';
import { parseTarget, resolveAddress } from '../../../clients/node/src/signer/address.mjs';
import { Fleet } from '../../../clients/node/src/signer/fleet.mjs';
import { TlsFiles } from '../../../clients/node/src/signer/tls_files.mjs';
import { makeCertificates } from '../../deploy/certificates.mjs';
import { startDaemon } from '../../e2e/daemon.mjs';

const REQUEST = { algorithm: 'ES256', htu: 'https://idp.example/token' };
const METRICS = '--metrics_listen=127.0.0.1:0';

const directory = await mkdtemp(join(tmpdir(), 'proofmint-fleet-'));
after(() => rm(directory, { recursive: true, force: true }));

async function proofsOf(daemon) {
  const [, count] = /^proofmint_proofs_total (\d+)$/m.exec(await daemon.metrics());
  return Number(count);
}

// Calls until each of the daemons has made a proof since the counts `before`.
async function callUntilAllServe(signer, daemons, before) {
  for (;;) {
    await Promise.all(Array.from({ length: 10 }, () => signer.signProof(REQUEST)));
    const now = await Promise.all(daemons.map(proofsOf));
    if (now.every((count, i) => count > before[i])) return;
  }
}

test('calls are spread over the signers that serve', async () => {
  const sockets = ['a', 'b'].map((name) => join(directory, `${name}.sock`));
  const start = (socket) => startDaemon({ socket, flags: [METRICS, '--lame_duck=1s'] });
  const [first, second] = await Promise.all(sockets.map(start));
  const signer = new SignerClient({ target: sockets.map((socket) => `unix:${socket}`).join(','), timeoutMs: 20_000 });
  await callUntilAllServe(signer, [first, second], [0, 0]);

  // One drains and stops while calls go on: none fails, and the other makes them all.
  const stopped = first.stop();
  const state = { running: true };
  stopped.then(() => { state.running = false; });
  while (state.running) await signer.signProof(REQUEST);
  await stopped;
  const before = await proofsOf(second);
  await Promise.all(Array.from({ length: 50 }, () => signer.signProof(REQUEST)));
  assert.ok(await proofsOf(second) >= before + 50);

  const successor = await start(sockets[0]);
  await callUntilAllServe(signer, [successor, second], [0, before]);
  assert.equal(signer.stats.failures, 0);
  signer.close();
  await Promise.all([successor.stop(), second.stop()]);
});

test('an address is a socket, an IP address, or a name with all its addresses', async () => {
  assert.deepEqual(parseTarget('unix:/a/b,unix:///c'), [
    { name: 'unix:/a/b', path: '/a/b' }, { name: 'unix:///c', path: '/c' },
  ]);
  assert.deepEqual(parseTarget('dns:///one.example:8443, [::1]:80'), [
    { name: 'dns:///one.example:8443', host: 'one.example', port: 8443 }, { name: '[::1]:80', host: '::1', port: 80 },
  ]);
  const lookup = async (host, options) => {
    assert.deepEqual([host, options], ['one.example', { all: true }]);
    return [{ address: '192.0.2.1' }, { address: '2001:db8::1' }];
  };
  const [address] = parseTarget('one.example:8443');
  assert.deepEqual((await resolveAddress(address, lookup)).map(({ host, ip, port }) => [host, ip, port]), [
    ['one.example', '192.0.2.1', 8443], ['one.example', '2001:db8::1', 8443],
  ]);
  for (const given of parseTarget('192.0.2.1:1,[::1]:2,unix:/a')) {
    assert.deepEqual(await resolveAddress(given, () => assert.fail('want no lookup')), [given]);
  }
});

test('a name that cannot be resolved is looked up again', async () => {
  const daemon = await startDaemon({ tcp: true });
  const [address] = parseTarget(daemon.tcpTarget);
  const failure = new Error('no such name');
  let lookups = 0;
  const resolve = async () => {
    if (lookups++ === 0) throw failure;
    return [address];
  };
  const connected = Promise.withResolvers();
  const onReady = () => { if (fleet.pick()) connected.resolve(); };
  const fleet = new Fleet([address], undefined, onReady, resolve);
  assert.equal(fleet.pick(), undefined);
  while (!fleet.lastError) await nextTurn();
  assert.equal(fleet.lastError, failure);
  await connected.promise;
  assert.equal(lookups, 2);
  fleet.close();
  await daemon.stop();
});

const NAME = 'spiffe://test.example/broker';
const at = (name) => join(directory, name);
const serverFlags = [
  `--tls_certificate=${at('tls.crt')}`, `--tls_key=${at('tls.key')}`, `--tls_client_ca=${at('ca.crt')}`,
  `--allowed_sans=${NAME}`,
];

// Targets are IP addresses: a bare system may not know the name localhost.
test('mTLS: certificates are read again for new connections, and the name of the server is checked', async () => {
  makeCertificates(directory, { server: 'IP:127.0.0.1', client: `URI:${NAME}` });
  const daemon = await startDaemon({ tcp: true, tls: serverFlags });
  const tls = { certificate: at('client.crt'), key: at('client.key'), ca: at('ca.crt') };
  const signer = new SignerClient({ target: daemon.tcpTarget, tls, timeoutMs: 20_000 });
  assert.ok((await signer.signProof(REQUEST)).jwt);

  // What was issued before is worthless once both sides have new files.
  const renew = async (server) => {
    const renewed = await mkdtemp(join(directory, 'renewed-'));
    makeCertificates(renewed, { server, client: `URI:${NAME}` });
    for (const name of ['ca.crt', 'client.crt', 'client.key', 'tls.crt', 'tls.key']) {
      renameSync(join(renewed, name), at(name));
    }
  };
  await renew('IP:127.0.0.1');
  await daemon.stop();
  const successor = await startDaemon({ tcp: daemon.tcpTarget, tls: serverFlags });
  assert.ok((await signer.signProof(REQUEST)).jwt);
  signer.close();
  await successor.stop();

  await renew('DNS:other.example');
  const impostor = await startDaemon({ tcp: true, tls: serverFlags });
  const deceived = new SignerClient({ target: impostor.tcpTarget, tls });
  await assert.rejects(deceived.signProof(REQUEST, { timeoutMs: 300 }), /127\.0\.0\.1/);
  deceived.close();
  await impostor.stop();
});

test('TLS files that do not fit together are not used', async () => {
  makeCertificates(directory, { server: 'DNS:localhost', client: `URI:${NAME}` });
  const files = new TlsFiles({ certificate: at('client.crt'), key: at('client.key'), ca: at('ca.crt') });
  const first = files.context();
  renameSync(at('tls.key'), at('client.key'));
  assert.equal(files.context(), first);
  renameSync(at('tls.crt'), at('client.crt'));
  assert.notEqual(files.context(), first);
});
