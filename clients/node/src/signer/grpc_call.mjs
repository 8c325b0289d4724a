// Speaks gRPC over a stream of node:http2: a unary call is one request whose body and response are a message behind
// five bytes, and whose trailers are its status (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
import http2 from 'node:http2';

import { SignerError, errorOfStatus } from './errors.mjs';
import { decodeStatus, decodesAsServing } from './messages.mjs';

// The bytes before each message: whether it is compressed, and its length.
export const MESSAGE_HEADER_BYTES = 5;

const MESSAGE_BYTES_AT_MOST = 4 << 20;
const TIMEOUT_MS_AT_MOST = 99_999_999; // Eight digits.
const OK = '0';
const UNIMPLEMENTED = '12';

const { NGHTTP2_CANCEL } = http2.constants;

// Starts a call on an HTTP/2 session and returns its stream. `frame` is the request's message, with
// MESSAGE_HEADER_BYTES bytes before it that are filled here.
export function startCall(session, path, frame, timeoutMs) {
  frame[0] = 0; // Not compressed.
  frame.writeUInt32BE(frame.length - MESSAGE_HEADER_BYTES, 1);
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  if (timeoutMs !== undefined) {
    headers['grpc-timeout'] = `${Math.min(TIMEOUT_MS_AT_MOST, Math.max(1, Math.ceil(timeoutMs)))}m`;
  }
  const stream = session.request(headers);
  stream.end(frame);
  return stream;
}

// Returns the message of a unary response, or undefined if it is not exactly one, uncompressed.
function onlyMessage(chunks) {
  const frame = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
  if (frame.length < MESSAGE_HEADER_BYTES || frame[0] !== 0) return undefined;
  if (frame.readUInt32BE(1) !== frame.length - MESSAGE_HEADER_BYTES) return undefined;
  return frame.subarray(MESSAGE_HEADER_BYTES);
}

// Returns the error that trailers, or the headers of a response without a body, report; undefined for OK.
function errorOfTrailers(headers) {
  if (headers['grpc-status'] === OK) return undefined;
  const code = Number(headers['grpc-status']);
  const details = decodeDetails(headers['grpc-status-details-bin']);
  return errorOfStatus({ ...details, code, message: details.message || decodeMessage(headers['grpc-message']) });
}

// Returns {} if there are no details that can be read.
function decodeDetails(text) {
  if (typeof text !== 'string') return {};
  try {
    return decodeStatus(Buffer.from(text, 'base64'));
  } catch {
    return {};
  }
}

// Decodes a grpc-message, which is percent-encoded UTF-8.
function decodeMessage(text = '') {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// UnaryCall collects the response of one call and reports it once.
export class UnaryCall {
  #done;
  #chunks = [];
  #size = 0;
  #status;
  #failure;

  // Calls done(error) or done(undefined, message), never before it returns.
  constructor(stream, done) {
    this.#done = done;
    stream.on('response', (headers) => this.#onResponse(headers));
    stream.on('data', (chunk) => this.#onData(stream, chunk));
    stream.on('trailers', (trailers) => { this.#status = trailers; });
    stream.on('error', (error) => { this.#failure = error; });
    stream.on('close', () => this.#onClose());
  }

  #onResponse(headers) {
    if (headers[':status'] !== 200) {
      this.#failure = new Error(`HTTP status ${headers[':status']}, want a gRPC server`);
    } else if (headers['grpc-status'] !== undefined) {
      this.#status = headers;
    }
  }

  #onData(stream, chunk) {
    this.#size += chunk.length;
    this.#chunks.push(chunk);
    if (this.#size > MESSAGE_BYTES_AT_MOST) stream.close(NGHTTP2_CANCEL);
  }

  #onClose() {
    const done = this.#done;
    const chunks = this.#chunks;
    // Node keeps a closed stream until the next full garbage collection; what the call was about must not stay with it.
    this.#done = undefined;
    this.#chunks = undefined;
    const error = this.#error();
    const message = error ? undefined : onlyMessage(chunks);
    if (message) done(undefined, message);
    else done(error ?? new SignerError('INTERNAL', 'signer: malformed response'));
  }

  #error() {
    if (this.#status?.['grpc-status'] !== undefined) return errorOfTrailers(this.#status);
    return new SignerError('UNAVAILABLE', 'the connection to the signer was lost', { cause: this.#failure });
  }
}

// HealthWatch tells whether the signer at the other end says that it serves.
export class HealthWatch {
  #buffer = Buffer.alloc(0);

  // Calls onServing(boolean) for every change, and onEnd(supported) when there will be no more.
  constructor(stream, onServing, onEnd) {
    let supported = true;
    const read = (headers) => { supported &&= headers['grpc-status'] !== UNIMPLEMENTED; };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('data', (chunk) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      for (let message = this.#next(); message; message = this.#next()) onServing(decodesAsServing(message));
    });
    stream.on('error', () => {}); // "close" follows.
    stream.on('close', () => onEnd(supported));
  }

  #next() {
    if (this.#buffer.length < MESSAGE_HEADER_BYTES) return undefined;
    const end = MESSAGE_HEADER_BYTES + this.#buffer.readUInt32BE(1);
    if (this.#buffer.length < end) return undefined;
    const message = this.#buffer.subarray(MESSAGE_HEADER_BYTES, end);
    this.#buffer = this.#buffer.subarray(end);
    return message;
  }
}
