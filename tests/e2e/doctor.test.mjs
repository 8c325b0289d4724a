// Tests `proofmint doctor` against a real identity provider and signers: all is well with the provider; the signer may be
// absent, refuse, or not serve.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, readFile, unlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';

import { startDaemon } from './daemon.mjs';
import {
  assertNoSecrets, CHECK_IDS, diagnose, find, findings, logIn, runCommand, statuses, withFile,
} from './doctor.mjs';
import { CallError, startFakeSigner, unavailable } from './fake_signer.mjs';
import { API_SCOPE, JWT_RESOURCE, startIdentityProvider } from './identity_provider.mjs';

const REDIRECT = '--redirect_uri=https://broker.example/callback';
const POST_CLIENT = { client_id: 'post', token_endpoint_auth_method: 'client_secret_post' };
const KEY_ALGORITHMS = ['ES256', 'RS256', 'EdDSA'];

let daemon;
let idp;
const keys = {}; // PEM, by algorithm

before(async () => {
  daemon = await startDaemon();
  const clients = [POST_CLIENT];
  for (const alg of KEY_ALGORITHMS) {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    keys[alg] = await exportPKCS8(privateKey);
    clients.push({ client_id: `key-${alg}`, client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: alg, jwks: { keys: [{ ...(await exportJWK(publicKey)), alg, use: 'sig' }] } });
  }
  idp = await startIdentityProvider({ clients });
});
after(async () => {
  await idp.stop();
  await daemon.stop();
});

function run(flags, more = {}) {
  const options = flags.includes('--grant=login') ? { answer: logIn(idp.client.redirect_uris[0], more.seen) } : {};
  return diagnose({ provider: idp, target: daemon.unixTarget, flags, options, ...more });
}

function assertHealthy({ report, exit }, ok) {
  assert.deepEqual(findings(report), {}, JSON.stringify(report, null, 1));
  assert.equal(exit, 0);
  for (const id of ok) assert.equal(statuses(report)[id], 'ok', `${id}: ${find(report, id).found}`);
}

const DISCOVERY = ['signer.reachable', 'signer.serving', 'signer.proof', 'clock.host', 'discovery.reachable',
  'discovery.issuer', 'discovery.endpoints', 'discovery.algorithms', 'discovery.flow', 'discovery.pkce', 'summary'];
const TOKEN = [...DISCOVERY, 'token.client', 'token.nonce', 'token.proof'];

test('docs/troubleshooting.md has every check, and no other', async () => {
  const page = await readFile(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('## The checks'), page.indexOf('**`--grant=code_probe`**'));
  const ids = [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) => cell.match(/[a-z_.]+/g));
  assert.deepEqual(ids.sort(), [...CHECK_IDS].sort());
});

test('discovery alone', async () => {
  const result = await run(['--grant=none']);
  assertHealthy(result, DISCOVERY);
  assert.deepEqual(result.report.log_record, {});
});

test('code_probe is the default with credentials, and needs no user', async () => {
  const result = await run(['--spoiled']);
  assertHealthy(result, [...TOKEN, 'token.proof_matters']);
  assert.match(find(result.report, 'token.proof').found, /invalid_grant.*invalid_dpop_proof/);
  assert.match(find(result.report, 'token.nonce').found, /asked for/);
});

test('each algorithm is tried', async () => {
  const result = await run(['--grant=code_probe', '--algorithm=Ed25519', '--algorithm=ES256']);
  assertHealthy(result, [...TOKEN, 'token.algorithms']);
  assert.equal(find(result.report, 'token.algorithms').found, 'ES256 accepted, Ed25519 accepted, EdDSA accepted');
  assert.equal(result.report.log_record.dpop_signing_alg, 'Ed25519');
});

test('client_credentials: opaque and JWT', async () => {
  const opaque = await run(['--grant=client_credentials', '--spoiled']);
  assertHealthy(opaque, [...TOKEN, 'token.proof_matters', 'token.type', 'token.binding']);
  const jwt = await run(['--grant=client_credentials', `--scope=${API_SCOPE}`, `--resource=${JWT_RESOURCE}`]);
  assertHealthy(jwt, [...TOKEN, 'token.algorithms', 'token.type', 'token.binding']);
  for (const { report: { log_record: record } } of [opaque, jwt]) {
    assert.deepEqual([record.type, record.outcome, record.idp_token_type, record.binding],
      ['s', 'granted', 'dpop', 'confirmed']);
  }
});

test('login: userinfo enforces the binding', async () => {
  const seen = [];
  const result = await run(['--grant=login', REDIRECT], { seen });
  assertHealthy(result, [...TOKEN, 'token.type', 'token.binding', 'userinfo.bound', 'userinfo.other_key']);
  assert.deepEqual(result.report.log_record.upstream_userinfo_fetch, { status: 200, dpop_bound: true });
  assertNoSecrets([result.stdout, result.stderr], [...seen, idp.client.client_secret]);
});

test('login of a public client: PAR, a bound code, a bound refresh token', async () => {
  const client = idp.publicClient;
  const pinned = await run(['--grant=login', REDIRECT, '--dpop_jkt'], { client });
  assertHealthy(pinned, [...TOKEN, 'userinfo.bound', 'refresh.bound', 'code.pinned']);
  assert.match(find(pinned.report, 'refresh.bound').found, /key handle alone/);
  const pushed = await run(['--grant=login', REDIRECT, '--par'], { client });
  assertHealthy(pushed, [...TOKEN, 'refresh.bound', 'code.pinned', 'par']);
});

