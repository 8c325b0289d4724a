// Tests that a caller in another language can read why a call failed: the code, and its google.rpc details.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeError, decodeStatus } from './contract.mjs';
import { useStub } from './fixture.mjs';
import { verifyProof } from './verify_proof.mjs';

const GOOD = { algorithm: 'ALGORITHM_ES256', htm: 'POST', htu: 'https://idp.example/token' };
const BAD_HTU = { ...GOOD, htu: 'https://user@idp.example/token' };

const fixture = useStub();

async function failureOf(call) {
  const error = await call.then(() => assert.fail('got an answer, want an error'), (reason) => reason);
  return decodeError(error);
}

function assertFailure(failure, code, reason, field) {
  assert.equal(failure.code, code);
  assert.equal(failure.ErrorInfo.domain, 'proofmint');
  assert.equal(failure.ErrorInfo.reason, reason);
  assert.deepEqual(failure.BadRequest.field_violations.map((violation) => violation.field), [field]);
}

test('an error names an invalid htu', async () => {
  const failure = await failureOf(fixture.stub.signProof(BAD_HTU));
  assertFailure(failure, 'INVALID_ARGUMENT', 'INVALID_HTU', 'htu');
});

test('an invalid item of a batch fails alone', async () => {
  const { results } = await fixture.stub.batchSignProofs({ requests: [GOOD, BAD_HTU, GOOD] });
  assert.deepEqual(results.map(({ result }) => result), ['proof', 'error', 'proof']);
  assertFailure(decodeStatus(results[1].error), 'INVALID_ARGUMENT', 'INVALID_HTU', 'requests[1].htu');
  for (const { proof: minted } of [results[0], results[2]]) {
    await verifyProof(minted.proof, { ...GOOD, ...minted, alg: 'ES256' });
  }
});

test('an empty batch fails as a whole', async () => {
  const failure = await failureOf(fixture.stub.batchSignProofs({ requests: [] }));
  assertFailure(failure, 'INVALID_ARGUMENT', 'INVALID_BATCH_SIZE', 'requests');
});

test('an invalid key handle is refused', async () => {
  const failure = await failureOf(fixture.stub.signProof({ ...GOOD, key_handle: Buffer.from('handle') }));
  assertFailure(failure, 'INVALID_ARGUMENT', 'INVALID_KEY_HANDLE', 'key_handle');
});
