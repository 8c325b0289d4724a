// Tests that the verifier on OpenSSL rejects each way of corrupting a proof, for the right reason.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { useDaemon } from './fixture.mjs';
import { runProgram } from './programs.mjs';
import { ALGORITHMS } from './verify_proof.mjs';

const REQUEST = { htm: 'POST', htu: 'https://idp.example/token', nonce: 'nonce' };

const fixture = useDaemon();

function verify(...lines) {
  return runProgram('openssl_verify', [], lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

// Decodes one of the three parts of the proof, passes it to `change`, and replaces it with the result.
function spoil(line, part, change) {
  const parts = line.proof.split('.');
  parts[part] = change(Buffer.from(parts[part], 'base64url')).toString('base64url');
  return { ...line, proof: parts.join('.') };
}

function spoilJson(line, part, change) {
  return spoil(line, part, (bytes) => {
    const json = JSON.parse(bytes);
    change(json);
    return Buffer.from(JSON.stringify(json));
  });
}

function flipBit(bytes) {
  bytes[40] ^= 1;
  return bytes;
}

const HEADER = 0;
const CLAIMS = 1;
const SIGNATURE = 2;

for (const alg of ALGORITHMS) {
  test(`${alg}: valid proofs pass, corrupted ones do not`, async () => {
    const mint = async () => {
      const { jwt: proof, jkt, iat } = await fixture.signer.signProof({ ...REQUEST, algorithm: alg });
      return { proof, jkt, iat, ...REQUEST, alg };
    };
    const good = await mint();
    const other = await mint();
    assert.deepEqual({ ...JSON.parse(await verify(good, other)), leading_zero: 0 },
      { verified: 2, failed: 0, leading_zero: 0 });

    const cases = [
      [spoil(good, SIGNATURE, flipBit), /signature: does not verify/],
      [spoil(good, SIGNATURE, (bytes) => bytes.subarray(1)), /signature: want 64 bytes/],
      [{ ...good, proof: `${good.proof}==` }, /signature: not canonical/],
      // The last character of 64 bytes has four unused bits.
      [{ ...good, proof: good.proof.slice(0, -1) + nextCharacter(good.proof.at(-1)) }, /signature: not canonical/],
      [spoilJson(good, CLAIMS, (claims) => { claims.htm = 'GET'; }), /signature: does not verify/],
      [spoilJson(good, HEADER, (header) => { header.typ = 'JWT'; }), /typ: want dpop\+jwt/],
      [spoilJson(good, HEADER, (header) => { header.kid = '1'; }), /header: missing or further members/],
      [spoilJson(good, HEADER, (header) => { header.jwk.d = 'AA'; }), /jwk: missing or further members/],
      [spoilJson(good, HEADER, (header) => { header.jwk.x = header.jwk.x.slice(0, 42); }), /jwk\.x: want canonical/],
      [{ ...good, jkt: other.jkt }, /jkt: differs/],
      [{ ...good, nonce: '' }, /claims: missing or further members/],
      [{ ...good, iat: good.iat + 1 }, /iat: want the line's/],
    ];
    for (const [line, why] of cases) await assert.rejects(verify(line), why);
    await assert.rejects(verify(good, other, good), /line 3: jwk: key seen before/);
    await assert.rejects(verify(), /openssl_verify/); // Empty input must fail.
  });
}

// Returns the character with the next value: another encoding of the same bytes, if the unused bits were ignored.
function nextCharacter(character) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(character) + 1];
}
