// Shows on standard output that a broker observes no failure of a daemon that fails to make every fifth key and is
// restarted meanwhile. Exits with an error if it does.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { startDaemon } from './daemon.mjs';
import { runProgram } from './programs.mjs';
import { show } from './show.mjs';

const FAILURE_RATE = 0.2;
const PROOFS_BEFORE_RESTART = 400;
const POLL_MS = 20;
const POLLS_AT_MOST = 1_000;
const SERVICE_CONFIG = 'deploy/service_config.json';
// gRPC abandons a call after the 5 attempts of the service config, which all fail in 3 of 10,000 calls. Then the broker
// itself calls again, after the delay in the error.
const LOAD = ['--threads=16', '--rate=500', '--duration=5s', '--repeats=20'];

const number = (value) => value.toLocaleString('en-US');

class Counts {
  #text;

  constructor(text) {
    this.#text = text;
  }

  // Returns the value of a metric, given its name and labels as they are served.
  of(metric) {
    const line = this.#text.split('\n').find((candidate) => candidate.startsWith(`${metric} `));
    assert.ok(line, `metrics: got no ${metric}`);
    return Number(line.slice(metric.length + 1));
  }

  refused(reason) {
    return this.of(`proofmint_errors_total{reason="${reason}"}`);
  }
}

const countsOf = async (daemon) => new Counts(await daemon.metrics());

async function waitForProofs(daemon, count) {
  for (let i = 0; i < POLLS_AT_MOST; i++) {
    const proofs = (await countsOf(daemon)).of('proofmint_proofs_total');
    if (proofs >= count) return proofs;
    await sleep(POLL_MS);
  }
  throw new Error(`proofs: got fewer than ${count} in ${POLLS_AT_MOST * POLL_MS} ms`);
}

// Stops the daemon and returns its counts from the last scrape that succeeded.
async function stopAndCount(daemon) {
  let counts = await countsOf(daemon);
  const stopped = daemon.stop();
  for (let i = 0; i < POLLS_AT_MOST; i++) {
    try {
      counts = await countsOf(daemon);
    } catch {
      break; // The daemon has ended.
    }
    await sleep(POLL_MS);
  }
  await stopped;
  return counts;
}

// Returns the running daemon, and the counts of its predecessor.
async function restartUnderLoad(start) {
  const daemon = await start();
  const proofs = await waitForProofs(daemon, PROOFS_BEFORE_RESTART);
  const begin = performance.now();
  const before = await stopAndCount(daemon);
  const successor = await start();
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  show('restart', `SIGTERM after ${number(proofs)} proofs, a new daemon on the same socket ${seconds} s later`);
  return { before, successor };
}

function showWhatHappened(seen, lives) {
  const total = (reason) => lives.reduce((sum, counts) => sum + counts.refused(reason), 0);
  show('daemons', `${number(total('KEY_GENERATION_FAILED'))} failures injected (KEY_GENERATION_FAILED)
${number(total('DRAINING'))} calls refused while stopping (DRAINING)`);
  show('broker saw', `${number(seen.failed_calls)} of ${number(seen.calls)} calls failed
${number(seen.right_proofs)} proofs, each verified; ${seen.wrong_proofs} wrong, ${seen.duplicate_proofs} came twice`);
  for (const counts of lives) assert.ok(counts.refused('KEY_GENERATION_FAILED') > 0, 'want failures of both daemons');
  assert.equal(seen.failed_calls, 0, seen.first_failure);
  assert.equal(seen.right_proofs, seen.calls);
  assert.deepEqual([seen.wrong_proofs, seen.duplicate_proofs], [0, 0]);
}

const directory = await mkdtemp(join(tmpdir(), 'proofmint-demo-'));
try {
  const socket = join(directory, 'proofmintd.sock');
  const flags = ['--enable_fault_injection', `--fault_key_generation_failure_rate=${FAILURE_RATE}`];
  const config = fileURLToPath(new URL(`../../${SERVICE_CONFIG}`, import.meta.url));
  show('daemon', `proofmintd ${flags.join(' ')}`);
  show('broker', `proofmint-retrying-client --service_config=${SERVICE_CONFIG} ${LOAD.join(' ')}`);
  // The broker waits for the daemon, so the order does not matter.
  const args = [`--target=unix:${socket}`, `--service_config=${config}`, ...LOAD];
  const load = runProgram('proofmint-retrying-client', args);
  const start = () => startDaemon({ socket, flags: [...flags, '--metrics_listen=127.0.0.1:0'] });
  const [{ before, successor }, seen] = await Promise.all([restartUnderLoad(start), load]);
  showWhatHappened(JSON.parse(seen), [before, await stopAndCount(successor)]);
} finally {
  await rm(directory, { recursive: true });
}
