// Shows on standard output, for each algorithm, a proof of a running daemon and how a real identity provider uses it:
// node show_exchange.mjs --target=unix:///PATH. Exits with an error if any check fails.
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';

import { SignerClient } from '../../clients/node/index.mjs';
import { Broker } from './broker.mjs';
import { startIdentityProvider } from './identity_provider.mjs';
import { show } from './show.mjs';
import { verifyExchange } from './verify_exchange.mjs';
import { ALGORITHMS, verifyProof } from './verify_proof.mjs';

const LINE_WIDTH = 84;

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

// Logs in, and uses the token with the key of the login's last proof, and with another key.
async function showKeyHandle(broker, algorithm) {
  const { tokens: { access_token: token }, keyHandle } = await broker.authorizationCode(algorithm);
  const same = await broker.userinfo(algorithm, token, { keyHandle });
  const other = await broker.userinfo(algorithm, token, {});
  assert.deepEqual([same.status, other.status], [200, 401], same.errorDescription);
  show('key handle', `GET ${broker.metadata.userinfo_endpoint}  with the token of a login, and a proof with its ath`);
  show('', `${same.status}  ${JSON.stringify(same.claims)}, the proof signed again with the login's key by its handle`);
  show('', `${other.status}  ${other.error}, the proof signed with a new key`);
}

async function main(target) {
  const idp = await startIdentityProvider();
  const signer = new SignerClient({ target });
  try {
    const broker = await Broker.connect(signer, idp);
    for (const algorithm of ALGORITHMS) {
      const transcript = await broker.clientCredentials(algorithm);
      console.log(`\n${algorithm}`);
      await showProof(algorithm, broker.metadata.token_endpoint, transcript.attempts.at(-1));
      await showExchange(broker, algorithm, transcript);
      await showKeyHandle(broker, algorithm);
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
  console.error('--target: got nothing, want the address of a running daemon, such as unix:///PATH');
  process.exitCode = 2;
}
