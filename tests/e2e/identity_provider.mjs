// Runs a real OpenID Connect provider (oidc-provider) on a loopback port, strict about DPoP: its clients get bound tokens
// only, every proof needs a nonce unless a test says otherwise, and proofs cannot be replayed. A user logs in without a browser.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
// The development adapter of the provider. Set explicitly, it does not warn that a restart loses all data.
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';

// An access token for this resource is a JWT; one without a resource is opaque.
export const JWT_RESOURCE = 'https://api.example/';
export const API_SCOPE = 'api:read';

const COMMON = {
  response_types: ['code'],
  redirect_uris: ['https://broker.example/callback'], // Never dialled: the test reads the redirect.
  id_token_signed_response_alg: 'ES256',
  dpop_bound_access_tokens: true,
};

const CLIENT = {
  ...COMMON,
  client_id: 'broker',
  client_secret: randomBytes(32).toString('base64url'),
  client_name: 'a broker node',
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'client_credentials'],
};

// A public client: its refresh tokens, too, are bound to the key of the proof (RFC 9449 section 5).
const PUBLIC_CLIENT = {
  ...COMMON,
  client_id: 'app',
  client_name: 'a public client',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
};

// A client that authenticates with a JWT (RFC 7523), which the provider accepts once.
const { privateKey: clientKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
const ASSERTION_CLIENT = {
  ...CLIENT,
  client_id: 'broker-with-a-key',
  client_secret: undefined,
  client_name: 'a broker node with a key',
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  jwks: { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'broker' }] },
};

const EXPIRING = [
  'AccessToken', 'ClientCredentials', 'Grant', 'IdToken', 'Interaction', 'RefreshToken', 'Session',
];
const LIFETIME_S = 600;

async function signingKeys() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'idp' }] };
}

// Grants everything that the client may request, instead of a dialog for consent.
async function grantEverything({ oidc }) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid');
  grant.addResourceScope(JWT_RESOURCE, API_SCOPE);
  await grant.save();
  return grant;
}

function configuration(jwks, { requireNonce, algorithms, clients }) {
  return {
    adapter: createMemoryAdapter(),
    clients: [CLIENT, PUBLIC_CLIENT, ASSERTION_CLIENT, ...clients.map((client) => ({ ...CLIENT, ...client }))],
    cookies: { keys: [randomBytes(32)] },
    jwks,
    ttl: Object.fromEntries(EXPIRING.map((name) => [name, LIFETIME_S])),
    pkce: { required: () => true },
    enabledJWA: { dPoPSigningAlgValues: algorithms },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (ctx, { uid }) => `/login/${uid}` },
    loadExistingGrant: grantEverything,
    issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => requireNonce },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: API_SCOPE,
          audience: JWT_RESOURCE,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  };
}

class IdentityProvider {
  #server;

  constructor(server, issuer) {
    this.#server = server;
    this.issuer = issuer;
    this.client = CLIENT;
    this.publicClient = PUBLIC_CLIENT;
    this.assertionClient = ASSERTION_CLIENT;
    this.assertionKey = clientKey; // A CryptoKey.
  }

  // Returns the published metadata (RFC 8414), where a broker reads the endpoints that it calls and that its proofs name.
  async metadata() {
    const response = await fetch(`${this.issuer}/.well-known/openid-configuration`);
    return response.json();
  }

  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections(); // fetch keeps connections open for reuse.
    await closed;
  }
}

// `clients` are further clients, each with the members in which it differs from the first one.
export async function startIdentityProvider({
  requireNonce = true, algorithms = ['ES256', 'Ed25519', 'EdDSA'], clients = [],
} = {}) {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration(await signingKeys(), { requireNonce, algorithms, clients }));
  const handle = provider.callback();
  server.on('request', (request, response) => {
    if (request.url.startsWith('/login/')) {
      provider.interactionFinished(request, response, { login: { accountId: 'alice' } });
    } else {
      handle(request, response);
    }
  });
  return new IdentityProvider(server, issuer);
}
