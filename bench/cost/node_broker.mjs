// node_broker.mjs is a broker in Node that gets DPoP proofs in one way at one load, as proofmint-cost is one in C++. It
// prints, as one JSON object, the CPU time of itself and of the signer for a proof, and the latency from when a call was due.
//
//   node_broker.mjs --way=node_client --in_flight=64 --target=unix:/tmp/proofmintd.sock --signer_pid=4711
//   node_broker.mjs --way=node_client --rate=2000 --arrivals=build/release/bin/proofmint-arrivals …
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { countWrong } from './node_verify.mjs';
import { WAYS } from './node_ways.mjs';

const NS_PER_MS = 1e6;
const ARRIVAL_BYTES = 8;
// Of the proofs of a measurement so many are verified at most, and half as many at least, evenly spaced.
const SAMPLE_SIZE = 300;
// Of an open loop; the calls that are due meanwhile wait. With more of them the daemon would cut off a broker that is too busy
// to read its responses.
const MAX_IN_FLIGHT = 256;
// Of the proofs due, so many may be missing when the measured time is over.
const MISSING_AT_MOST = { share: 0.02, proofs: 10 };

// Returns what to add to performance.now() for the time of CLOCK_MONOTONIC, the clock of proofmint-arrivals. If the process
// stops between the two readings the difference is too small, so the largest of many is right.
function measureClockOffsetMs() {
  return Math.max(...Array.from({ length: 100 }, () => Number(process.hrtime.bigint()) / NS_PER_MS - performance.now()));
}

function readFlags() {
  const names = ['way', 'rate', 'in_flight', 'seconds', 'warmup', 'seed', 'target', 'signer_pid', 'arrivals'];
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });
  const number = (name, byDefault) => {
    const value = Number(values[name] ?? byDefault);
    if (!Number.isFinite(value) || value < 0) throw new TypeError(`--${name}: got ${values[name]}, want a number`);
    return value;
  };
  if (!(values.way in WAYS)) throw new TypeError(`--way: got ${values.way}, want one of ${Object.keys(WAYS).join(', ')}`);
  const flags = {
    way: values.way, target: values.target, arrivals: values.arrivals, rate: number('rate', 0),
    inFlight: number('in_flight', 0), seconds: number('seconds', 2), warmup: number('warmup', 0.5),
    seed: number('seed', 1), signerPid: number('signer_pid', 0),
  };
  if ((flags.rate > 0) === (flags.inFlight > 0)) throw new TypeError('want either --rate or --in_flight');
  if (flags.rate > 0 && !flags.arrivals) throw new TypeError('--rate: want --arrivals, the path of proofmint-arrivals, with it');
  return flags;
}

// Returns the CPU time of the process in microseconds, with nanoseconds behind the point: /proc/PID/stat counts in
// hundredths of a second. Threads that have ended are missing; those of the daemon last as long as it.
function cpuOf(pid) {
  if (pid === 0) return 0;
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1000;
}

class Measurement {
  #way;
  #flags;
  #start;
  #end;
  #inFlight = 0;
  #waiting = []; // When the calls that wait were due.
  #idle;
  #returned = 0;
  #failed = 0;
  #due = 0;
  #inTime = 0;
  #longestWait = 0;
  #latencies = [];
  #sample = [];
  #sampleEvery = 1;
  #clockOffsetMs = measureClockOffsetMs();

  constructor(way, flags) {
    this.#way = way;
    this.#flags = flags;
    this.#start = performance.now() + flags.warmup * 1000;
    this.#end = this.#start + flags.seconds * 1000;
  }

  async run() {
    const load = this.#flags.rate > 0 ? this.#openLoop() : this.#closedLoop();
    await this.#until(this.#start);
    const first = this.#moment();
    await this.#until(this.#end);
    const last = this.#moment();
    await load;
    return this.#result(first, last);
  }

