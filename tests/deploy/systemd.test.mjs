// Tests the systemd units with systemd-analyze, and starts the daemon through a socket with the unit's command line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { health, withDaemon, withDirectory } from './daemon.mjs';
import { install, knownFlags, programPath, read, root, run } from './repository.mjs';

const UNITS = 'deploy/systemd';
const DROP_INS = ['proofmintd-metrics.conf', 'proofmintd-tls.conf'];
const MOST_EXPOSURE = 2.0; // of 10

// Returns the values of a unit's setting, in order.
function values(file, key) {
  return read(join(UNITS, file)).split('\n')
    .filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
}

// Copies the units to `directory` as they are installed, but with a program that exists.
function copyUnits(directory, dropIns) {
  const installed = join(directory, 'installed');
  install('systemd', installed);
  const units = join(installed, 'usr/lib/systemd/system');
  const service = readFileSync(join(units, 'proofmintd.service'), 'utf8');
  assert.match(service, /^ExecStart=\/usr\/bin\/proofmintd /m);
  writeFileSync(join(directory, 'proofmintd.service'), service.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
  copyFileSync(join(units, 'proofmintd.socket'), join(directory, 'proofmintd.socket'));
  mkdirSync(join(directory, 'proofmintd.service.d'));
  for (const name of dropIns) copyFileSync(join(root, UNITS, name), join(directory, 'proofmintd.service.d', name));
  return { env: { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:`, SYSTEMD_COLORS: '0', SYSTEMD_EMOJI: '0' } };
}

function exposure(directory, options) {
  const limit = `--threshold=${MOST_EXPOSURE * 10}`;
  const unit = join(directory, 'proofmintd.service');
  const output = run('systemd-analyze', ['security', '--offline=true', '--no-pager', limit, unit], options);
  return Number(/exposure level for proofmintd.service: ([0-9.]+)/.exec(output)[1]);
}

test('the exposure is small, also with the drop-ins', async () => {
  let alone;
  await withDirectory((directory) => {
    alone = exposure(directory, copyUnits(directory, []));
    assert.ok(alone <= 1.0, `got ${alone}`);
  });
  await withDirectory((directory) => {
    const loosened = exposure(directory, copyUnits(directory, DROP_INS));
    assert.ok(loosened > alone && loosened <= MOST_EXPOSURE, `got ${loosened}`);
  });
});

test('the exposure of an ordinary service is too large, so the check can fail', () => withDirectory((directory) => {
  const options = copyUnits(directory, []);
  writeFileSync(join(directory, 'proofmintd.service'), '[Service]\nExecStart=/bin/true\n');
  assert.throws(() => exposure(directory, options));
}));

test('systemd knows every setting', () => withDirectory((directory) => {
  const options = copyUnits(directory, DROP_INS);
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no',
    join(directory, 'proofmintd.service'), join(directory, 'proofmintd.socket')], { encoding: 'utf8', ...options });
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stdout + stderr, /proofmint/);
}));

test('the user exists before the socket wants its group', () => withDirectory((directory) => {
  const file = join(root, UNITS, 'proofmint.sysusers');
  const plan = spawnSync('systemd-sysusers', ['--dry-run', `--root=${directory}`, file], { encoding: 'utf8' });
  assert.match(plan.stdout + plan.stderr, /Creating group 'proofmint'[^]*Creating user 'proofmint'/);
  for (const key of ['User', 'Group']) assert.deepEqual(values('proofmintd.service.in', key), ['proofmint']);
  assert.deepEqual(values('proofmintd.socket.in', 'SocketGroup'), ['proofmint']);
  assert.deepEqual(values('proofmintd.socket.in', 'SocketMode'), ['0660']);
}));

test('callers keep their uids, and the daemon has enough time to stop', () => {
  assert.deepEqual(values('proofmintd.service.in', 'PrivateUsers'), []);
  assert.deepEqual(values('proofmintd.service.in', 'DynamicUser'), []);
  assert.ok(parseInt(values('proofmintd.service.in', 'TimeoutStopSec')[0]) > 10);
  assert.deepEqual(values('proofmintd.service.in', 'Type'), ['notify']);
  assert.deepEqual(values('proofmintd.service.in', 'Requires'), ['proofmintd.socket']);
});

test('the flags in the files are flags of the daemon', () => {
  const known = knownFlags('proofmintd');
  for (const file of ['proofmintd.service.in', 'proofmintd.default', ...DROP_INS]) {
    for (const [flag] of read(join(UNITS, file)).matchAll(/(?<=[ "])--[a-z_]+(?==| |"|$)/gm)) {
      assert.ok(known.has(flag), `${file}: ${flag}`);
    }
  }
});

// Returns the unit's command line with the daemon of the build, the credential in `directory` and the flags of
// proofmintd.default.
function commandLine(directory) {
  const [, flags] = /^PROOFMINTD_FLAGS="(.*)"$/m.exec(read(join(UNITS, 'proofmintd.default')));
  const words = values('proofmintd.service.in', 'ExecStart')[0].split(' ').slice(1)
    .flatMap((word) => (word === '$PROOFMINTD_FLAGS' ? flags.split(' ') : [word.replace('%d', directory)]));
  return [programPath('proofmintd'), ...words];
}

test('the daemon serves on the socket from systemd, where clients wait', () => withDirectory(async (directory) => {
  writeFileSync(join(directory, 'kek'), run(programPath('proofmint'), ['kek', 'new']));
  chmodSync(join(directory, 'kek'), 0o400);
  const path = join(directory, 'proofmintd.sock');
  // The daemon is started by the first connection.
  const onLine = (line) => {
    if (line.startsWith('Listening on')) connect(path, function close() { this.destroy(); });
  };
  for (let start = 0; start < 2; ++start) {
    await withDaemon(['systemd-socket-activate', `--listen=${path}`, ...commandLine(directory)], () => {
      assert.equal(health(`--target=unix:${path}`, '--service=proofmint.v1.ProofSigner'), 'SERVING');
    }, { onLine });
  }
}));
