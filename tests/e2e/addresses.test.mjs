// Tests that the daemon, the CLI and the clients in C++ and Node take both forms of a Unix socket's address.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { SignerClient } from '../../clients/node/index.mjs';
import { startDaemon } from './daemon.mjs';
import { diagnose, statuses } from './doctor.mjs';
import { startIdentityProvider } from './identity_provider.mjs';
import { runProgram } from './programs.mjs';

const HTU = 'https://idp.example/token';

let directory;
let idp;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'proofmint-e2e-'));
  idp = await startIdentityProvider();
});
after(async () => {
  await idp.stop();
  await rm(directory, { recursive: true });
});

// Gets a proof by each client of `target`.
async function sign(target) {
  assert.match(await runProgram('proofmint', ['sign', `--target=${target}`, `--htu=${HTU}`]), /^ey[^.]+\.[^.]+\.[^.]+\n$/);
  // The doctor has the client library of C++.
  const { report } = await diagnose({ provider: idp, target, flags: ['--grant=none'] });
  assert.equal(statuses(report)['signer.proof'], 'ok');
  const signer = new SignerClient({ target, timeoutMs: 10_000 });
  try {
    assert.match((await signer.signProof({ algorithm: 'ES256', htm: 'POST', htu: HTU })).jwt, /^ey/);
  } finally {
    signer.close();
  }
}

for (const form of ['unix:', 'unix://']) {
  test(`the daemon listens at ${form}/PATH, and clients find it at both forms`, async () => {
    const socket = join(directory, 'signer.sock');
    // startDaemon puts the scheme before what it is given.
    const daemon = await startDaemon({ socket: form.slice('unix:'.length) + socket });
    try {
      assert.equal(daemon.unixTarget, form + socket);
      await sign(`unix:${socket}`);
      await sign(`unix://${socket}`);
    } finally {
      await daemon.stop();
    }
  });
}
