// Encodes the requests and decodes the responses of proto/proofmint/v1/proof_signer.proto and of the standard health
// service. Hand-written: they are few and frozen, and generated code would bring a runtime of a dozen packages.
import { Reader, Writer, varintSize } from './wire.mjs';

// The JWS algorithms that a signer may know, and their numbers in the contract.
const ALGORITHM_NUMBERS = new Map([['ES256', 1], ['Ed25519', 2], ['EdDSA', 3]]);

export const ALGORITHMS = [...ALGORITHM_NUMBERS.keys()];

const NANOS_PER_SECOND = 1e9;
// The tag and the ten bytes of a negative number, for seconds and for nanos.
const DURATION_BYTES_AT_MOST = 22;

const fieldSize = (length) => (length === 0 ? 0 : 1 + varintSize(length) + length);

// An encoded request is kept as its parts until a batch leaves, which writes all of them to one buffer.
//
// Returns { size, … } of a SignProofRequest: `size` in bytes is that of the message without its length prefix.
export function measureRequest(request) {
  const htmSize = Buffer.byteLength(request.htm);
  const htuSize = Buffer.byteLength(request.htu);
  const nonceSize = Buffer.byteLength(request.nonce);
  const offset = request.iatOffset === 0 ? undefined : encodeDuration(request.iatOffset);
  const size = (request.algorithm === 0 ? 0 : 2) + fieldSize(htmSize) + fieldSize(htuSize) + fieldSize(nonceSize)
    + fieldSize(request.accessTokenHash.length) + fieldSize(request.keyHandle.length)
    + (request.returnKeyHandle ? 2 : 0) + (offset ? fieldSize(offset.length) : 0);
  return { request, size, htmSize, htuSize, nonceSize, offset };
}

export function algorithmNumber(name) {
  return ALGORITHM_NUMBERS.get(name);
}

// Encodes a google.protobuf.Duration; seconds and nanos have the same sign.
function encodeDuration(seconds) {
  let whole = Math.trunc(seconds);
  let nanos = Math.round((seconds - whole) * NANOS_PER_SECOND);
  if (Math.abs(nanos) === NANOS_PER_SECOND) { // A second is too many for the field.
    whole += Math.sign(nanos);
    nanos = 0;
  }
  const writer = new Writer(DURATION_BYTES_AT_MOST);
  for (const [field, value] of [[1, whole], [2, nanos]]) {
    if (value === 0) continue;
    writer.varintTag(field);
    writer.signedVarint(value);
  }
  return writer.buffer.subarray(0, writer.position);
}

function writeRequest(writer, { request, htmSize, htuSize, nonceSize, offset }) {
  if (request.algorithm !== 0) {
    writer.varintTag(1);
    writer.varint(request.algorithm);
  }
  if (htmSize > 0) writer.string(2, request.htm, htmSize);
  if (htuSize > 0) writer.string(3, request.htu, htuSize);
  if (nonceSize > 0) writer.string(4, request.nonce, nonceSize);
  if (request.accessTokenHash.length > 0) writer.bytes(5, request.accessTokenHash);
  if (request.keyHandle.length > 0) writer.bytes(6, request.keyHandle);
  if (request.returnKeyHandle) {
    writer.varintTag(7);
    writer.varint(1);
  }
  if (offset) writer.bytes(8, offset);
}

// Encodes a BatchSignProofsRequest of measured requests, after `headroom` bytes for the caller to fill.
export function encodeBatch(measured, headroom) {
  let size = headroom;
  for (const item of measured) size += 1 + varintSize(item.size) + item.size;
  const writer = new Writer(size);
  writer.position = headroom;
  for (const item of measured) {
    writer.lengthTag(1, item.size);
    writeRequest(writer, item);
  }
  return writer.buffer;
}

function readProof(reader) {
  const proof = { jwt: '', jkt: '', iat: 0, keyHandle: undefined };
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    switch (field) {
      case 1: proof.jwt = reader.ascii(); break;
      case 2: proof.jkt = reader.ascii(); break;
      case 3: proof.keyHandle = reader.bytes(); break;
      case 4: proof.iat = reader.signedVarint(); break;
      default: reader.skip();
    }
  }
  return proof;
}

