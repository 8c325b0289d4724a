// Tests `proofmint token`: each outcome of its log record, what it writes and where, and that it shows no secret.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { authorizationCode } from './authorization.mjs';
import { startDaemon } from './daemon.mjs';
import { assertNoSecrets, runCommand } from './doctor.mjs';
import { CallError, startFakeSigner } from './fake_signer.mjs';
import { startIdentityProvider } from './identity_provider.mjs';
import { refuse, startScriptedProvider } from './scripted_provider.mjs';

let daemon;
let idp;
let directory;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'proofmint-token-'));
  daemon = await startDaemon();
  idp = await startIdentityProvider();
});
after(async () => {
  await idp.stop();
  await daemon.stop();
  await rm(directory, { recursive: true, force: true });
});

async function write(name, text) {
  const path = join(directory, name);
  await writeFile(path, `${text}\n`, { mode: 0o600 });
  return path;
}

// Runs the command for a client of `provider`. Returns { exit, stdout, stderr, args }.
async function request(flags, { provider = idp, client = provider.client, target = daemon.unixTarget, input } = {}) {
  const args = ['token', provider.issuer, '--allow_insecure_loopback', `--target=${target}`,
    `--client_id=${client.client_id}`, ...flags];
  if (client.client_secret) args.push(`--client_secret_file=${await write('secret', client.client_secret)}`);
  return { args, ...(await runCommand(args, { input })) };
}

const CREDENTIALS = ['--grant=client_credentials'];

test('client_credentials: the record is one object, and the answer is in a file for its owner alone', async () => {
  const output = join(directory, 'answer');
  await writeFile(output, 'a longer text that is to be gone afterwards, all of it '.repeat(20), { mode: 0o644 });
  const result = await request([...CREDENTIALS, '--json', `--token_output=${output}`]);
  assert.equal(result.exit, 0, result.stderr);
  const record = JSON.parse(result.stdout);
  assert.deepEqual([record.type, record.outcome, record.dpop_signing_alg, record.idp_token_type, record.attempts],
    ['s', 'granted', 'ES256', 'dpop', 2]);
  const answer = JSON.parse(await readFile(output, 'utf8'));
  assert.equal(answer.token_type, 'DPoP');
  assert.equal((await stat(output)).mode & 0o777, 0o600);
  assertNoSecrets([result.stdout, result.stderr, result.args.join(' ')],
    [answer.access_token, idp.client.client_secret]);
});

test('with - the answer is all of standard output', async () => {
  const result = await request([...CREDENTIALS, '--json', '--token_output=-']);
  assert.equal(result.exit, 0);
  assert.equal(JSON.parse(result.stdout).token_type, 'DPoP');
  assert.equal(JSON.parse(result.stderr).outcome, 'granted');
});

test('without --json there is a text', async () => {
  const { exit, stdout } = await request([...CREDENTIALS, '--algorithm=Ed25519']);
  assert.equal(exit, 0);
  assert.match(stdout, /^outcome +granted\nalgorithm +Ed25519\nattempts +2, 1 challenged.*\ntoken type +dpop\n/);
});

test('a code and then a refresh token of a public client, with the key by its handle', async () => {
  const client = idp.publicClient;
  const metadata = await idp.metadata();
  const grant = await authorizationCode(metadata, client, {});
  const handle = join(directory, 'handle');
  const answer = join(directory, 'tokens');
  const verifier = await write('verifier', grant.code_verifier);
  const code = await request(['--grant=authorization_code', '--code_file=-', `--code_verifier_file=${verifier}`,
    `--redirect_uri=${grant.redirect_uri}`, `--key_handle_output=${handle}`, `--token_output=${answer}`, '--json'],
  { client, input: grant.code });
  assert.equal(code.exit, 0, code.stdout);
  assert.equal((await stat(handle)).mode & 0o777, 0o600);
  const tokens = JSON.parse(await readFile(answer, 'utf8'));
  const keyHandle = (await readFile(handle, 'utf8')).trim();
  assertNoSecrets([code.stdout, code.stderr, code.args.join(' ')],
    [grant.code, grant.code_verifier, tokens.access_token, tokens.refresh_token, keyHandle]);

  const refresh = ['--grant=refresh_token', '--json',
    `--refresh_token_file=${await write('refresh', tokens.refresh_token)}`];
  const other = await request(refresh, { client });
  assert.deepEqual([other.exit, JSON.parse(other.stdout).outcome, JSON.parse(other.stdout).error],
    [1, 'refused', 'invalid_grant']);
  const same = await request([...refresh, `--key_handle_file=${handle}`], { client });
  assert.deepEqual([same.exit, JSON.parse(same.stdout).outcome], [0, 'granted']);
  assert.equal(JSON.parse(same.stdout).jkt, JSON.parse(code.stdout).jkt);
});

