// Shows on standard output, for each algorithm, a proof of a running daemon and what a real identity provider makes of
// it: node show_exchange.mjs --target=unix:PATH. Exits with an error when anything is not as it should be.
import { parseArgs } from 'node:util';

import { Broker } from './broker.mjs';
import { startIdentityProvider } from './identity_provider.mjs';
import { ALGORITHMS, SignerClient } from './signer_client.mjs';
import { verifyExchange } from './verify_exchange.mjs';
import { verifyProof } from './verify_proof.mjs';

const LABEL_WIDTH = 12;
const LINE_WIDTH = 84;

// Prints text beside a label, its further lines below each other.
function show(label, text) {
  text.split('\n').forEach((line, i) => {
    console.log(`  ${(i === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}`);
  });
}

const wrap = (text) => text.match(new RegExp(`.{1,${LINE_WIDTH}}`, 'g')).join('\n');
const json = (value) => JSON.stringify(value, null, 2);

async function showProof(alg, htu, { proof, nonce, iat, jkt }) {
  const { header, claims } = await verifyProof(proof, { alg, htm: 'POST', htu, nonce, iat, jkt });
  show('proof', wrap(proof));
  show('header', json(header));
  show('claims', json(claims));
  show('jkt', jkt);
  show('verified', `by jose: signature, header, claims and thumbprint; ${proof.length} bytes`);
}

async function showExchange(broker, alg, transcript) {
  const cnfJkt = await verifyExchange(broker, alg, transcript);
  const [first, second] = transcript.attempts;
  show('provider', `POST ${broker.metadata.token_endpoint}  grant_type=client_credentials`);
  show('', `${first.status}  ${first.error}, DPoP-Nonce: ${first.challenge}`);
  show('', `${second.status}  token_type ${transcript.tokens.token_type}, after one more proof, with the nonce`);
  show('bound to', `${cnfJkt}  cnf.jkt, says the provider\n${transcript.jkt}  jkt, said the signer`);
}

async function main(target) {
  const idp = await startIdentityProvider();
  const signer = new SignerClient(target);
  try {
    const broker = await Broker.connect(signer, idp);
    for (const { algorithm, alg } of ALGORITHMS) {
      const transcript = await broker.clientCredentials(algorithm);
      console.log(`\n${alg}`);
      await showProof(alg, broker.metadata.token_endpoint, transcript.attempts.at(-1));
      await showExchange(broker, alg, transcript);
    }
  } finally {
    signer.close();
    await idp.stop();
  }
}

const { target } = parseArgs({ options: { target: { type: 'string' } } }).values;
if (target) {
  await main(target);
} else {
  console.error('--target: got nothing, want the address of a running daemon, such as unix:PATH');
  process.exitCode = 2;
}
