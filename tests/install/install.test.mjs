// Installs the libraries for brokers and builds projects outside of the tree with them, as a broker's developer does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { programPath, root, run } from '../deploy/repository.mjs';
import { authorizationCode } from '../e2e/authorization.mjs';
import { startDaemon } from '../e2e/daemon.mjs';
import { API_SCOPE, JWT_RESOURCE, startIdentityProvider } from '../e2e/identity_provider.mjs';

const BUILD_TIME_LIMIT_MS = 200_000; // A compilation takes seconds on an idle machine.
const LOGIN_TIME_LIMIT_MS = 30_000;

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

// Compiles the .cc file `path` with the flags that pkg-config gives for `packages`, and returns the program.
function compile(path, packages) {
  const flags = build('pkg-config', ['--cflags', '--libs', ...packages], pkgConfigEnvironment());
  const program = join(scratch, path.replaceAll('/', '-').replace(/\.cc$/, ''));
  build('c++', ['-std=c++20', '-Wall', '-Wextra', '-Wshadow', '-Werror', join(root, path), ...flags.trim().split(/\s+/),
    '-o', program]);
  return program;
}

const pkgConfigEnvironment = () => ({ env: { ...process.env, PKG_CONFIG_PATH: join(prefix, 'lib/pkgconfig') } });

function assertIsLogin(output) {
  const record = JSON.parse(output);
  assert.equal(record.outcome, 'granted');
  assert.equal(record.dpop_signing_alg, 'EdDSA');
  assert.equal(record.idp_token_type, 'dpop');
  assert.equal(record.nonce_challenges, 1);
}

test('a project for the exchange alone finds the library with find_package, links and runs', () => {
  assertIsLogin(run(join(buildProject('tests/install/consumer'), 'consumer'), []));
});

test('the same with pkg-config; the headers have no warnings', () => {
  assertIsLogin(run(compile('tests/install/consumer/consumer.cc', ['proofmint-exchange-testing']), []));
});

// Runs examples/cpp-curl, which asks for a token with `parameters`, and returns its log record.
function runLogin(program, { daemon, idp }, { grant_type: grantType, ...parameters }) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const { client_id: id, client_secret: secret } = idp.client;
  const env = { PROOFMINT_TARGET: daemon.unixTarget, CLIENT_SECRET: secret };
  const child = execFile(program, [idp.issuer, id, grantType], { env, timeout: LOGIN_TIME_LIMIT_MS },
    (error, stdout, stderr) => (error ? reject(new Error(`${error.message}\n${stdout}${stderr}`)) : resolve(stdout)));
  child.stdin.end(`${new URLSearchParams(parameters)}\n`);
  return promise.then(JSON.parse);
}

// Logs in at a real identity provider by both grants, and finds the keys of the proofs in the signer's audit log.
async function testLogin(program) {
  const auditLog = join(scratch, 'audit.log');
  const daemon = await startDaemon({ flags: [`--audit_log=${auditLog}`] });
  const idp = await startIdentityProvider();
  try {
    const access = { scope: API_SCOPE, resource: JWT_RESOURCE };
    const code = await authorizationCode(await idp.metadata(), idp.client, access);
    const records = [
      await runLogin(program, { daemon, idp }, { grant_type: 'client_credentials', ...access }),
      await runLogin(program, { daemon, idp }, { grant_type: 'authorization_code', ...code, resource: JWT_RESOURCE }),
    ];
    await daemon.stop(); // It writes all lines of its audit log.
    for (const record of records) {
      assert.equal(record.outcome, 'granted');
      assert.equal(record.binding, 'confirmed');
      assert.equal(record.nonce_challenges, 1);
      assert.ok(readFileSync(auditLog, 'utf8').includes(`"jkt":"${record.jkt}"`), record.jkt);
    }
  } finally {
    await idp.stop();
    await daemon.discard();
    rmSync(auditLog, { force: true });
  }
}

test('the example finds the client with find_package and logs a user in', async () => {
  await testLogin(join(buildProject('examples/cpp-curl'), 'login'));
});

test('the example finds the client with pkg-config and logs a user in', async () => {
  await testLogin(compile('examples/cpp-curl/login.cc', ['proofmint-client', 'libcurl']));
});

test('every pkg-config file names libraries and packages that exist', () => {
  const folder = join(prefix, 'lib/pkgconfig');
  const names = readdirSync(folder).map((file) => file.replace(/\.pc$/, ''));
  assert.ok(names.length > 0);
  for (const name of names) {
    const installed = readdirSync(join(prefix, 'lib'));
    for (const flag of build('pkg-config', ['--libs-only-l', name], pkgConfigEnvironment()).split(/\s+/)) {
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
