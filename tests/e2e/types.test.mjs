// Tests that a program in TypeScript compiles with the package's declarations, and that every export has one.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

import * as proofmint from '../../clients/node/index.mjs';

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

const OPTIONS = {
  noEmit: true, strict: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext, types: ['node'], typeRoots: [join(FOLDER, 'node_modules/@types')],
};

let folder;
let program;
before(async () => {
  folder = await mkdtemp(join(FOLDER, 'node_modules', 'types-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(PACKAGE, join(folder, 'node_modules', 'proofmint'));
  const file = join(folder, 'program.mts');
  await writeFile(file, PROGRAM);
  program = ts.createProgram([file], OPTIONS);
});
after(() => rm(folder, { recursive: true }));

test('a program in TypeScript compiles', () => {
  const texts = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    return file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: ${text}` : text;
  });
  assert.deepEqual(texts, []);
});

test('every export is declared', () => {
  const checker = program.getTypeChecker();
  const declarations = program.getSourceFile(join(PACKAGE, 'index.d.ts'));
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(declarations));
  const values = symbols.filter(({ flags }) => flags & ts.SymbolFlags.Value).map(({ name }) => name);
  assert.deepEqual(values.sort(), Object.keys(proofmint).sort());
});
