// Installs the libraries for brokers and builds projects outside of the tree with them, as a broker's developer does.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { programPath, root, run } from '../deploy/repository.mjs';

const BUILD_TIME_LIMIT_MS = 200_000; // A compilation takes seconds on an idle machine.

let scratch;
let prefix; // where the libraries are installed

const build = (program, args, options = {}) => run(program, args, { timeout: BUILD_TIME_LIMIT_MS, ...options });

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'proofmint-install-'));
  // The files must not depend on where they were installed first.
  const first = join(scratch, 'first');
  build('cmake', ['--install', join(programPath('.'), '..'), '--prefix', first, '--component', 'development']);
  prefix = join(scratch, 'prefix');
  cpSync(first, prefix, { recursive: true });
  rmSync(first, { recursive: true });
});

after(() => rmSync(scratch, { recursive: true, force: true }));

// Copies the project `folder` out of the tree, builds it with CMake and the default compiler, and returns its build folder.
function buildProject(folder) {
  const source = join(scratch, folder.replaceAll('/', '-'));
  cpSync(join(root, folder), source, { recursive: true });
  const output = join(source, 'build');
  build('cmake', ['-S', source, '-B', output, `-DCMAKE_PREFIX_PATH=${prefix}`]);
  build('cmake', ['--build', output]);
  return output;
}

function assertIsLogin(output) {
  const record = JSON.parse(output);
  assert.equal(record.outcome, 'granted');
  assert.equal(record.dpop_signing_alg, 'EdDSA');
  assert.equal(record.idp_token_type, 'dpop');
  assert.equal(record.nonce_challenges, 1);
}

test('a project finds the libraries with find_package, links and runs', () => {
  assertIsLogin(run(join(buildProject('tests/install/consumer'), 'consumer'), []));
});

test('a project finds the libraries with pkg-config, links and runs; the headers have no warnings', () => {
  const flags = run('pkg-config', ['--cflags', '--libs', 'proofmint-exchange-testing'],
    { env: { ...process.env, PKG_CONFIG_PATH: join(prefix, 'lib/pkgconfig') } });
  const program = join(scratch, 'consumer');
  build('c++', ['-std=c++20', '-Wall', '-Wextra', '-Wshadow', '-Werror',
    join(root, 'tests/install/consumer/consumer.cc'), ...flags.trim().split(/\s+/), '-o', program]);
  assertIsLogin(run(program, []));
});

test('every pkg-config file names libraries and packages that exist', () => {
  const folder = join(prefix, 'lib/pkgconfig');
  const names = readdirSync(folder).map((file) => file.replace(/\.pc$/, ''));
  assert.ok(names.length > 0);
  const environment = { env: { ...process.env, PKG_CONFIG_PATH: folder } };
  for (const name of names) {
    const installed = readdirSync(join(prefix, 'lib'));
    for (const flag of run('pkg-config', ['--libs-only-l', name], environment).split(/\s+/)) {
      if (flag.startsWith('-lproofmint')) assert.ok(installed.includes(`lib${flag.slice(2)}.a`), `${name}: ${flag}`);
    }
  }
});

test('nothing of how the libraries were built reaches the projects that use them', () => {
  const files = ['proofmintTargets.cmake', 'proofmintTargets-release.cmake', 'proofmintConfig.cmake'];
  for (const file of files) {
    const text = readFileSync(join(prefix, 'lib/cmake/proofmint', file), 'utf8');
    for (const leak of [root, scratch, 'proofmint_flags', 'proofmint_sanitizer', 'boringssl', 'COMPILE_OPTIONS',
      'COMPILE_DEFINITIONS', 'PRECOMPILE']) {
      assert.ok(!text.includes(leak), `${file}: ${leak}`);
    }
  }
});

test('every header finds the headers that it includes', () => {
  const folder = join(prefix, 'include/proofmint');
  const headers = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.h'));
  for (const header of headers) {
    for (const [, included] of readFileSync(join(folder, header), 'utf8').matchAll(/^#include "(signer\/[^"]+)"/gm)) {
      assert.ok(headers.includes(included), `${header}: ${included}`);
    }
  }
});
