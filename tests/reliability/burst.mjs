// burst.mjs TARGET: asks for 4,000 proofs at once by the client for Node, on its fresh connection, and prints as JSON how the
// calls ended.
import { SignerClient } from '../../clients/node/index.mjs';

const CALLS = 4000;
const signer = new SignerClient({ target: process.argv[2], timeoutMs: 20_000 });
const calls = await Promise.allSettled(Array.from({ length: CALLS }, () =>
  signer.signProof({ algorithm: 'ES256', htm: 'POST', htu: 'https://idp.example/token' })));
const codes = {};
for (const { reason } of calls) {
  const code = reason ? reason.code : 'OK';
  codes[code] = (codes[code] ?? 0) + 1;
}
console.log(JSON.stringify(codes));
signer.close();