test('a provider without nonces', async () => {
  const other = await startIdentityProvider({ requireNonce: false });
  try {
    for (const flags of [['--grant=code_probe'], ['--grant=client_credentials', '--spoiled']]) {
      const result = await diagnose({ provider: other, target: daemon.unixTarget, flags });
      assertHealthy(result, TOKEN);
      assert.match(find(result.report, 'token.nonce').found, /not asked for/);
    }
  } finally {
    await other.stop();
  }
});

for (const alg of KEY_ALGORITHMS) {
  test(`private_key_jwt with ${alg}, a new assertion for each attempt`, async () => {
    await withFile(keys[alg], async (file) => {
      const client = { client_id: `key-${alg}` };
      const flags = ['--grant=client_credentials', `--client_assertion_key_file=${file}`];
      const result = await run(flags, { client });
      assertHealthy(result, TOKEN);
      assert.equal(find(result.report, 'token.client').found, 'private_key_jwt');
    });
  });
}

test('client_secret_post', async () => {
  const client = { ...idp.client, client_id: POST_CLIENT.client_id };
  const flags = ['--grant=client_credentials', '--token_endpoint_auth_method=client_secret_post'];
  assertHealthy(await run(flags, { client }), TOKEN);
});

test('a wrong secret is not blamed on DPoP', async () => {
  const client = { ...idp.client, client_secret: 'not-the-secret-of-the-client' };
  const result = await run(['--grant=client_credentials'], { client });
  assert.deepEqual(findings(result.report), { 'token.client': 'fail' });
  assert.match(find(result.report, 'token.client').remedy, /^not DPoP/);
  assert.equal(result.report.log_record.error, 'invalid_client');
  assertNoSecrets([result.stdout, result.stderr], [client.client_secret]);
});

test('only $https_proxy is obeyed, and only for https', async () => {
  const dead = 'http://127.0.0.1:1';
  const env = { http_proxy: dead, HTTP_PROXY: dead, ALL_PROXY: dead, all_proxy: dead, https_proxy: dead };
  assertHealthy(await run(['--grant=none'], { options: { env } }), DISCOVERY);
});

test('the text has a line for each check, and what to do', async () => {
  const { exit, stdout } = await runCommand(['doctor', idp.issuer, '--allow_insecure_loopback',
    `--target=unix:${join(tmpdir(), 'no-such.sock')}`]);
  assert.equal(exit, 3);
  assert.match(stdout, /^unknown signer\.reachable .*No such file or directory\n +want: .*\n +do: +start the socket/m);
  assert.match(stdout, /^ok +discovery\.algorithms +ES256 Ed25519 EdDSA; ES256 it is/m);
  assert.match(stdout, /^skip +token\.client token\.nonce/m);
});

// The signer: name, how to start it, the check and its status, the text that says what to do.
const SIGNERS = [
  ['absent', async () => ({ target: `unix:${join(tmpdir(), 'no-such.sock')}` }), 'signer.reachable', 'unknown',
    /systemctl start proofmintd.socket/],
  ['a socket that was left over', async () => {
    const path = join(tmpdir(), `left-over-${randomBytes(8).toString('hex')}.sock`);
    // Node removes the file of a server that it closes, but not that of a second name.
    const server = createServer();
    await once(server.listen(`${path}.first`), 'listening');
    await link(`${path}.first`, path);
    server.close();
    return { target: `unix:${path}`, stop: () => unlink(path) };
  }, 'signer.reachable', 'unknown', /left over/],
  ['a TCP port without a listener', async () => ({ target: '127.0.0.1:1' }), 'signer.reachable', 'unknown',
    /--target names its address/],
  ['not serving', () => startFakeSigner({ health: 'NOT_SERVING' }), 'signer.serving', 'fail', /journalctl/],
  ['refusing its caller', () => startFakeSigner({
    answers: { GetCapabilities: () => { throw new CallError(7, 'caller uid 7 is not allowed'); } },
  }), 'signer.serving', 'fail', /PERMISSION_DENIED/],
  ['unable to make keys', () => startFakeSigner({
    answers: { BatchSignProofs: ({ requests }) => ({
      results: requests.map(() => ({ error: unavailable('KEY_GENERATION_FAILED') })),
    }) },
  }), 'signer.proof', 'fail', /KEY_GENERATION_FAILED.*try again/],
  ['making proofs that do not verify', () => startFakeSigner({
    answers: { BatchSignProofs: ({ requests }) => ({
      results: requests.map(() => ({ proof: { proof: 'a.b.c', jkt: 'x'.repeat(43), iat: 1 } })),
    }) },
  }), 'signer.proof', 'fail', /do not use this signer/],
];

for (const [name, start, id, status, text] of SIGNERS) {
  test(`a signer that is ${name}: ${id}: ${status}`, async () => {
    const signer = await start();
    try {
      const { report, exit } = await run(['--grant=client_credentials', '--timeout=2'], { target: signer.target });
      assert.deepEqual(findings(report), { [id]: status }, JSON.stringify(report.checks.slice(0, 3)));
      const check = find(report, id);
      assert.match(`${check.found} ${check.remedy}`, text);
      assert.equal(exit, status === 'unknown' ? 3 : 1);
    } finally {
      await signer.stop?.();
    }
  });
}

test('a provider that cannot be reached is unknown, and the exit code 3', async () => {
  const provider = { issuer: 'http://127.0.0.1:1', client: idp.client };
  const { report, exit } = await run(['--grant=none'], { provider });
  assert.deepEqual(findings(report), { 'discovery.reachable': 'unknown' });
  assert.equal(exit, 3);
});
