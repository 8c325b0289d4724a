// Breaks one thing at a time, and tests that `proofmint doctor` reports it under its id, and nothing else.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { makeCertificates } from '../deploy/certificates.mjs';
import { startDaemon } from './daemon.mjs';
import { assertNoSecrets, diagnose, find, findings, logIn, statuses } from './doctor.mjs';
import { refuse, startScriptedProvider } from './scripted_provider.mjs';

const NONE = ['--grant=none'];
const PROBE = ['--grant=code_probe'];
const CREDENTIALS = ['--grant=client_credentials'];
const SPOILED = [...CREDENTIALS, '--spoiled'];
const LOGIN = ['--grant=login', '--redirect_uri=https://broker.example/callback'];
const PINNED = [...LOGIN, '--dpop_jkt'];
const PUSHED = [...LOGIN, '--par'];

const MOST_REQUESTS = 6;

let daemon;
before(async () => { daemon = await startDaemon(); });
after(() => daemon.stop());

// Runs the doctor against a provider with `faults`, and returns { report, provider, … }.
async function examine(flags, faults = {}, tls = undefined) {
  const provider = await startScriptedProvider(faults, tls);
  try {
    const options = flags.includes('--grant=login')
      ? { answer: logIn(provider.client.redirect_uris[0]) } : {};
    const result = await diagnose({ provider, target: daemon.unixTarget, flags, options });
    assertNoSecrets([result.stdout], provider.secrets);
    const counts = Map.groupBy(provider.requests, (path) => path);
    for (const [path, { length }] of counts) {
      assert.ok(length <= MOST_REQUESTS, `${path}: got ${length} requests, want at most ${MOST_REQUESTS}`);
    }
    return { ...result, provider };
  } finally {
    await provider.stop();
  }
}

const HEALTHY = { none: NONE, probe: PROBE, credentials: CREDENTIALS, spoiled: SPOILED, login: LOGIN, pinned: PINNED,
  pushed: PUSHED, 'spoiled probe': [...PROBE, '--spoiled'] };
for (const [name, flags] of Object.entries(HEALTHY)) {
  test(`healthy, ${name}: no finding`, async () => {
    const { report, exit } = await examine(flags);
    assert.deepEqual(findings(report), {}, JSON.stringify(report, null, 1));
    assert.equal(exit, 0);
  });
}

