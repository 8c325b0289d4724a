// Calls the signer with generated code and connect-node: main.mjs PATH GENERATED. PATH is that of the socket, GENERATED the folder
// of the code. Prints a proof, then makes calls until standard input ends, and prints how many succeeded, the reason of a call
// that fails, and the health status.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';

const [path, folder] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(`${folder}/${file}_pb.js`));
const { ProofSigner } = await load('proofmint/v1/proof_signer');
const { ErrorInfoSchema } = await load('google/rpc/error_details');
const { Health, HealthCheckResponse_ServingStatus: ServingStatus } = await load('grpc/health/v1/health');

const TIMEOUT_MS = 10_000;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 500;

// Tells whether the signer is away for a moment. connect-node reports errors of Node as INTERNAL: ENOENT of a missing socket,
// or a stream that a server at its end refuses.
function isPassing(error) {
  if (error.code === Code.Unavailable || error.code === Code.Canceled) return true;
  return error.code === Code.Internal && typeof error.cause?.code === 'string';
}

// Retries until the deadline of the call, since connect-node knows neither service configs nor retries.
const retry = (next) => async (request) => {
  for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS)) {
    try {
      return await next(request);
    } catch (reason) {
      if (!isPassing(ConnectError.from(reason)) || request.signal.aborted) throw reason;
      await sleep(Math.random() * backoffMs);
    }
  }
};

const transport = createGrpcTransport({
  baseUrl: 'http://localhost',
  nodeOptions: { createConnection: () => net.connect(path) },
  defaultTimeoutMs: TIMEOUT_MS,
  interceptors: [retry],
});
const signer = createClient(ProofSigner, transport);
const sign = (htu) => signer.signProof({ htm: 'POST', htu });

console.log((await sign('https://idp.example/token')).proof);
let ended = false;
process.stdin.on('end', () => { ended = true; }).resume();
let proofs = 1;
while (!ended) {
  await sign('https://idp.example/token');
  proofs += 1;
}
console.log(proofs);
await sign('https://user@idp.example/token').catch((reason) => {
  console.log(reason.findDetails(ErrorInfoSchema)[0]?.reason ?? reason);
});
const { status } = await createClient(Health, transport).check({});
console.log(ServingStatus[status]);
process.exit(0);
