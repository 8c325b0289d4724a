// Gives tests of the deployment the files of the repository and the programs of the build.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

// A run of promtool takes 1 s on a quiet machine, and has taken 15 on a busy one.
const TIME_LIMIT_MS = 90_000;

export const root = resolve(import.meta.dirname, '../..');

export function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

export function programPath(name) {
  const directory = process.env.PROOFMINT_BIN_DIR;
  if (!directory) {
    throw new Error('PROOFMINT_BIN_DIR: got nothing, want the folder of proofmintd (build/<preset>/bin)');
  }
  return join(directory, name);
}

// Runs a program and returns what it wrote to standard output; throws, with all that it wrote, if it fails.
export function run(program, args, options = {}) {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_LIMIT_MS,
      maxBuffer: 16 << 20,
      ...options,
    });
  } catch (error) {
    throw new Error(`${program} ${args.join(' ')}: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  }
}

// Installs a component of cmake/Install.cmake into `directory` as if that were the root folder, with the prefix /usr.
export function install(component, directory) {
  const build = join(programPath('.'), '..');
  run('cmake', ['--install', build, '--prefix', '/usr', '--component', component],
    { env: { ...process.env, DESTDIR: directory } });
}

// Returns the names of the flags, such as "--listen", that a program or one of its commands knows.
export function knownFlags(program, ...command) {
  const help = run(programPath(program), [...command, '--help']);
  // For an unknown command a program prints the help of its parent.
  const usage = `/${[program, ...command].join(' ')} [OPTIONS]`;
  if (!help.includes(usage)) throw new Error(`${program} ${command.join(' ')}: got another usage, want ${usage}`);
  return new Set(help.match(/--[a-z][a-z_-]*/g));
}
