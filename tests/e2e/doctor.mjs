// Runs `proofmint doctor` and `proofmint token` as an operator would.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { followRedirects } from './authorization.mjs';
import { programPath } from './programs.mjs';

const TIME_LIMIT_MS = 60_000;

// Every id that a report has, in its order.
export const CHECK_IDS = [
  'signer.reachable', 'signer.serving', 'signer.proof', 'discovery.reachable', 'clock.host', 'discovery.issuer',
  'discovery.endpoints', 'discovery.algorithms', 'discovery.flow', 'discovery.pkce', 'token.client', 'token.nonce',
  'token.proof', 'token.proof_matters', 'token.algorithms', 'token.type', 'token.binding', 'userinfo.bound',
  'userinfo.other_key', 'refresh.bound', 'code.pinned', 'par', 'summary',
];

// Calls use(FILE) with a file that holds `text`, and removes it afterwards.
export async function withFile(text, use) {
  const directory = await mkdtemp(join(tmpdir(), 'proofmint-doctor-'));
  try {
    const file = join(directory, 'file');
    await writeFile(file, text, { mode: 0o600 });
    return await use(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

// Resolves with { exit, stdout, stderr }. `answer(line)` is called with each line of standard error; what it resolves
// with, if anything, is written to standard input.
export async function runCommand(args, { answer, input = '', env = {} } = {}) {
  const child = spawn(programPath('proofmint'), args, {
    timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL', env: { ...process.env, ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => { output.stdout += text; });
  // Ignored: a program that fails early closes its input, and its exit status reports the failure.
  child.stdin.on('error', () => {});
  createInterface({ input: child.stderr }).on('line', async (line) => {
    output.stderr += `${line}\n`;
    const reply = await answer?.(line);
    if (reply !== undefined) child.stdin.end(`${reply}\n`);
  });
  if (!answer) child.stdin.end(input);
  const [exit] = await once(child, 'close');
  return { exit, ...output };
}

// Logs in at the URL that the doctor prints, and returns the redirect URL for it. `seen` collects the secrets.
export function logIn(redirectUri, seen = []) {
  return async (line) => {
    const url = line.trim();
    if (!url.startsWith('http')) return undefined;
    const redirect = await followRedirects(new URL(url), redirectUri);
    seen.push(redirect.searchParams.get('code'));
    return redirect.href;
  };
}

// Runs the doctor with --json against `provider`, which has an issuer and a client, and returns { exit, report, stdout,
// stderr }. The secret of the client goes by a file.
export function diagnose({ provider, target, flags = [], client = provider.client, options }) {
  const args = ['doctor', provider.issuer, `--target=${target}`, '--allow_insecure_loopback', '--json',
    `--client_id=${client.client_id}`, ...flags];
  const run = async (secret) => {
    const words = secret ? [...args, `--client_secret_file=${secret}`] : args;
    const result = await runCommand(words, options);
    let report;
    try {
      report = JSON.parse(result.stdout);
    } catch {
      assert.fail(`no JSON: exit ${result.exit}\n${result.stdout}\n${result.stderr}`);
    }
    assert.deepEqual(report.checks.map(({ id }) => id), CHECK_IDS);
    assert.equal(report.exit, result.exit);
    return { ...result, report };
  };
  return client.client_secret ? withFile(`${client.client_secret}\n`, run) : run();
}

// Returns { id: status } of the checks that are neither ok nor skipped.
export function findings(report) {
  return Object.fromEntries(report.checks.filter(({ status }) => !['ok', 'skip'].includes(status))
    .map(({ id, status }) => [id, status]));
}

export function statuses(report) {
  return Object.fromEntries(report.checks.map(({ id, status }) => [id, status]));
}

export function find(report, id) {
  return report.checks.find((check) => check.id === id);
}

// Fails if a text has one of the secrets.
export function assertNoSecrets(texts, secrets) {
  for (const secret of secrets) {
    assert.ok(secret.length >= 16, 'too short to look for');
    for (const text of texts) assert.ok(!text.includes(secret), `a secret is in: ${text}`);
  }
}
