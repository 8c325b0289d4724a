// Serves a signer that answers what a test says, for what proofmintd itself never does.
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const definitions = loadSync([
  'proofmint/v1/proof_signer.proto', 'google/rpc/error_details.proto', 'grpc/health/v1/health.proto',
], {
  includeDirs: [fileURLToPath(new URL('../../proto', import.meta.url))],
  keepCase: true, enums: String, bytes: Buffer, defaults: true, oneofs: true,
});
const packages = loadPackageDefinition(definitions);

const CAPABILITIES = {
  dpop_signing_alg_values: ['ES256', 'Ed25519', 'EdDSA'],
  max_batch_size: 256,
  max_iat_offset: { seconds: 300 },
  version: '0.0.0',
  kernel: 'none',
};

// Returns the error of an item with the code UNAVAILABLE and `reason`, as proofmintd gives it.
export function unavailable(reason) {
  const value = definitions['google.rpc.ErrorInfo'].serialize({ reason, domain: 'proofmint' });
  return { code: 14, message: 'scripted', details: [{ type_url: 'type.googleapis.com/google.rpc.ErrorInfo', value }] };
}

// Ends the call in which it is thrown, with a gRPC status code and a message.
export class CallError extends Error {
  constructor(code, details) {
    super(details);
    Object.assign(this, { code, details });
  }
}

// `health` is the serving status. `answers` maps methods of ProofSigner to functions (request) => response, which may
// throw a CallError.
export async function startFakeSigner({ health = 'SERVING', answers = {} }) {
  const answer = (method, fallback) => ({ request }, callback) => {
    try {
      callback(null, (answers[method] ?? fallback)(request));
    } catch (error) {
      callback(error);
    }
  };
  const unscripted = () => { throw new CallError(12, 'not scripted'); };
  const server = new Server();
  server.addService(packages.proofmint.v1.ProofSigner.service, {
    SignProof: answer('SignProof', unscripted),
    BatchSignProofs: answer('BatchSignProofs', unscripted),
    GetCapabilities: answer('GetCapabilities', () => CAPABILITIES),
  });
  server.addService(packages.grpc.health.v1.Health.service, {
    Check: (call, callback) => callback(null, { status: health }),
    Watch: (call) => call.write({ status: health }),
  });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
  return { target: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}