const jwtFor = (jkt) => ['{}', JSON.stringify({ cnf: { jkt } }), 'signature']
  .map((part) => Buffer.from(part).toString('base64url')).join('.');
const bearer = { tokens: (tokens) => ({ ...tokens, token_type: 'Bearer' }) };
const atToken = (change) => (answer, { url }) => (url.pathname === '/token' ? { ...answer, ...change } : answer);

// outcome, exit code, faults of the provider, further flags.
const OUTCOMES = [
  ['granted', 0, {}],
  ['not_bound', 0, bearer],
  ['not_bound', 1, bearer, ['--require_bound']],
  ['binding_mismatch', 1, { tokens: (tokens) => ({ ...tokens, access_token: jwtFor('another-key') }) },
    ['--require_bound']],
  ['proof_rejected', 1, { proof: () => 'no reason' }],
  ['nonce_rejected', 1, { client: () => refuse(400, 'use_dpop_nonce') }],
  ['refused', 1, { tokens: () => refuse(400, 'invalid_scope', 'no') }],
  ['malformed_answer', 1, { answer: atToken({ body: '<html>' }) }],
  ['idp_unavailable', 1, { answer: atToken({ status: 503 }) }],
  ['not_sent', 1, { metadata: (metadata) => ({ ...metadata, dpop_signing_alg_values_supported: ['RS256'] }) }],
  ['not_sent', 1, { metadata: (metadata) => ({ ...metadata, issuer: `${metadata.issuer}/` }) }],
];

for (const [outcome, exit, faults, flags = []] of OUTCOMES) {
  test(`${outcome} ${flags}: exit code ${exit}`, async () => {
    const provider = await startScriptedProvider(faults);
    const output = join(directory, 'outcome');
    await rm(output, { force: true });
    try {
      const result = await request([...CREDENTIALS, '--json', `--token_output=${output}`, ...flags], { provider });
      const record = JSON.parse(result.stdout);
      assert.deepEqual([record.outcome, result.exit], [outcome, exit], result.stdout);
      assert.equal(record.dpop_signing_alg, 'ES256');
      assertNoSecrets([result.stdout, result.stderr], provider.secrets);
      assert.equal(await readFile(output, 'utf8') === '', exit !== 0, 'a token that is not accepted is not written');
    } finally {
      await provider.stop();
    }
  });
}

test('signer_unavailable, signer_refused: nothing is sent', async () => {
  const refusing = await startFakeSigner({
    answers: { BatchSignProofs: () => { throw new CallError(7, 'not allowed'); } },
  });
  const provider = await startScriptedProvider();
  try {
    for (const [target, outcome] of [['unix:/nonexistent/signer.sock', 'signer_unavailable'],
      [refusing.target, 'signer_refused']]) {
      const result = await request([...CREDENTIALS, '--json', '--timeout=1'], { provider, target });
      assert.deepEqual([JSON.parse(result.stdout).outcome, result.exit], [outcome, 1], result.stdout);
      assert.ok(!provider.requests.includes('/token'));
    }
  } finally {
    refusing.stop();
    await provider.stop();
  }
});

test('a provider that cannot be reached', async () => {
  const provider = { issuer: 'http://127.0.0.1:1', client: idp.client };
  const result = await request([...CREDENTIALS, '--json'], { provider });
  assert.deepEqual([JSON.parse(result.stdout).outcome, result.exit], ['idp_unavailable', 1]);
});
