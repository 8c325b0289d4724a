// Runs proofmintd as a file of deploy/ says, with other paths and ports, and asks its health.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { programPath, run } from './repository.mjs';

const TIME_LIMIT_MS = 10_000;

// Calls `use` with a folder of its own, which is removed afterwards.
export async function withDirectory(use) {
  const directory = mkdtempSync(join(tmpdir(), 'proofmint-deploy-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

// Starts a command that becomes proofmintd, waits until it has written the message "serving" to its log, and calls
// use(addresses, {metrics}) with the addresses that it serves. Expects that it then exits with 0 on SIGTERM. Calls onLine
// with each line of the log.
export async function withDaemon(command, use, { env = {}, onLine = () => {} } = {}) {
  const child = spawn(command[0], command.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  const log = [];
  const addresses = [];
  const extra = {};
  const failure = (what) => new Error(`${command.join(' ')}: ${what}\n${log.join('\n')}`);
  const timer = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT_MS);
  const ended = once(child, 'close');
  try {
    const serving = new Promise((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line);
        onLine(line);
        const entry = line.startsWith('{') ? JSON.parse(line) : {};
        if (entry.address) addresses.push(entry.address);
        if (entry.metrics) extra.metrics = entry.metrics;
        if (entry.message === 'serving') resolve(true);
      });
    });
    if ((await Promise.race([serving, ended])) !== true) throw failure('ended, want it to serve');
    await use(addresses, extra);
    child.kill('SIGTERM');
    const [code, signal] = await ended;
    if (code !== 0) throw failure(`ended with ${code ?? signal}, want 0`);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

// Returns the health of a service by the CLI: "SERVING", or an error.
export function health(...args) {
  return run(programPath('proofmint'), ['health', ...args]).trim();
}
