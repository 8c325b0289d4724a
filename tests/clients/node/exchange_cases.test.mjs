// Runs the cases that every implementation of the exchange has to pass: tests/exchange/README.md describes their
// format. A section or a member that this test does not know is an error, so that no case is passed by ignoring a part
// of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as SECTIONS from './case_sections.mjs';

const FILE = new URL('../../exchange/exchange_cases.json', import.meta.url);

const { format, ...sections } = JSON.parse(readFileSync(FILE));

test('the file has one format and no id twice', () => {
  assert.equal(format, 1);
  const ids = Object.values(sections).flat().map(({ id }) => id);
  assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), []);
});

for (const [name, cases] of Object.entries(sections)) {
  test(name, async (context) => {
    assert.ok(cases.length === 0 || Object.hasOwn(SECTIONS, name), 'unknown section');
    for (const { id, rows, shows, ...given } of cases) {
      await context.test(`${id}: ${shows}`, () => {
        assert.ok(rows.length > 0);
        SECTIONS[name](given);
      });
    }
  });
}
