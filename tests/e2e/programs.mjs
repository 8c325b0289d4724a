// Runs our own programs from the build directory.
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const TIME_LIMIT_MS = 120_000;
const OUTPUT_LIMIT_BYTES = 64 << 20;

export function programPath(name) {
  const directory = process.env.PROOFMINT_BIN_DIR;
  if (!directory) {
    throw new Error('PROOFMINT_BIN_DIR: got nothing, want the folder of proofmintd (build/<preset>/bin)');
  }
  return join(directory, name);
}

// Resolves with the program's standard output; rejects with its standard error if it does not exit with 0.
export function runProgram(name, args, input = '') {
  const options = { timeout: TIME_LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: OUTPUT_LIMIT_BYTES };
  return new Promise((resolve, reject) => {
    const child = execFile(programPath(name), args, options, (error, stdout, stderr) => {
      if (error) {
        reject(new Error(`${name} ${args.join(' ')}: ${stderr || error.message}`));
      } else {
        resolve(stdout);
      }
    });
    // Ignored: a program that fails early closes its input, and its exit status reports the failure.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
