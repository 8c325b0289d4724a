// Gets a token with fetch alone, and uses it: the client credentials grant with DPoP, without an OAuth library.
//
//   ISSUER=https://idp.example CLIENT_ID=broker CLIENT_SECRET=… RESOURCE=https://api.example/ SCOPE=api:read \
//     PROOFMINT_TARGET=unix:///run/proofmint/proofmintd.sock node client_credentials.mjs
import { SignerClient, chooseAlgorithm, dpopFetch, parseServerMetadata } from 'proofmint';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, RESOURCE, SCOPE } = process.env;

const discovery = await fetch(`${ISSUER}/.well-known/openid-configuration`, { redirect: 'error' });
const metadata = parseServerMetadata(await discovery.text(), ISSUER, { allowHttpOnLoopback: true });
const { algorithm } = chooseAlgorithm(['ES256', 'Ed25519'], metadata);

const signer = new SignerClient();
const dpop = dpopFetch(signer, {
  issuer: ISSUER,
  clientId: CLIENT_ID,
  algorithm,
  binding: 'require', // A bearer token is an error.
  onOutcome: (_outcome, { record }) => console.error(JSON.stringify(record)),
});

const credentials = [CLIENT_ID, CLIENT_SECRET].map(encodeURIComponent).join(':');
const response = await dpop(metadata.token_endpoint, {
  method: 'POST',
  headers: { authorization: `Basic ${btoa(credentials)}` },
  body: new URLSearchParams({ grant_type: 'client_credentials', resource: RESOURCE, scope: SCOPE }),
});
const token = await response.json();
if (!response.ok) throw new Error(`${response.status} ${token.error}: ${token.error_description}`);

// The proof has the key that the token is bound to.
const resource = await dpop(RESOURCE, { headers: { authorization: `DPoP ${token.access_token}` } });
console.log(resource.status, await resource.text());
signer.close();
