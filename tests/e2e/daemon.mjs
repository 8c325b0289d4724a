// Starts proofmintd, and stops it again even if the test fails.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { programPath } from './programs.mjs';

const TIME_LIMIT_MS = 10_000;
const LOG_LINES_KEPT = 50;

class Daemon {
  #child;
  #directory;
  #log = [];
  #addresses = [];
  #metricsAddress;
  #killAtExit = () => this.#child.kill('SIGKILL');

  // `directory`, if given, is removed when the daemon has ended.
  constructor(args, directory) {
    this.#directory = directory;
    this.#child = spawn(programPath('proofmintd'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    // Covers a test run that ends without calling stop().
    process.once('exit', this.#killAtExit);
  }

  // Returns the addresses that a client dials, such as unix:/tmp/…/proofmintd.sock and 127.0.0.1:43211.
  get unixTarget() {
    return this.#addresses.find((address) => address.startsWith('unix:'));
  }

  get tcpTarget() {
    return this.#addresses.find((address) => !address.startsWith('unix:'));
  }

  // Returns its metrics as text.
  async metrics() {
    const response = await fetch(`http://${this.#metricsAddress}/metrics`);
    return response.text();
  }

  // Resolves when the daemon logs that it is serving.
  async ready() {
    const { promise, resolve, reject } = Promise.withResolvers();
    this.#child.once('error', reject);
    // "close" comes after the last line of the log; "exit" may come before it.
    this.#child.once('close', (code, signal) => reject(new Error(`ended with ${code ?? signal}, want it to serve`)));
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      if (this.#read(line) === 'serving') resolve();
    });
    await this.#wait(promise, 'serving');
  }

  // Reads one line of the log and returns its message.
  #read(line) {
    this.#log.push(line);
    this.#log.splice(0, this.#log.length - LOG_LINES_KEPT);
    let entry;
    try {
      entry = JSON.parse(line);
    } catch {
      return undefined; // A sanitizer or a library wrote it, not our logger.
    }
    if (entry.message === 'listening') {
      if (entry.address) this.#addresses.push(entry.address);
      this.#metricsAddress ??= entry.metrics;
    }
    return entry.message;
  }

  // Sends SIGTERM and expects the exit code 0.
  async stop() {
    try {
      const { exitCode, signalCode } = this.#child;
      if (exitCode === null && signalCode === null) {
        const exited = once(this.#child, 'exit');
        this.#child.kill('SIGTERM');
        await this.#wait(exited, 'stopped');
      }
      if (this.#child.exitCode !== 0) {
        throw this.#failure(`exit ${this.#child.exitCode ?? this.#child.signalCode}, want 0`);
      }
    } finally {
      await this.discard();
    }
  }

  async #wait(promise, state) {
    const { promise: late, reject } = Promise.withResolvers();
    const timer = setTimeout(() => reject(new Error(`not ${state} after ${TIME_LIMIT_MS} ms`)), TIME_LIMIT_MS);
    try {
      await Promise.race([promise, late]);
    } catch (error) {
      throw this.#failure(error.message);
    } finally {
      clearTimeout(timer);
    }
  }

  #failure(why) {
    return new Error(`proofmintd: ${why}\n${this.#log.join('\n')}`);
  }

  // Kills the daemon if it still runs, and removes the folder.
  async discard() {
    this.#child.kill('SIGKILL');
    process.removeListener('exit', this.#killAtExit);
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }
}

// Starts a daemon on a Unix socket, a new one unless `socket` is a path for it. With `tcp` it also listens on loopback:
// at that address, or if it is true on a port that the system chooses; in plaintext, unless `tls` has the flags for
// TLS.
export async function startDaemon({ socket, tcp = false, tls = ['--allow_insecure_loopback'], flags = [] } = {}) {
  const directory = socket ? undefined : await mkdtemp(join(tmpdir(), 'proofmint-e2e-'));
  const listen = [`unix:${socket ?? join(directory, 'proofmintd.sock')}`];
  if (tcp) listen.push(tcp === true ? '127.0.0.1:0' : tcp);
  const args = [`--listen=${listen.join(',')}`, ...(tcp ? tls : []), ...flags];
  const daemon = new Daemon(args, directory);
  try {
    await daemon.ready();
  } catch (error) {
    await daemon.discard();
    throw error;
  }
  return daemon;
}