test('TLS: healthy with the authority, unknown without it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'proofmint-doctor-'));
  try {
    makeCertificates(directory, { server: 'IP:127.0.0.1', client: 'DNS:unused.example' });
    const read = (name) => readFile(join(directory, name), 'utf8');
    const tls = { key: await read('tls.key'), cert: await read('tls.crt') };
    const trusting = await examine([...SPOILED, `--ca_file=${join(directory, 'ca.crt')}`], {}, tls);
    assert.deepEqual(findings(trusting.report), {}, JSON.stringify(trusting.report, null, 1));
    const { report, exit } = await examine(SPOILED, {}, tls);
    assert.deepEqual([findings(report), exit], [{ 'discovery.reachable': 'unknown' }, 3]);
    assert.match(find(report, 'discovery.reachable').remedy, /--ca_file/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('all checks together: each is ok in one of the runs', async () => {
  const ok = new Set();
  for (const flags of [SPOILED, PINNED, PUSHED, CREDENTIALS]) {
    const { report } = await examine(flags);
    for (const [id, status] of Object.entries(statuses(report))) if (status === 'ok') ok.add(id);
  }
  assert.deepEqual(Object.keys(statuses((await examine(NONE)).report)).filter((id) => !ok.has(id)), []);
});

const without = (member) => (metadata) => ({ ...metadata, [member]: undefined });
const withMember = (member, value) => (metadata) => ({ ...metadata, [member]: value });
const dated = (seconds) => (answer) => ({
  ...answer, headers: { ...answer.headers, Date: new Date(Date.now() + seconds * 1000).toUTCString() },
});
const jwtFor = (jkt) => ['{}', JSON.stringify({ cnf: { jkt } }), 'signature']
  .map((part) => Buffer.from(part).toString('base64url')).join('.');
const discovery = (change) => (answer, { url }) => (url.pathname.startsWith('/.well-known') ? change(answer) : answer);

// id, status, what is broken, the flags of the run, the faults, what the report must say in found, want or remedy.
const BROKEN = [
  ['discovery.reachable', 'fail', 'no such page', NONE, { answer: (answer) => ({ ...answer, status: 404 }) }, /404/],
  ['discovery.reachable', 'fail', 'HTML', NONE, { answer: (answer) => ({ ...answer, body: '<html>' }) }, /JSON/],
  ['discovery.reachable', 'fail', 'a redirect', NONE,
    { answer: (answer) => ({ ...answer, status: 302, headers: { Location: 'https://login.example/' } }) }, /redirects/],
  ['clock.host', 'warn', '9 s ahead', NONE, { answer: discovery(dated(9)) }, /iat_offset to [89] s/],
  ['clock.host', 'fail', '40 s behind', NONE, { answer: discovery(dated(-40)) }, /NTP.*iat_offset to -(39|40) s/],
  ['discovery.issuer', 'fail', 'a trailing slash', CREDENTIALS,
    { metadata: (metadata) => ({ ...metadata, issuer: `${metadata.issuer}/` }) }, /slash/],
  ['discovery.endpoints', 'fail', 'an http endpoint', NONE,
    { metadata: withMember('userinfo_endpoint', 'http://idp.example/userinfo') }, /userinfo_endpoint/],
  ['discovery.endpoints', 'fail', 'no token endpoint', CREDENTIALS, { metadata: without('token_endpoint') },
    /token_endpoint/],
  ['discovery.algorithms', 'warn', 'no list', CREDENTIALS,
    { metadata: without('dpop_signing_alg_values_supported') }, /may not support DPoP/],
  ['discovery.algorithms', 'fail', 'only RS256', CREDENTIALS,
    { metadata: withMember('dpop_signing_alg_values_supported', ['RS256']) }, /disable DPoP for this connection/],
  ['discovery.algorithms', 'fail', 'only another of ours', CREDENTIALS,
    { metadata: withMember('dpop_signing_alg_values_supported', ['Ed25519']) }, /--algorithm=Ed25519/],
  ['discovery.algorithms', 'fail', 'no array', CREDENTIALS,
    { metadata: withMember('dpop_signing_alg_values_supported', 'ES256') }, /array/],
  ['discovery.flow', 'fail', 'only the implicit flow', NONE,
    { metadata: withMember('response_types_supported', ['id_token']) }, /back channel/],
  ['discovery.flow', 'fail', 'no authorization_code', NONE,
    { metadata: withMember('grant_types_supported', ['implicit']) }, /back channel/],
  ['discovery.pkce', 'warn', 'only plain', NONE,
    { metadata: withMember('code_challenge_methods_supported', ['plain']) }, /S256/],
  ['token.client', 'fail', 'a wrong secret', CREDENTIALS, { client: () => refuse(401, 'invalid_client', 'wrong') },
    /not DPoP.*client_secret_basic/],
  ['token.client', 'fail', 'a wrong secret at a probe', PROBE, { client: () => refuse(401, 'invalid_client', 'wrong') },
    /not DPoP/],
  ['token.nonce', 'fail', 'a challenge without a nonce', CREDENTIALS,
    { client: () => refuse(400, 'use_dpop_nonce') }, /proxy/],
  ['token.nonce', 'fail', 'the same nonce again', CREDENTIALS,
    { client: () => refuse(400, 'use_dpop_nonce', '', { 'DPoP-Nonce': 'the-same-nonce-again' }) }, /share the secret/],
  ['token.nonce', 'fail', 'a new nonce each time', CREDENTIALS,
    { client: () => refuse(400, 'use_dpop_nonce', '', { 'DPoP-Nonce': `nonce-${Math.random()}` }) }, /changed between/],
  ['token.nonce', 'fail', 'a nonce that is none', CREDENTIALS,
    { client: () => refuse(400, 'use_dpop_nonce', '', { 'DPoP-Nonce': 'with spaces' }) }, /unusable nonce/],
  ['token.proof', 'fail', 'every proof is refused', CREDENTIALS,
    { proof: () => refuse(400, 'invalid_dpop_proof', 'no reason') }, /proofmint inspect/],
  ['token.proof', 'fail', 'every proof is refused at a probe', PROBE,
    { proof: () => refuse(403, 'invalid_dpop_proof', 'no reason') }, /proofmint inspect/],
  ['token.proof', 'fail', 'only the description names DPoP', CREDENTIALS,
    { proof: () => refuse(400, 'invalid_request', 'DPoP proof: iat expired') }, /compare the clocks/],
  ['token.proof', 'fail', 'a provider behind a proxy', CREDENTIALS,
    { proof: (problem, { proof }) => (proof.htu.startsWith('https:') ? undefined : 'htu differs') }, /behind a proxy/],
  ['token.proof', 'fail', 'a redirect', CREDENTIALS,
    { answer: (answer, { url }) => (url.pathname === '/token' ? { ...answer, status: 302, body: '' } : answer) },
    /redirects are not followed/],
  ['token.proof', 'unknown', 'the code is looked at first', PROBE,
    { client: () => refuse(400, 'invalid_code', 'no such code') },
    /--grant=client_credentials or --grant=login/],
  ['token.proof_matters', 'warn', 'bad proofs are accepted', SPOILED,
    { proof: () => undefined, nonce: () => undefined },
    /without checking it/],
  ['token.algorithms', 'warn', 'a published algorithm is refused', CREDENTIALS,
    { proof: (problem, { proof }) => (proof.alg === 'EdDSA' ? 'alg' : problem) }, /EdDSA refused/],
  ['token.type', 'warn', 'a bearer token', CREDENTIALS,
    { tokens: (tokens) => ({ ...tokens, token_type: 'Bearer' }) }, /contact your provider/],
  ['token.type', 'fail', 'a bearer token where a bound one is required', [...CREDENTIALS, '--require_bound'],
    { tokens: (tokens) => ({ ...tokens, token_type: 'Bearer' }) }, /contact your provider/],
  ['token.binding', 'fail', 'a JWT for another key', CREDENTIALS,
    { tokens: (tokens) => ({ ...tokens, access_token: jwtFor('another-key') }) }, /another key/],
  ['token.binding', 'warn', 'a JWT for no key', CREDENTIALS,
    { tokens: (tokens) => ({ ...tokens, access_token: jwtFor(undefined) }) }, /names no key/],
  ['token.binding', 'fail', 'introspection names another key', CREDENTIALS,
    { introspection: () => ({ active: true, cnf: { jkt: 'another-key' } }) }, /another key/],
  ['userinfo.bound', 'fail', 'the right key is refused', LOGIN, { bound: () => false }, /userinfo/],
  ['userinfo.other_key', 'warn', 'any key is accepted', LOGIN, { bound: () => true }, /does not enforce/],
  ['refresh.bound', 'fail', 'the right key is refused', LOGIN,
    { refresh: () => refuse(400, 'invalid_grant', 'no') }, /log in again/],
  ['code.pinned', 'fail', 'the right key is refused', PINNED,
    { redeem: () => refuse(400, 'invalid_grant', 'dpop_jkt') }, /without --dpop_jkt/],
  ['par', 'fail', 'the request is refused', PUSHED, { push: () => refuse(400, 'invalid_request', 'no') }, /redirect URIs/],
  ['par', 'fail', 'no endpoint', PUSHED, { metadata: without('pushed_authorization_request_endpoint') }, /RFC 9126/],
  ['summary', 'fail', 'the code is expired', LOGIN,
    { redeem: () => refuse(400, 'invalid_grant', 'expired') }, /not caused by DPoP.*code/],
  ['summary', 'fail', 'the scope is not allowed', CREDENTIALS,
    { tokens: () => refuse(400, 'invalid_scope', 'no') }, /not caused by DPoP.*--scope/],
  ['summary', 'fail', 'the user says no', LOGIN,
    { redirect: ({ state, iss }) => ({ state, iss, error: 'access_denied' }) }, /access_denied/],
  ['summary', 'fail', 'a redirect of another login', LOGIN,
    { redirect: (healthy) => ({ ...healthy, state: 'another' }) }, /state differs/],
  ['summary', 'fail', 'a redirect of another issuer', LOGIN,
    { redirect: (healthy) => ({ ...healthy, iss: 'https://other.example' }) }, /RFC 9207/],
];

for (const [id, status, what, flags, faults, text] of BROKEN) {
  test(`${id}: ${what}: ${status}`, async () => {
    const { report, exit } = await examine(flags, faults);
    assert.deepEqual(findings(report), { [id]: status }, JSON.stringify(report, null, 1));
    const check = find(report, id);
    assert.match(`${check.found} ${check.want} ${check.remedy}`, text);
    assert.ok(check.want && check.remedy, 'want what is right and what to do');
    assert.equal(exit, { warn: 0, fail: 1, unknown: 3 }[status]);
  });
}

test('an error that is not caused by DPoP still has dpop_signing_alg in the record, and no idp_token_type', async () => {
  const { report } = await examine(CREDENTIALS, { tokens: () => refuse(400, 'invalid_grant', 'expired') });
  const { log_record: record } = report;
  assert.deepEqual([record.type, record.dpop_signing_alg, record.idp_token_type, record.error, record.outcome],
    ['f', 'ES256', undefined, 'invalid_grant', 'refused']);
});

test('--strict makes a warning an error', async () => {
  const faults = { metadata: withMember('code_challenge_methods_supported', ['plain']) };
  assert.equal((await examine([...NONE, '--strict'], faults)).exit, 1);
  assert.equal((await examine([...NONE, '--strict'])).exit, 0);
});
