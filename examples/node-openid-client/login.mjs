// Logs a user in with openid-client, and every request of it that needs a DPoP proof gets one from proofmintd:
//
//   ISSUER=https://idp.example CLIENT_ID=broker CLIENT_SECRET=… REDIRECT_URI=https://broker.example/callback \
//     PROOFMINT_TARGET=unix:///run/proofmint/proofmintd.sock node login.mjs
//
// It prints a URL to open in a browser, reads the URL that the browser is redirected to from standard input, and prints the
// user's claims. Errors of the provider are those of openid-client.
import { createInterface } from 'node:readline/promises';

import * as client from 'openid-client';
import { NonceStore, SignerClient, chooseAlgorithm, dpopFetch } from 'proofmint';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;

// One of each for a process.
const signer = new SignerClient();
const nonces = new NonceStore();

// Plain http is for a provider on this host.
const options = { execute: ISSUER.startsWith('http://127.0.0.1:') ? [client.allowInsecureRequests] : [] };
const authentication = CLIENT_SECRET ? client.ClientSecretBasic(CLIENT_SECRET) : client.None();
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, undefined, authentication, options);

// Fails if the provider takes no algorithm that we can sign with: a login without DPoP has to be a decision.
const { algorithm, advertised } = chooseAlgorithm(['ES256', 'Ed25519'], config.serverMetadata());
if (!advertised) console.error(`${ISSUER} publishes no dpop_signing_alg_values_supported and may not support DPoP`);

config[client.customFetch] = dpopFetch(signer, {
  issuer: ISSUER,
  clientId: CLIENT_ID,
  algorithm,
  nonces,
  onOutcome: (_outcome, { record }) => console.error(JSON.stringify(record)),
});

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
console.log(client.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI,
  scope: 'openid',
  state,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
}).href);

const input = createInterface({ input: process.stdin });
const redirect = new URL(await input.question(''));
input.close();

const checks = { pkceCodeVerifier: verifier, expectedState: state };
const tokens = await client.authorizationCodeGrant(config, redirect, checks);
const { sub } = tokens.claims();
console.log(JSON.stringify(await client.fetchUserInfo(config, tokens.access_token, sub)));
signer.close();
