// Tests the Debian packages that scripts/package makes: their files, and the scripts that dpkg runs. The packages are made
// without compression and without dpkg-shlibdeps, which take longer than all the rest.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { programPath, read, run } from './repository.mjs';

const DOCUMENTS = 'usr/share/doc/proofmint';
const CLIENTS = 'usr/share/proofmint';

const config = join(programPath('..'), 'CPackConfig.cmake');
let scratch;
let contents; // the folder with the files of the daemon's package
let control; // the folder with its scripts and fields
let libraries; // the same of the package for developers
let librariesControl;

before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'proofmint-package-'));
  run('cpack', ['-G', 'DEB', '--config', config, '-B', scratch, '-D', 'CPACK_DEBIAN_COMPRESSION_TYPE=none',
    '-D', 'CPACK_DEBIAN_PACKAGE_SHLIBDEPS=OFF']);
  [contents, control] = extract('proofmint');
  [libraries, librariesControl] = extract('libproofmint-dev');
});

// Returns the folders with the files and with the scripts and fields of a package.
function extract(name) {
  const [file] = readdirSync(scratch).filter((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'));
  const folders = [join(scratch, name), join(scratch, `${name}-control`)];
  run('dpkg-deb', ['--extract', join(scratch, file), folders[0]]);
  run('dpkg-deb', ['--control', join(scratch, file), folders[1]]);
  return folders;
}

after(() => rmSync(scratch, { recursive: true, force: true }));

const fileNames = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));

test('it has the programs, the units, the user and the flags, and nothing else outside its own folders', () => {
  const files = fileNames(contents).filter((file) => !file.startsWith(`${DOCUMENTS}/`) && !file.startsWith(`${CLIENTS}/`));
  assert.deepEqual(files.sort(), [
    'etc/default/proofmintd',
    'usr/bin/proofmint',
    'usr/bin/proofmintd',
    'usr/lib/systemd/system/proofmintd.service',
    'usr/lib/systemd/system/proofmintd.socket',
    'usr/lib/sysusers.d/proofmint.conf',
  ]);
});

test('clients find the contract with all that it imports, and the retry policy', () => {
  const proto = join(contents, CLIENTS, 'proto');
  const needed = new Set(['proofmint/v1/proof_signer.proto']);
  for (const file of needed) { // The set grows during the iteration.
    for (const [, name] of readFileSync(join(proto, file), 'utf8').matchAll(/^import "(.+)";$/gm)) {
      if (!name.startsWith('google/protobuf/')) needed.add(name); // These come with protobuf.
    }
  }
  assert.ok(needed.size > 1);
  assert.equal(readFileSync(join(contents, CLIENTS, 'service_config.json'), 'utf8'), read('deploy/service_config.json'));
});

test('the links of the operator\'s pages lead to files of the package', () => {
  const pages = ['operations', 'errors', 'metrics', 'key-handles'].map((name) => `docs/${name}.md`);
  for (const page of [...pages, 'deploy/README.md', 'SECURITY.md']) {
    const text = readFileSync(join(contents, DOCUMENTS, page), 'utf8');
    for (const [, link] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (link.startsWith('https://')) continue;
      assert.ok(existsSync(join(contents, DOCUMENTS, dirname(page), link)), `${page}: ${link}`);
    }
  }
});

test('the unit runs the program of the package, and names a page of it', () => {
  const unit = readFileSync(join(contents, 'usr/lib/systemd/system/proofmintd.service'), 'utf8');
  assert.doesNotMatch(unit, /@[a-z]+@/);
  assert.match(unit, /^ExecStart=\/usr\/bin\/proofmintd /m);
  const [, page] = /^Documentation=file:\/\/(.+)$/m.exec(unit);
  assert.ok(existsSync(join(contents, page)), page);
});

test('files in /etc are kept when an administrator has changed them', () => {
  const configuration = fileNames(contents).filter((file) => file.startsWith('etc/')).map((file) => `/${file}`);
  assert.deepEqual(readFileSync(join(control, 'conffiles'), 'utf8').trim().split('\n'), configuration);
});

test('it depends on the package that makes the user, and dpkg-shlibdeps adds the libraries', () => {
  assert.match(readFileSync(join(control, 'control'), 'utf8'),
    /^Depends: systemd \| systemd-standalone-sysusers \| systemd-sysusers$/m);
  assert.match(readFileSync(config, 'utf8'), /^set\(CPACK_DEBIAN_PACKAGE_SHLIBDEPS "ON"\)$/m);
});

test('the programs are stripped', () => {
  for (const name of ['proofmint', 'proofmintd']) {
    assert.doesNotMatch(run('readelf', ['--section-headers', join(contents, 'usr/bin', name)]), /\.(symtab|debug_info)/);
  }
});

test('the scripts can run, and name units that exist', () => {
  for (const name of ['postinst', 'prerm', 'postrm']) {
    const script = join(control, name);
    assert.equal(statSync(script).mode & 0o777, 0o755, name);
    run('sh', ['-n', script]);
    for (const [unit] of readFileSync(script, 'utf8').matchAll(/\bproofmintd\.\w+\b/g)) {
      assert.ok(existsSync(join(contents, 'usr/lib/systemd/system', unit)), `${name}: ${unit}`);
    }
  }
});

test('libproofmint-dev has headers, static libraries and the files that find them, and nothing else', () => {
  const files = fileNames(libraries);
  const wanted = [/^usr\/include\/proofmint\/.+\.h$/, /^usr\/lib\/libproofmint_\w+\.a$/, /^usr\/lib\/cmake\/proofmint\/\w[\w-]*\.cmake$/,
    /^usr\/lib\/pkgconfig\/proofmint-[\w-]+\.pc$/];
  for (const pattern of wanted) assert.ok(files.some((file) => pattern.test(file)), String(pattern));
  assert.deepEqual(files.filter((file) => !wanted.some((pattern) => pattern.test(file))), []);
});

test('libproofmint-dev depends on the packages of the headers that its own headers include', () => {
  const text = readFileSync(join(librariesControl, 'control'), 'utf8');
  assert.match(text, /^Depends: libabsl-dev, libgrpc\+\+-dev, libprotobuf-dev, libssl-dev, nlohmann-json3-dev$/m);
  assert.match(text, /^Section: libdevel$/m);
  assert.ok(!existsSync(join(librariesControl, 'postinst')));
});
