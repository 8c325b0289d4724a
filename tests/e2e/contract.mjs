// Calls the signer by its contract alone: a stub that is generated from our .proto files at load time. Brokers use the
// package of clients/node.
import { fileURLToPath } from 'node:url';

import { credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const DEADLINE_MS = 10_000;

export const definitions = loadSync(
  ['proofmint/v1/proof_signer.proto', 'google/rpc/error_details.proto', 'google/rpc/status.proto'],
  {
    includeDirs: [fileURLToPath(new URL('../../proto', import.meta.url))],
    keepCase: true,
    longs: Number, // iat, in seconds, is far below 2^53.
    enums: String,
    bytes: Buffer,
    defaults: true,
    oneofs: true,
  },
);

const { ProofSigner } = loadPackageDefinition(definitions).proofmint.v1;

export class SignerStub {
  #stub;

  constructor(target) {
    this.#stub = new ProofSigner(target, credentials.createInsecure());
  }

  signProof(request) {
    return this.#call('SignProof', request);
  }

  batchSignProofs(request) {
    return this.#call('BatchSignProofs', request);
  }

  getCapabilities(request = {}) {
    return this.#call('GetCapabilities', request);
  }

  close() {
    this.#stub.close();
  }

  #call(method, request) {
    const options = { deadline: Date.now() + DEADLINE_MS };
    return new Promise((resolve, reject) => {
      this.#stub[method](request, options, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}

// Returns the google.rpc.Status from the trailers of a failed call, in readable form.
export function decodeError(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (!bytes) throw new Error(`no grpc-status-details-bin in: ${error.message}`, { cause: error });
  const decoded = decodeStatus(definitions['google.rpc.Status'].deserialize(bytes));
  if (decoded.code !== status[error.code]) {
    throw new Error(`details say ${decoded.code}, the call ${status[error.code]}`, { cause: error });
  }
  return decoded;
}

// Converts a google.rpc.Status to an object with its details by their short names:
// { code: 'INVALID_ARGUMENT', message, ErrorInfo: {…}, BadRequest: {…} }.
export function decodeStatus({ code, message, details }) {
  const decoded = { code: status[code], message };
  for (const { type_url: url, value } of details) {
    const type = url.slice(url.lastIndexOf('/') + 1);
    if (!definitions[type]) throw new Error(`details: got ${url}, want a type of google/rpc/error_details.proto`);
    decoded[type.slice(type.lastIndexOf('.') + 1)] = definitions[type].deserialize(value);
  }
  return decoded;
}
