// Tests which calls leave together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { Batcher } from '../../../clients/node/src/signer/batcher.mjs';

const DEFAULTS = { maxBatchSize: 4, maxBatchesInFlight: 2, batchDelayMs: 1 };

// Returns a batcher, the batches that have left, and a switch for where they go.
function start(options = {}) {
  const sent = [];
  const state = { where: 'signer' };
  const batcher = new Batcher({ ...DEFAULTS, ...options }, () => state.where, (_where, items) => sent.push(items));
  return { batcher, sent, state };
}

const add = (batcher, ...items) => items.forEach((item) => batcher.add(item));

// Waits until `count` batches have left.
async function left(sent, count) {
  while (sent.length < count) await nextTurn();
}

test('calls of one turn of the event loop leave together', async () => {
  const { batcher, sent } = start();
  add(batcher, 1, 2);
  queueMicrotask(() => batcher.add(3));
  await left(sent, 1);
  assert.deepEqual(sent, [[1, 2, 3]]);
});

test('a lone call leaves at the end of its turn', async () => {
  const { batcher, sent } = start({ batchDelayMs: 100 });
  for (let i = 0; i < 20; i++) {
    batcher.add(i);
    await nextTurn();
    assert.deepEqual(sent.at(-1), [i]);
    batcher.finished();
  }
});

test('calls wait while a batch is out', async () => {
  const { batcher, sent } = start({ maxBatchesInFlight: 1 });
  batcher.add(1);
  await left(sent, 1);
  batcher.add(2);
  await nextTurn();
  batcher.add(3);
  await nextTurn();
  assert.deepEqual(sent, [[1]]);
  batcher.finished();
  await left(sent, 2);
  assert.deepEqual(sent, [[1], [2, 3]]);
});

test('a batch that is out delays others by the batch delay at most', async () => {
  const { batcher, sent } = start();
  batcher.add(1);
  await left(sent, 1);
  batcher.add(2);
  await left(sent, 2); // Though the first has no answer.
  assert.deepEqual(sent, [[1], [2]]);
});

test('more calls than a batch holds leave in several, in their order', async () => {
  const { batcher, sent } = start();
  add(batcher, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  await left(sent, 2);
  assert.deepEqual(sent, [[1, 2, 3, 4], [5, 6, 7, 8]]);
  batcher.finished();
  await left(sent, 3);
  assert.deepEqual(sent[2], [9]);
});

test('calls that overlap often wait for each other', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { batcher, sent } = start({ batchDelayMs: 100, maxBatchSize: 100 });
  // Others come while a batch is out, so the next ones can expect company.
  batcher.add(0);
  await left(sent, 1);
  add(batcher, 1, 2, 3, 4, 5);
  batcher.finished();
  batcher.add(6);
  await nextTurn();
  await nextTurn();
  batcher.add(7);
  await nextTurn();
  assert.deepEqual(sent, [[0]]);
  context.mock.timers.tick(100);
  assert.deepEqual(sent, [[0], [1, 2, 3, 4, 5, 6, 7]]);
});

test('with a delay of 0 nothing waits', async () => {
  const { batcher, sent } = start({ batchDelayMs: 0, maxBatchesInFlight: 3 });
  for (let i = 0; i < 3; i++) {
    batcher.add(i);
    await nextTurn();
  }
  assert.deepEqual(sent, [[0], [1], [2]]);
});

test('nothing leaves without a signer, and all of it when there is one', async () => {
  const { batcher, sent, state } = start();
  state.where = undefined;
  add(batcher, 1, 2);
  await nextTurn();
  assert.deepEqual(sent, []);
  batcher.remove(1);
  state.where = 'signer';
  batcher.check();
  assert.deepEqual(sent, [[2]]);
});
