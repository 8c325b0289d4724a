// Shows what `proofmint doctor` says of a healthy connection to a real identity provider or, with --broken, of three that
// are not: node show_doctor.mjs --target=unix:///PATH [--broken]. Exits with an error if a report is not what it should be.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { runCommand, withFile } from './doctor.mjs';
import { startIdentityProvider } from './identity_provider.mjs';

const LINE_WIDTH = 118;

// Returns the report's lines.
async function examine(idp, target, secret = idp.client.client_secret) {
  const { exit, stdout } = await withFile(secret, (file) => runCommand(['doctor', idp.issuer, '--client_id=broker',
    `--client_secret_file=${file}`, '--grant=client_credentials', '--allow_insecure_loopback', `--target=${target}`]));
  return { exit, lines: stdout.trimEnd().split('\n') };
}

function show(lines) {
  for (const line of lines) console.log(`  ${line.length > LINE_WIDTH ? `${line.slice(0, LINE_WIDTH)}…` : line}`);
}

// Shows the checks that are neither ok nor skipped, with what to do.
function showFindings(title, { exit, lines }, id) {
  console.log(`  ${title}: exit code ${exit}`);
  const end = lines.findIndex((line) => line.startsWith('log record'));
  const findings = lines.slice(0, end < 0 ? undefined : end).filter((line) => !/^(ok|skip) /.test(line));
  show(findings);
  assert.match(findings[0], new RegExp(`^(fail|unknown) +${id} `));
  assert.equal(findings.length, 3, 'want one finding: found, want, do');
}

async function showHealthy(target) {
  const idp = await startIdentityProvider();
  try {
    console.log('  $ proofmint doctor ISSUER --client_id=broker --client_secret_file=FILE --grant=client_credentials');
    const { exit, lines } = await examine(idp, target);
    show(lines);
    assert.equal(exit, 0);
  } finally {
    await idp.stop();
  }
}

async function showBroken(target) {
  const idp = await startIdentityProvider();
  const rsaOnly = await startIdentityProvider({ algorithms: ['RS256'] });
  try {
    showFindings('a wrong client secret', await examine(idp, target, 'not-the-secret'), 'token.client');
    showFindings('a provider that takes RS256 alone', await examine(rsaOnly, target), 'discovery.algorithms');
    showFindings('no signer', await examine(idp, `unix:${join(tmpdir(), 'no-such.sock')}`), 'signer.reachable');
  } finally {
    await idp.stop();
    await rsaOnly.stop();
  }
}

const { values: { target, broken } } = parseArgs({ options: { target: { type: 'string' }, broken: { type: 'boolean' } } });
await (broken ? showBroken(target) : showHealthy(target));