  #until(time) {
    return new Promise((resolve) => { setTimeout(resolve, Math.max(0, time - performance.now())); });
  }

  #moment() {
    const { user, system } = process.cpuUsage();
    return { time: performance.now(), returned: this.#returned, broker: user + system, signer: cpuOf(this.#flags.signerPid) };
  }

  #isMeasured(due) {
    return due >= this.#start && due < this.#end;
  }

  // Gets one proof for the call that is due; resolves when it is there or has failed.
  async #call(due) {
    this.#inFlight++;
    try {
      const made = this.#way.signProof();
      // What is there already is not recorded in a later turn.
      this.#record(due, made instanceof Promise ? await made : made);
    } catch (error) {
      if (this.#failed++ === 0) console.error(`error: a call failed: ${error.message}`);
    }
    if (this.#inFlight-- === MAX_IN_FLIGHT) this.#send();
    if (this.#inFlight === 0) this.#idle?.();
  }

  #record(due, made) {
    const now = performance.now();
    this.#returned++;
    if (!this.#isMeasured(due)) return;
    this.#latencies.push(now - due);
    if (now < this.#end) this.#inTime++;
    if (made === undefined || this.#returned % this.#sampleEvery !== 0) return;
    this.#sample.push(made);
    if (this.#sample.length < SAMPLE_SIZE) return;
    this.#sample = this.#sample.filter((_, i) => i % 2 === 0);
    this.#sampleEvery *= 2;
  }

  // Each of the callers makes a call when its last one is done, each in a turn of the event loop of its own: a request that
  // a broker answers without waiting for anything has one, too.
  async #closedLoop() {
    const caller = async () => {
      while (performance.now() < this.#end && this.#failed === 0) {
        const due = performance.now();
        await new Promise(setImmediate);
        await this.#call(due);
      }
    };
    await Promise.all(Array.from({ length: this.#flags.inFlight }, caller));
  }

  async #openLoop() {
    const { arrivals, rate, seed } = this.#flags;
    const seconds = (this.#end - performance.now()) / 1000;
    const child = spawn(arrivals, [`--rate=${rate}`, `--seconds=${seconds}`, `--seed=${seed}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    process.once('exit', () => child.kill('SIGKILL'));
    await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.stdout.on('data', (chunk) => this.#onArrivals(chunk));
      child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${arrivals}: ended with ${code}`))));
    });
    if (this.#inFlight > 0) await new Promise((resolve) => { this.#idle = resolve; });
  }

  #onArrivals(chunk) {
    if (chunk.length % ARRIVAL_BYTES !== 0) throw new Error(`got ${chunk.length} bytes of arrivals, want multiples of 8`);
    for (let i = 0; i < chunk.length; i += ARRIVAL_BYTES) {
      const due = chunk.readDoubleLE(i) / NS_PER_MS - this.#clockOffsetMs;
      const now = performance.now();
      if (this.#isMeasured(due)) {
        this.#due++;
        this.#longestWait = Math.max(this.#longestWait, now - due);
      }
      this.#waiting.push(due);
    }
    this.#send();
  }

  // Makes the calls that wait, as far as they may be in flight. When the measured time is over, the others remain unsent.
  #send() {
    while (this.#waiting.length > 0 && this.#inFlight < MAX_IN_FLIGHT && performance.now() < this.#end) {
      this.#call(this.#waiting.shift());
    }
  }

  #percentile(sorted, percent) {
    return sorted.length === 0 ? null : sorted[Math.ceil((sorted.length * percent) / 100) - 1] * 1000;
  }

  async #result(first, last) {
    const proofs = last.returned - first.returned;
    const missing = this.#due - this.#inTime;
    const sorted = this.#latencies.sort((a, b) => a - b);
    const open = this.#flags.rate > 0;
    return {
      way: this.#flags.way,
      ...(open ? { rate: this.#flags.rate } : { in_flight: this.#flags.inFlight }),
      proofs_per_second: (proofs * 1000) / (last.time - first.time),
      kept_up: !open || missing <= Math.max(MISSING_AT_MOST.proofs, this.#due * MISSING_AT_MOST.share),
      broker_us: proofs === 0 ? null : (last.broker - first.broker) / proofs,
      signer_us: proofs === 0 ? null : (last.signer - first.signer) / proofs,
      p50_us: this.#percentile(sorted, 50),
      p99_us: this.#percentile(sorted, 99),
      ...(open && { longest_pause_ms: this.#longestWait }),
      failed: this.#failed,
      verified: this.#sample.length,
      wrong: await countWrong(this.#sample),
    };
  }
}

// Returns the exit code.
async function main() {
  let flags;
  try {
    flags = readFlags();
  } catch (error) {
    console.error(error.message);
    return 2;
  }
  const way = await WAYS[flags.way](flags.target);
  const result = await new Measurement(way, flags).run();
  way.close();
  console.log(JSON.stringify(result));
  // A broker that falls behind may be refused or cut off.
  const failed = result.failed > 0 && (result.kept_up || result.proofs_per_second === 0);
  return failed || result.wrong > 0 ? 1 : 0;
}

process.exitCode = await main();
