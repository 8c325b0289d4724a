// Tests the package as its users get it: `npm pack` makes it, a project outside of the tree installs it, and the examples
// run there, with a real daemon, a real provider and a resource server that checks their proofs.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import * as oauth from 'oauth4webapi';

import { followRedirects } from './authorization.mjs';
import { startDaemon } from './daemon.mjs';
import { API_SCOPE, JWT_RESOURCE, startIdentityProvider } from './identity_provider.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let project;
let daemon;
let idp;
before(async () => {
  project = await mkdtemp(join(tmpdir(), 'proofmint-project-'));
  const npm = (cwd, ...args) => promisify(execFile)('npm', args, { cwd });
  await npm(join(ROOT, 'clients/node'), 'pack', '--pack-destination', project);
  const [packed] = await readdir(project);
  assert.match(packed, /^proofmint-\d+\.\d+\.\d+\.tgz$/);
  await npm(project, 'install', '--offline', '--no-audit', '--no-fund', join(project, packed));
  // There is no registry in the tests, so the other library comes from here.
  await symlink(join(ROOT, 'tests/e2e/node_modules/openid-client'), join(project, 'node_modules/openid-client'));
  for (const example of ['node-openid-client/login.mjs', 'node-fetch/client_credentials.mjs']) {
    await cp(join(ROOT, 'examples', example), join(project, example.split('/')[1]));
  }
  daemon = await startDaemon();
  idp = await startIdentityProvider();
});
after(async () => {
  await idp?.stop();
  await daemon?.stop();
  await rm(project, { recursive: true, force: true });
});

function run(script, environment) {
  const { client_id: CLIENT_ID, client_secret: CLIENT_SECRET } = idp.client;
  const env = {
    PATH: process.env.PATH, PROOFMINT_TARGET: daemon.unixTarget, ISSUER: idp.issuer, CLIENT_ID, CLIENT_SECRET, ...environment,
  };
  const child = spawn(process.execPath, [join(project, script)], { cwd: project, env, timeout: 60_000 });
  const ended = once(child, 'close');
  return { child, ended, errors: text(child.stderr) };
}

// Starts a resource server that serves an access token of the provider only with a proof of the key that it is bound to.
async function startResourceServer() {
  const as = await idp.metadata();
  const server = createServer(async (request, response) => {
    const url = `http://127.0.0.1:${server.address().port}${request.url}`;
    const asked = new Request(url, { method: request.method, headers: request.headers });
    try {
      const claims = await oauth.validateJwtAccessToken(as, asked, JWT_RESOURCE, {
        requireDPoP: true, [oauth.allowInsecureRequests]: true,
      });
      response.end(`hello ${claims.client_id}`);
    } catch (error) {
      response.writeHead(401).end(error.message);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/items?x=1`, stop: () => server.close() };
}

test('the package holds what it is made of, and brings nothing along', async () => {
  const files = await readdir(join(project, 'node_modules/proofmint'), { recursive: true, withFileTypes: true });
  const names = files.filter((file) => file.isFile()).map(({ name }) => name);
  assert.ok(names.includes('index.d.ts') && names.includes('README.md'));
  assert.ok(names.every((name) => /\.mjs$|^index\.d\.ts$|^README\.md$|^package\.json$/.test(name)), `${names}`);
  const installed = await readdir(join(project, 'node_modules'));
  assert.deepEqual(installed.filter((name) => !name.startsWith('.')), ['openid-client', 'proofmint']);
});

test('examples/node-openid-client logs a user in', async () => {
  const redirectUri = idp.client.redirect_uris[0];
  const { child, ended, errors } = run('login.mjs', { REDIRECT_URI: redirectUri });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: url } = await lines.next();
  assert.ok(url?.startsWith(idp.issuer), await (url ? '' : errors));
  const redirect = await followRedirects(new URL(url), redirectUri);
  child.stdin.end(`${redirect.href}\n`);
  const { value: claims } = await lines.next();
  assert.deepEqual(await ended, [0, null], await errors);
  assert.deepEqual(JSON.parse(claims), { sub: 'alice' });
  const [login, userinfo] = (await errors).trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual([login.type, login.idp_token_type, login.nonce_challenges], ['s', 'dpop', 1]);
  assert.deepEqual(userinfo.upstream_userinfo_fetch, { status: 200, dpop_bound: true });
});

test('examples/node-fetch gets a token and uses it', async () => {
  const resource = await startResourceServer();
  const { child, ended, errors } = run('client_credentials.mjs', { RESOURCE: resource.url, SCOPE: API_SCOPE });
  const output = await text(child.stdout);
  assert.deepEqual(await ended, [0, null], await errors);
  assert.equal(output, '200 hello broker\n');
  resource.stop();
});
