// Tests the hand-written messages against protobufjs, which reads the .proto files themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  algorithmNumber, decodeBatchResponse, decodeCapabilities, decodeStatus, decodesAsServing, encodeBatch,
  encodeHealthRequest, measureRequest,
} from '../../../clients/node/src/signer/messages.mjs';
import { Writer, varintSize } from '../../../clients/node/src/signer/wire.mjs';
import { definitions } from '../../e2e/contract.mjs';

const HEADROOM = 5;
const EMPTY = Buffer.alloc(0);
const NOTHING = {
  algorithm: 0, htm: '', htu: '', nonce: '', accessTokenHash: EMPTY, keyHandle: EMPTY, returnKeyHandle: false,
  iatOffset: 0,
};

const typeOf = (name) => definitions[name];
const serialize = (name, message) => typeOf('proofmint.v1.ProofSigner')[name].responseSerialize(message);

function parseRequests(requests) {
  const frame = encodeBatch(requests.map((request) => measureRequest({ ...NOTHING, ...request })), HEADROOM);
  return typeOf('proofmint.v1.ProofSigner').BatchSignProofs.requestDeserialize(frame.subarray(HEADROOM)).requests;
}

test('a request is encoded as protobufjs decodes it', () => {
  const full = {
    algorithm: algorithmNumber('EdDSA'), htm: 'POST', htu: `https://idp.example/${'a'.repeat(2000)}`,
    nonce: 'n'.repeat(1536), accessTokenHash: Buffer.alloc(32, 0xab), keyHandle: Buffer.alloc(78, 0xcd),
    returnKeyHandle: true, iatOffset: 299.25,
  };
  const [got, empty] = parseRequests([full, {}]);
  assert.deepEqual(got, {
    algorithm: 'ALGORITHM_EDDSA', htm: full.htm, htu: full.htu, nonce: full.nonce,
    access_token_sha256: full.accessTokenHash,
    key_handle: full.keyHandle, return_key_handle: true, iat_offset: { seconds: 299, nanos: 250000000 },
  });
  assert.deepEqual(empty, {
    algorithm: 'ALGORITHM_UNSPECIFIED', htm: '', htu: '', nonce: '', access_token_sha256: EMPTY, key_handle: EMPTY,
    return_key_handle: false, iat_offset: null,
  });
});

test('durations and text that is not ASCII are encoded', () => {
  for (const [offset, seconds, nanos] of [
    [-300, -300, 0], [-0.5, 0, -500000000], [1e-9, 0, 1], [-1.75, -1, -750000000],
    [0.9999999999, 1, 0], [-299.9999999999, -300, 0],
  ]) {
    assert.deepEqual(parseRequests([{ iatOffset: offset }])[0].iat_offset, { seconds, nanos });
  }
  assert.equal(parseRequests([{ htu: 'https://é.example/€😀' }])[0].htu, 'https://é.example/€😀');
});

test('varints of every size have the size that is calculated', () => {
  for (let bits = 0; bits <= 53; bits++) {
    for (const value of [2 ** bits - 1, 2 ** bits].filter(Number.isSafeInteger)) {
      const writer = new Writer(10);
      writer.varint(value);
      assert.equal(writer.position, varintSize(value), `${value}`);
    }
  }
});

const any = (type, message) => ({
  type_url: `type.googleapis.com/${type}`, value: typeOf(type).serialize(message),
});

const FAILURE = {
  code: 14,
  message: 'é: failed',
  details: [
    any('google.rpc.ErrorInfo', { reason: 'OVERLOADED', domain: 'proofmint', metadata: { a: 'b' } }),
    { type_url: 'type.googleapis.com/unknown.Type', value: Buffer.from([0xff]) },
    any('google.rpc.RetryInfo', { retry_delay: { seconds: 1, nanos: 250000000 } }),
    any('google.rpc.BadRequest', {
      field_violations: [{ field: 'requests[3].htu', description: 'bad' }, { field: 'x' }],
    }),
  ],
};
const DECODED = { code: 14, message: 'é: failed', reason: 'OVERLOADED', field: 'requests[3].htu', retryAfterMs: 1250 };

const RESPONSE = serialize('BatchSignProofs', {
  results: [
    { proof: { proof: 'a.b.c', jkt: 'thumbprint', key_handle: Buffer.from('handle'), iat: 1767323045 } },
    { error: FAILURE },
    { proof: { proof: 'd.e.f', jkt: 'other', iat: -5 } },
    {},
  ],
});

test('a response is decoded as protobufjs encodes it', () => {
  assert.deepEqual(decodeBatchResponse(RESPONSE), [
    { proof: { jwt: 'a.b.c', jkt: 'thumbprint', keyHandle: Buffer.from('handle'), iat: 1767323045 }, error: undefined },
    { proof: undefined, error: DECODED },
    { proof: { jwt: 'd.e.f', jkt: 'other', keyHandle: undefined, iat: -5 }, error: undefined },
    { proof: undefined, error: undefined },
  ]);
  assert.deepEqual(decodeStatus(typeOf('google.rpc.Status').serialize(FAILURE)), DECODED);
  const capabilities = serialize('GetCapabilities', {
    dpop_signing_alg_values: ['ES256', 'EdDSA'], max_batch_size: 256, max_iat_offset: { seconds: 300 },
    version: '0.1.0', kernel: 'avx2',
  });
  assert.deepEqual(decodeCapabilities(capabilities), {
    algorithms: ['ES256', 'EdDSA'], maxBatchSize: 256, maxIatOffset: 300, version: '0.1.0', kernel: 'avx2',
  });
});

test('health is read', () => {
  assert.deepEqual(encodeHealthRequest('abc', 0), Buffer.from([0x0a, 3, 0x61, 0x62, 0x63]));
  assert.equal(decodesAsServing(Buffer.from([0x08, 1])), true);
  for (const other of [[], [0x08, 0], [0x08, 2], [0x08, 3]]) assert.equal(decodesAsServing(Buffer.from(other)), false);
});

test('bytes that are no message throw a RangeError or are read within bounds', () => {
  for (let size = 0; size < RESPONSE.length; size++) {
    try {
      decodeBatchResponse(RESPONSE.subarray(0, size));
    } catch (error) {
      assert.ok(error instanceof RangeError, error);
    }
  }
  // Every byte is changed once to each of some values, tags and lengths among them.
  for (let i = 0; i < RESPONSE.length; i++) {
    for (const value of [0x00, 0x05, 0x0b, 0x7f, 0x80, 0xff]) {
      const changed = Buffer.from(RESPONSE);
      changed[i] = value;
      try {
        decodeBatchResponse(changed);
      } catch (error) {
        assert.ok(error instanceof RangeError, error);
      }
    }
  }
});
