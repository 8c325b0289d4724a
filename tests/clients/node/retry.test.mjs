// Tests when and how often a call is made again.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SignerError, errorOfStatus } from '../../../clients/node/src/signer/errors.mjs';
import { RetryBudget, backoffMs } from '../../../clients/node/src/signer/retry.mjs';

test('the backoff doubles up to a second, in full jitter', () => {
  const longest = [1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(attempt, 0, () => 1));
  assert.deepEqual(longest, [50, 100, 200, 400, 800, 1000, 1000]);
  assert.equal(backoffMs(5, 0, () => 0), 0);
  assert.equal(backoffMs(5, 0, () => 0.5), 400);
});

test('the backoff is never shorter than the server asks for', () => {
  assert.equal(backoffMs(1, 150, () => 0), 150);
  assert.equal(backoffMs(1, 150, () => 1), 200);
});

test('the budget is used up by 500 failures, and a success allows one more', () => {
  const budget = new RetryBudget();
  for (let i = 0; i < 499; i++) assert.ok(budget.tryRetry(), `${i}`);
  assert.equal(budget.tryRetry(), false);
  for (let i = 0; i < 2; i++) budget.recordSuccess();
  assert.equal(budget.tryRetry(), true);
  assert.equal(budget.tryRetry(), false);
});

test('the budget holds no more than its size', () => {
  const budget = new RetryBudget();
  for (let i = 0; i < 5_000; i++) budget.recordSuccess();
  for (let i = 0; i < 499; i++) budget.tryRetry();
  assert.equal(budget.tryRetry(), false);
});

test('passing failures are retryable, others are not', () => {
  const retryable = (code, details) => new SignerError(code, '', details).retryable;
  assert.ok(retryable('UNAVAILABLE'));
  assert.ok(retryable('CANCELLED'));
  assert.ok(retryable('RESOURCE_EXHAUSTED', { retryAfterMs: 1 }));
  for (const code of ['RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'PERMISSION_DENIED', 'INTERNAL']) {
    assert.ok(!retryable(code), code);
  }
});

test("an item's error reads as that of a single call", () => {
  const status = { code: 3, message: 'requests[12].htu: bad', reason: 'INVALID_HTU', field: 'requests[12].htu' };
  const error = errorOfStatus(status);
  assert.deepEqual([error.code, error.message, error.field], ['INVALID_ARGUMENT', 'htu: bad', 'htu']);
});
