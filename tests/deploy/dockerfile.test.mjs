// Tests the Dockerfile without a container engine: its syntax, what it copies, how the image runs, and its libraries.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';

import { programPath, read, root, run } from './repository.mjs';

const PATH = 'deploy/docker/Dockerfile';
const text = read(PATH);
const dockerfile = DockerfileParser.parse(text);
const instructions = dockerfile.getInstructions();
const stages = instructions.flatMap((instruction, index) => (instruction.getKeyword() === 'FROM' ? [index] : []));
const last = instructions.slice(stages.at(-1));
const argumentsOf = (instruction) => instruction.getArguments().map((argument) => argument.getValue());
const find = (keyword) => last.filter((instruction) => instruction.getKeyword() === keyword);

test('every instruction is well-formed', () => {
  const problems = validate(text).map(({ range, message }) => `${PATH}:${range.start.line + 1}: ${message}`);
  assert.deepEqual(problems, []);
});

test('there are two stages, both from the base that can be pinned', () => {
  assert.equal(stages.length, 2);
  for (const index of stages) assert.equal(argumentsOf(instructions[index])[0], '${DEBIAN}');
  assert.match(text, /^ARG DEBIAN=debian:bookworm-slim$/m);
});

test('what is copied from the repository is there and not ignored', () => {
  const ignored = read('.dockerignore').split('\n').filter(Boolean);
  const copied = instructions
    .filter((instruction) => instruction.getKeyword() === 'COPY' && instruction.getFlags().length === 0)
    .flatMap((instruction) => argumentsOf(instruction).slice(0, -1));
  for (const source of copied) {
    assert.ok(statSync(join(root, source)), source);
    assert.ok(!ignored.includes(source.split('/')[0]), `${source}: got it in .dockerignore`);
  }
  const locks = read('scripts/setup').match(/^install_npm_packages (\S+)$/gm).map((line) => line.split(' ')[1]);
  assert.ok(locks.length > 1);
  for (const folder of locks) {
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
      assert.ok(copied.includes(`${folder}/${file}`), `got no COPY of ${folder}/${file}, which setup reads`);
    }
  }
});

test('the last stage takes the programs that the build installs', () => {
  const build = instructions.slice(0, stages.at(-1)).map((instruction) => instruction.getRawArgumentsContent()).join('\n');
  assert.match(build, /cmake --install build\/release --component programs --strip --prefix \/installed$/m);
  const [copy] = find('COPY');
  assert.deepEqual(copy.getFlags().map(String), ['--from=build']);
  assert.deepEqual(argumentsOf(copy), ['/installed/bin/', '/usr/local/bin/']);
});

test('the image runs without root and without a shell', () => {
  const [user] = find('USER');
  assert.match(argumentsOf(user)[0], /^[1-9][0-9]*:[1-9][0-9]*$/);
  // After USER nothing may write as root, and ENTRYPOINT is JSON, which needs no shell.
  const keywords = last.map((instruction) => instruction.getKeyword());
  assert.deepEqual(keywords.slice(keywords.indexOf('USER')), ['USER', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD']);
  assert.deepEqual(JSON.parse(find('ENTRYPOINT')[0].getArgumentsContent()), ['/usr/local/bin/proofmintd']);
  assert.deepEqual(JSON.parse(find('CMD')[0].getArgumentsContent()), ['--listen=unix:///run/proofmint/proofmintd.sock']);
  const check = find('HEALTHCHECK')[0].getRawArgumentsContent();
  assert.deepEqual(JSON.parse(check.slice(check.indexOf('['))), ['/usr/local/bin/proofmint', 'health']);
});

// Returns the packages that contain the files. dpkg knows a file by the path in its package, with or without /usr.
function packagesOf(files) {
  const forms = (file) =>
    [file, realpathSync(file)].flatMap((path) => [path, `/usr${path}`, path.replace(/^\/usr/, '')]);
  // dpkg exits with 1, since it does not know both paths of a file.
  const { stdout } = spawnSync('dpkg-query', ['-S', ...new Set(files.flatMap(forms))], { encoding: 'utf8' });
  const known = new Map(
    stdout.trim().split('\n').map((line) => [line.slice(line.indexOf(' ') + 1), line.split(':')[0]]));
  return files.map((file) => {
    const name = forms(file).map((path) => known.get(path)).find(Boolean);
    assert.ok(name, `${file}: got no package that has it`);
    return name;
  });
}

test('the packages are those of the libraries that the programs load, no more and no fewer', () => {
  const files = new Set(['proofmintd', 'proofmint'].flatMap((name) =>
    run('ldd', [programPath(name)]).split('\n').map((line) => /=> (\/\S+)/.exec(line)?.[1]).filter(Boolean)));
  assert.ok(files.size > 10);
  const want = [...new Set(packagesOf([...files]))].sort();
  const install = find('RUN').map((instruction) => instruction.getRawArgumentsContent()).join('\n');
  const got = /--no-install-recommends([^&]*)&&/.exec(install)[1].split(/[\s\\]+/).filter(Boolean);
  assert.deepEqual(got, want);
});
