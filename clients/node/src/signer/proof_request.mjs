// Checks the argument of signProof. The types alone: the signer checks the values, and says what is wrong with them.
import { createHash } from 'node:crypto';

import { ALGORITHMS, algorithmNumber } from './messages.mjs';

const EMPTY = Buffer.alloc(0);
const IAT_OFFSET_S_AT_MOST = 300;

function checkString(name, value) {
  if (typeof value !== 'string') throw new TypeError(`${name}: want a string`);
  return value;
}

function checkBytes(name, value) {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name}: want a Uint8Array`);
  return value;
}

// Returns the request with its defaults, and its access token hashed. Throws a TypeError that names the member at
// fault.
export function checkRequest({
  algorithm, htm = 'POST', htu, nonce = '', accessToken, keyHandle = EMPTY, returnKeyHandle = false, iatOffset = 0,
}) {
  const number = algorithm === undefined ? 0 : algorithmNumber(algorithm);
  if (number === undefined) throw new TypeError(`algorithm: want one of ${ALGORITHMS.join(', ')}`);
  if (typeof iatOffset !== 'number' || !(Math.abs(iatOffset) <= IAT_OFFSET_S_AT_MOST)) {
    throw new TypeError(`iatOffset: want seconds from -${IAT_OFFSET_S_AT_MOST} to ${IAT_OFFSET_S_AT_MOST}`);
  }
  return {
    algorithm: number,
    htm: checkString('htm', htm),
    htu: checkString('htu', htu),
    nonce: checkString('nonce', nonce),
    accessTokenHash: accessToken === undefined
      ? EMPTY
      : createHash('sha256').update(checkString('accessToken', accessToken)).digest(),
    keyHandle: checkBytes('keyHandle', keyHandle),
    returnKeyHandle: Boolean(returnKeyHandle),
    iatOffset,
  };
}
