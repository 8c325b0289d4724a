// Tests that docs/operations.md and deploy/README.md name things that exist: flags, metrics, reasons, alerts, files,
// headings; and that the links of the pages at the top of the repository work.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { knownFlags, read, root } from './repository.mjs';
import { parseDocuments } from './yaml.mjs';

const PAGE = 'docs/operations.md';
const page = read(PAGE);

// Returns the commands in shell blocks and in backticks that run `program`, each without what it is piped to.
function commandsOf(program) {
  const blocks = page.matchAll(/^ *```sh\n([^]*?)^ *```$/gm);
  const words = page.matchAll(/`([^`\n]+)`/g);
  return [...blocks, ...words]
    .flatMap(([, text]) => text.replaceAll('\\\n', ' ').split(/\n|[|;&>)(]+| -- /))
    .map((command) => command.trim())
    .filter((command) => command.split(' ')[0] === program);
}

test('flags of the daemon exist', () => {
  const known = knownFlags('proofmintd');
  const settings = [...page.matchAll(/PROOFMINTD_FLAGS="(.*)"/g)].map(([, flags]) => flags);
  const lines = [...settings, ...commandsOf('proofmintd')];
  assert.ok(lines.length > 4);
  for (const [flag] of lines.join(' ').matchAll(/--[a-z][a-z_-]*/g)) assert.ok(known.has(flag), flag);
});

test('commands and flags of the CLI exist', () => {
  const commands = commandsOf('proofmint');
  assert.ok(commands.length > 4);
  for (const command of commands) {
    const [, name, next] = command.split(/\s+/);
    if (name === undefined) continue; // This is the project's name, not a command.
    const known = name === 'kek' ? knownFlags('proofmint', name, next) : knownFlags('proofmint', name);
    for (const [flag] of command.replace(/#.*/, '').matchAll(/--[a-z][a-z_-]*/g)) {
      assert.ok(known.has(flag), `${command}: ${flag}`);
    }
  }
});

test('every flag in running text is one of either program', () => {
  const clients = ['health', 'sign'].flatMap((command) => [...knownFlags('proofmint', command)]);
  const known = new Set([...knownFlags('proofmintd'), ...clients]);
  // Flags of our programs have underscores, those of others hyphens.
  for (const [flag] of page.matchAll(/--[a-z]+_[a-z_]+/g)) assert.ok(known.has(flag), flag);
});

test('metrics exist', () => {
  const defined = read('signer/service/metrics/metrics.h');
  const names = [...page.matchAll(/\bproofmint_[a-z_]+/g)].map(([name]) => name);
  assert.ok(names.length > 5);
  for (const name of names) assert.ok(defined.includes(`"${name}"`), name);
});

test('each alert has a section that begins with how urgent it is', () => {
  const headings = page.matchAll(/^### (Proofmint\w+)\n\*(page|ticket)\.\*/gm);
  const sections = [...headings].map(([, name, severity]) => `${name} ${severity}`);
  const alerts = parseDocuments(read('deploy/prometheus/alerts.yaml'))[0].groups.flatMap(({ rules }) => rules);
  assert.deepEqual(sections.sort(), alerts.map(({ alert, labels }) => `${alert} ${labels.severity}`).sort());
});

test('the table of reasons has every reason of the service', () => {
  const constants = /^inline constexpr absl::string_view k\w+ =\s*"([A-Z][A-Z0-9_]+)";/gm;
  const defined = [...read('signer/service/contract/errors.h').matchAll(constants)].map(([, reason]) => reason);
  assert.ok(defined.length > 10);
  const table = page.slice(page.indexOf('### By reason'), page.indexOf('### No connection'));
  const cells = [...table.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell);
  assert.deepEqual(cells.join(' ').match(/[A-Z][A-Z0-9_]+/g).sort(), defined.sort());
});

const anchorOf = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');

// Maps each page to a number of links that it exceeds, so that a test that finds no link fails.
const LINKED = {
  [PAGE]: 3, 'deploy/README.md': 3, 'README.md': 10, 'CONTRIBUTING.md': 2, 'SECURITY.md': 3, 'docs/architecture.md': 1,
  'docs/troubleshooting.md': 2, 'docs/write-a-client.md': 8, 'clients/python/README.md': 0,
};
for (const [path, fewer] of Object.entries(LINKED)) {
  test(`${path}: links lead somewhere`, () => {
    const text = read(path).replace(/^```[^]*?^```$/gm, ''); // Code is not links: [&](const auto& attempt)
    const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)
      .filter((link) => !link.startsWith('https://'));
    assert.ok(links.length > fewer);
    for (const link of links) {
      const [file, anchor] = link.split('#');
      const target = file ? join(dirname(path), file) : path;
      assert.ok(existsSync(join(root, target)), link);
      if (!anchor) continue;
      assert.ok([...read(target).matchAll(/^#+ (.+)$/gm)].some(([, heading]) => anchorOf(heading) === anchor), link);
    }
  });
}

for (const path of [PAGE, 'deploy/README.md']) {
  test(`${path}: files of the repository that are named exist`, () => {
    for (const [file] of read(path).matchAll(/\b(?:deploy|docs|scripts)\/[\w./-]*\w/g)) {
      assert.ok(existsSync(join(root, file)), file);
    }
  });
}

test('docs/architecture.md: files of signer/ that are named exist', () => {
  const files = [...read('docs/architecture.md').matchAll(/(?<![\w/])(?:[a-z]+\/)+\w+\.(?:h|cc)\b/g)].map(([file]) => file);
  assert.ok(files.length > 20);
  for (const file of files) assert.ok(existsSync(join(root, 'signer', file)), file);
});