// Decodes a BatchSignProofsResponse. Each result is { proof } or { error }, an error as decodeStatus returns it, or {}
// if the server set neither. Throws a RangeError if the bytes are not such a message.
export function decodeBatchResponse(bytes) {
  const reader = new Reader(bytes);
  const results = [];
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) results.push(readResult(reader.message()));
    else reader.skip();
  }
  return results;
}

function readResult(reader) {
  const result = { proof: undefined, error: undefined };
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    switch (field) {
      case 1: result.proof = readProof(reader.message()); break;
      case 2: result.error = readStatus(reader.message()); break;
      default: reader.skip();
    }
  }
  return result;
}

// Decodes a google.rpc.Status: { code, message, reason, field, retryAfterMs }, the last three from its details
// ErrorInfo, BadRequest and RetryInfo, and undefined without them. Throws a RangeError if the bytes are not such a
// message.
export function decodeStatus(bytes) {
  return readStatus(new Reader(bytes));
}

function readStatus(reader) {
  const status = { code: 0, message: '', reason: undefined, field: undefined, retryAfterMs: undefined };
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    switch (field) {
      case 1: status.code = reader.signedVarint(); break;
      case 2: status.message = reader.string(); break;
      case 3: readDetail(reader.message(), status); break;
      default: reader.skip();
    }
  }
  return status;
}

// Reads a google.protobuf.Any into `status`, if it is of a type that a caller needs.
function readDetail(reader, status) {
  let type = '';
  let value;
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    switch (field) {
      case 1: type = reader.string(); break;
      case 2: value = reader.message(); break;
      default: reader.skip();
    }
  }
  if (!value) return;
  switch (type.slice(type.lastIndexOf('/') + 1)) {
    case 'google.rpc.ErrorInfo': status.reason = firstField(value, (reason) => reason.string()); break;
    case 'google.rpc.RetryInfo':
      status.retryAfterMs = firstField(value, (delay) => readDuration(delay.message()) * 1000);
      break;
    case 'google.rpc.BadRequest':
      status.field = firstField(value, (violation) => firstField(violation.message(), (name) => name.string()));
      break;
    default:
  }
}

// Returns what `read` makes of the first field 1 of a message; undefined if there is none.
function firstField(reader, read) {
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    if (field === 1) return read(reader);
    reader.skip();
  }
  return undefined;
}

// Returns a google.protobuf.Duration in seconds.
function readDuration(reader) {
  let seconds = 0;
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    switch (field) {
      case 1: seconds += reader.signedVarint(); break;
      case 2: seconds += reader.signedVarint() / NANOS_PER_SECOND; break;
      default: reader.skip();
    }
  }
  return seconds;
}

// Decodes a GetCapabilitiesResponse. Throws a RangeError if the bytes are not such a message.
export function decodeCapabilities(bytes) {
  const reader = new Reader(bytes);
  const capabilities = { algorithms: [], maxBatchSize: 0, maxIatOffset: 0, version: '', kernel: '' };
  for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
    switch (field) {
      case 1: capabilities.algorithms.push(reader.string()); break;
      case 2: capabilities.maxBatchSize = reader.varint(); break;
      case 3: capabilities.maxIatOffset = readDuration(reader.message()); break;
      case 4: capabilities.version = reader.string(); break;
      case 5: capabilities.kernel = reader.string(); break;
      default: reader.skip();
    }
  }
  return capabilities;
}

// Encodes a grpc.health.v1.HealthCheckRequest, after `headroom` bytes for the caller to fill.
export function encodeHealthRequest(service, headroom) {
  const length = Buffer.byteLength(service);
  const writer = new Writer(headroom + fieldSize(length));
  writer.position = headroom;
  writer.string(1, service, length);
  return writer.buffer;
}

// Returns whether a grpc.health.v1.HealthCheckResponse says SERVING.
export function decodesAsServing(bytes) {
  return firstField(new Reader(bytes), (status) => status.varint()) === 1;
}
