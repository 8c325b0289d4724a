// Tests thousands of proofs of each algorithm; each is verified twice: by jose here, and by a program that uses OpenSSL.
// Only many proofs show a coordinate that begins with zero bytes, or a key or an identifier that is used again.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { useDaemon } from './fixture.mjs';
import { runProgram } from './programs.mjs';
import { ALGORITHMS, decodeBase64url, verifyProof } from './verify_proof.mjs';

// Each curve gets 4,000 coordinates: two of each key of P-256, and one of each key of Ed25519, which two algorithms share. Of so
// many none begins with a zero byte once in six million runs.
const COUNT = process.env.PROOFMINT_LONG_TESTS ? 10_000 : 2_000;
const BATCH = 256;
const CHUNK = 100; // So many concurrent verifications keep WebCrypto's threads busy.
const HTM = 'POST';
const HTU = 'https://idp.example/token';
const NONCE = 'many-proofs_nonce.1';

const fixture = useDaemon();

function mint(alg) {
  return runProgram('proofmint', [
    'sign',
    `--target=${fixture.daemon.unixTarget}`,
    `--algorithm=${alg}`,
    `--htm=${HTM}`,
    `--htu=${HTU}`,
    `--nonce=${NONCE}`,
    `--count=${COUNT}`,
    `--batch=${BATCH}`,
    '--json',
  ]);
}

async function verifyAll(lines, alg) {
  const verified = [];
  for (let i = 0; i < lines.length; i += CHUNK) {
    const chunk = lines.slice(i, i + CHUNK).map(async (line) => {
      const { proof, ...said } = JSON.parse(line);
      assert.deepEqual(Object.keys(said).sort(), ['alg', 'htm', 'htu', 'iat', 'jkt', 'nonce']);
      const expected = { alg, htm: HTM, htu: HTU, nonce: NONCE };
      const { jkt, iat, ...echoed } = said;
      assert.deepEqual(echoed, expected);
      return verifyProof(proof, { ...expected, jkt, iat });
    });
    verified.push(...(await Promise.all(chunk)));
  }
  return verified;
}

const countDifferent = (values) => new Set(values).size;
const leadingZeros = new Map(); // By curve.

for (const alg of ALGORITHMS) {
  test(`${alg}: ${COUNT} proofs`, async () => {
    const earliest = Math.floor(Date.now() / 1000);
    const output = await mint(alg);
    const latest = Math.floor(Date.now() / 1000);
    const lines = output.trimEnd().split('\n');
    assert.equal(lines.length, COUNT);

    const verified = await verifyAll(lines, alg);
    assert.equal(countDifferent(verified.map(({ claims }) => claims.jti)), COUNT);
    assert.equal(countDifferent(verified.map(({ header }) => header.jwk.x)), COUNT);
    for (const { claims } of verified) assert.ok(earliest <= claims.iat && claims.iat <= latest);

    const coordinates = verified.flatMap(({ header: { jwk } }) => (jwk.y ? [jwk.x, jwk.y] : [jwk.x]));
    const leadingZero = coordinates.filter((coordinate) => decodeBase64url(coordinate)[0] === 0).length;
    const curve = verified[0].header.jwk.crv;
    leadingZeros.set(curve, (leadingZeros.get(curve) ?? 0) + leadingZero);

    const opensslSays = JSON.parse(await runProgram('openssl_verify', [], output));
    assert.deepEqual(opensslSays, { verified: COUNT, failed: 0, leading_zero: leadingZero });
  });
}

test('each curve had a coordinate that begins with a zero byte', () => {
  assert.deepEqual([...leadingZeros.keys()].sort(), ['Ed25519', 'P-256']);
  for (const [curve, count] of leadingZeros) assert.ok(count > 0, curve);
});
