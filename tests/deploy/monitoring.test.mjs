// Tests that the alerts and the dashboard are well-formed and use metrics and labels that exist, and that each alert
// fires when it should and only then.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { FIRES, promtoolTests } from './alert_scenarios.mjs';
import { makeCertificates } from './certificates.mjs';
import { withDaemon, withDirectory } from './daemon.mjs';
import { programPath, read, root, run } from './repository.mjs';
import { parseDocuments } from './yaml.mjs';

const ALERTS = 'deploy/prometheus/alerts.yaml';
const DASHBOARD = 'deploy/grafana/dashboard.json';

const rules = parseDocuments(read(ALERTS))[0].groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read(DASHBOARD));
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const dashboardExpressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const expressions = [...rules.map(({ expr }) => expr), ...dashboardExpressions];

function promtool(...args) {
  const path = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'proofmint/promtool');
  if (!existsSync(path)) throw new Error('promtool is missing: run scripts/setup');
  return run(path, args);
}

// Returns the selectors of an expression: {name, matchers: [[label, operator, value]…]}.
function selectorsOf(expression) {
  // Removes ranges, and the lists of labels of aggregations and matching.
  const text = expression.replace(/\[[^\]]*\]|\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  return [...text.matchAll(/\b([a-z_]\w*)\b(?:\s*\{([^}]*)\})?(?!\s*\()/g)]
    .filter(([, name]) => !['and', 'or', 'unless'].includes(name))
    .map(([, name, braces = '']) => ({
      name,
      matchers: [...braces.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map((match) => match.slice(1)),
    }));
}

test('the selectors of an expression are found', () => {
  const expression =
    'sum by (le) (rate(one_total{a="x|y", b!~"z"}[5m])) / on (job) group_left () (two - time()) > 7 and x3';
  const found = selectorsOf(expression);
  assert.deepEqual(found, [
    { name: 'one_total', matchers: [['a', '=', 'x|y'], ['b', '!~', 'z']] },
    { name: 'two', matchers: [] },
    { name: 'x3', matchers: [] },
  ]);
});

test('the rules and the expressions of the dashboard are well-formed', () => withDirectory((directory) => {
  promtool('check', 'rules', join(root, ALERTS));
  // JSON is valid YAML; these values replace Grafana's variables.
  const substituted = dashboardExpressions.map((expr, i) =>
    ({ record: `panel:${i}`, expr: expr.replaceAll('$__rate_interval', '5m') }));
  const file = join(directory, 'dashboard.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: substituted }] }));
  promtool('check', 'rules', file);
}));

test('each alert fires when it should and only then', () => withDirectory((directory) => {
  const alerts = rules.map(({ alert, labels }) => ({ name: alert, severity: labels.severity }));
  assert.deepEqual(alerts.map(({ name }) => name).sort(), Object.keys(FIRES).sort());
  const file = join(directory, 'test.yaml');
  const tests = { rule_files: [join(root, ALERTS)], evaluation_interval: '1m', tests: promtoolTests(alerts) };
  writeFileSync(file, JSON.stringify(tests));
  promtool('test', 'rules', file);
}));

test('every alert says how urgent it is and what is wrong', () => {
  for (const { alert, labels, annotations } of rules) {
    assert.ok(['page', 'ticket'].includes(labels.severity), alert);
    assert.ok(annotations.summary.startsWith('{{ $labels.instance }}: '), alert);
  }
});

// Maps the constants of metrics.h to metric names as Prometheus stores them.
function definedMetrics() {
  const constants = read('signer/service/metrics/metrics.h').matchAll(/inline constexpr char k\w+\[\] =\s*"([a-z_]+)"/g);
  const names = [...constants].map(([, name]) => name);
  assert.ok(names.length > 8);
  return new Set(names);
}

test('every metric is one that the daemon defines, and the dashboard shows them all', () => {
  const defined = definedMetrics();
  const base = (name) => (defined.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ''));
  const used = (list) => new Set(list.flatMap(selectorsOf).map(({ name }) => base(name)));
  const unknown = [...used(expressions)].filter((name) => name !== 'up' && !defined.has(name));
  assert.deepEqual(unknown, []);
  const shown = used(dashboardExpressions);
  assert.deepEqual([...defined].filter((name) => !shown.has(name)), []);
});

// Returns what a daemon with every feature enabled exports: for each metric its labels and their values.
async function exportedSeries() {
  let series;
  await withDirectory(async (directory) => {
    const tls = join(directory, 'tls');
    mkdirSync(tls);
    makeCertificates(tls, { server: 'IP:127.0.0.1', client: 'URI:spiffe://test.example/broker' });
    await withDaemon([
      programPath('proofmintd'), '--listen=127.0.0.1:0', '--metrics_listen=127.0.0.1:0',
      `--tls_certificate=${tls}/tls.crt`, `--tls_key=${tls}/tls.key`, `--tls_client_ca=${tls}/ca.crt`,
      '--allowed_sans=spiffe://test.example/broker', '--audit_log=-', '--lame_duck=0s',
    ], async (_, { metrics }) => {
      const response = await fetch(`http://${metrics}/metrics`);
      assert.equal(response.status, 200);
      const lines = [...(await response.text()).matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)];
      series = lines.map(([, name, labels = '']) => ({
        name, labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map((match) => match.slice(1))),
      }));
    });
  });
  return series;
}

test('every series that is queried is exported, from the first scrape on', async () => {
  const series = await exportedSeries();
  // Prometheus adds these labels itself, or Grafana's variables stand for them.
  const ours = ([label, , value]) => !['job', 'instance'].includes(label) && !value.startsWith('$');
  const matches = (labels) => ([label, operator, value]) => {
    if (!Object.hasOwn(labels, label)) return false;
    const holds = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(labels[label]) : labels[label] === value;
    return holds !== operator.startsWith('!');
  };
  for (const { name, matchers } of expressions.flatMap(selectorsOf)) {
    if (name === 'up') continue;
    const found = series.some((one) => one.name === name && matchers.filter(ours).every(matches(one.labels)));
    assert.ok(found, `${name} ${JSON.stringify(matchers)}: got no such series`);
  }
});

test('the dashboard has the form that Grafana imports', () => {
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title), [
    'Traffic', 'Latency: queue and execution', 'Errors', 'Pool of ready keys', 'Resources', 'Security',
  ]);
  const taken = new Set();
  for (const { title, gridPos: { x, y, w, h } } of dashboard.panels) {
    assert.ok(x >= 0 && x + w <= 24, title);
    for (let column = x; column < x + w; ++column) {
      for (let line = y; line < y + h; ++line) {
        assert.ok(!taken.has(`${column},${line}`), `${title}: got a place that another panel has`);
        taken.add(`${column},${line}`);
      }
    }
  }
  for (const { title, datasource, targets } of panels) {
    for (const source of [datasource, ...targets.map((target) => target.datasource)]) {
      assert.deepEqual(source, { type: 'prometheus', uid: '${datasource}' }, title);
    }
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
  }
  const variables = new Set(dashboard.templating.list.map(({ name }) => name));
  for (const [, name] of JSON.stringify(panels).matchAll(/\$\{?([a-z]\w*)/g)) assert.ok(variables.has(name), name);
});
