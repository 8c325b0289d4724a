// Tests that the declarations of the package are those of its code, and that a program in TypeScript compiles with them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import * as proofmint from '../../clients/node/index.mjs';

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const PACKAGE = fileURLToPath(new URL('../../clients/node', import.meta.url));
const FOLDER = dirname(fileURLToPath(import.meta.url)); // Below it are the types of Node.

// Uses every function and every class, and values in the way that a broker does.
const PROGRAM = `
import * as client from 'openid-client';
import {
  AlgorithmError, Exchange, ExchangeError, MetadataCache, NonceStore, SignerClient, SignerError, chooseAlgorithm,
  dpopFetch, freshForSeconds, keyOfIntrospection, keyOfToken, logRecord, parseServerMetadata, runExchange, withMtlsAliases,
} from 'proofmint';
import type { Algorithm, HttpAnswer, LogRecord, Outcome, Proof, Signer } from 'proofmint';

const tls = { certificate: 'a', key: 'b', ca: 'c' };
const signer = new SignerClient({ target: 'unix:/run/x', tls, timeoutMs: 1, batchDelayMs: 0 });
const proof: Proof = await signer.signProof({ algorithm: 'ES256', htu: 'https://a/', keyHandle: Buffer.from('x') }, {
  signal: AbortSignal.timeout(5), timeoutMs: 5,
});
const handle: Buffer | undefined = proof.keyHandle;
const { pending }: { pending: number } = signer.stats;
const { maxBatchSize } = await signer.getCapabilities({ timeoutMs: pending + 1 });
try {
  signer.close();
} catch (error) {
  if (error instanceof SignerError && error.retryable) console.log(error.code, error.reason, error.retryAfterMs);
  if (error instanceof ExchangeError) console.log(error.outcome.verdict);
  if (error instanceof AlgorithmError) console.log(error.message);
}

const metadata = withMtlsAliases(parseServerMetadata('{}', 'https://a', { allowHttpOnLoopback: true }));
const choice = chooseAlgorithm(['ES256', 'Ed25519'], metadata, { ifNotAdvertised: 'refuse', exactLabel: true });
const { algorithm, advertised } = choice;
const cache = new MetadataCache();
if (cache.shouldFetch(Date.now())) cache.store(metadata, 'max-age=' + freshForSeconds(''), Date.now());
cache.doubt();

const config = await client.discovery(new URL('https://a'), 'broker');
chooseAlgorithm(['ES256'], config.serverMetadata());
const records: LogRecord[] = [];
const plain: typeof fetch = dpopFetch(signer, { issuer: 'https://a', clientId: 'broker', algorithm, fetch });
await plain('https://a', { body: new URLSearchParams() });
config[client.customFetch] = dpopFetch(signer, {
  issuer: 'https://a', clientId: 'broker', algorithm, nonces: new NonceStore(10), binding: 'require', keyHandle: handle,
  onOutcome: (outcome, { kind, record }) => { if (record && kind === 'token') records.push(record); },
  authenticate: (form, headers) => { form.set('a', 'b'); headers.set('c', 'd'); },
});

const fake: Signer = { signProof: async () => proof };
const options = { issuer: 'https://a', clientId: 'b', url: metadata.token_endpoint };
const exchange = Exchange.token(options, 'refresh_token', new NonceStore());
const outcome: Outcome = await runExchange(exchange, fake, ({ number, headers }) => fetch('https://a', { headers }));
const answer: HttpAnswer = { status: 200, headers: [['a', 'b']], body: '', sentAt: 0, receivedAt: 1 };
if (exchange.next === 'send') exchange.onAnswer(answer);
logRecord({ issuer: 'https://a', laterFailure: 'x' }, algorithm, outcome, outcome);
console.log(keyOfToken('x').jkt, keyOfIntrospection('{}').readable, advertised, maxBatchSize);
const wanted: Algorithm = 'EdDSA';
// @ts-expect-error The algorithm is not one that the signer knows.
await signer.signProof({ algorithm: 'RS256', htu: wanted });
// @ts-expect-error The URL is missing.
await signer.signProof({});
`;

const OPTIONS = [
  '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--skipLibCheck',
  '--types', 'node', '--typeRoots', join(FOLDER, 'node_modules', '@types'),
];

test('a program in TypeScript compiles', async () => {
  const folder = await mkdtemp(join(FOLDER, 'node_modules', 'types-'));
  try {
    const file = join(folder, 'program.mts');
    await writeFile(file, PROGRAM);
    await mkdir(join(folder, 'node_modules'));
    await symlink(PACKAGE, join(folder, 'node_modules', 'proofmint'));
    await promisify(execFile)(process.execPath, [TSC, ...OPTIONS, file]).catch(({ stdout }) => assert.fail(stdout));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('every export is declared', async () => {
  const { default: ts } = await import('typescript');
  const file = join(PACKAGE, 'index.d.ts');
  const checker = ts.createProgram([file], { target: ts.ScriptTarget.ES2022 });
  const source = checker.getSourceFile(file);
  const symbols = checker.getTypeChecker().getExportsOfModule(checker.getTypeChecker().getSymbolAtLocation(source));
  const values = symbols.filter(({ flags }) => flags & ts.SymbolFlags.Value).map(({ name }) => name);
  assert.deepEqual(values.sort(), Object.keys(proofmint).sort());
});
