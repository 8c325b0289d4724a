// A real OpenID Connect provider (oidc-provider) on a loopback port, strict about DPoP: its one client gets bound
// tokens only, every proof needs a nonce, and proofs cannot be replayed. A user logs in without a browser.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
// Its development adapter. Given explicitly, it comes without the warning that all is lost at a restart.
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';

// Asking for this resource gives a JWT access token; asking for none gives an opaque one.
export const JWT_RESOURCE = 'https://api.example/';
export const API_SCOPE = 'api:read';

const CLIENT = {
  client_id: 'broker',
  client_secret: randomBytes(32).toString('base64url'),
  client_name: 'a broker node',
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'client_credentials'],
  response_types: ['code'],
  redirect_uris: ['https://broker.example/callback'], // Never dialled: the test reads the redirect.
  id_token_signed_response_alg: 'ES256',
  dpop_bound_access_tokens: true,
};

async function signingKeys() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'idp' }] };
}

// Consent is given by a grant of all that the client may ask for.
async function grantEverything({ oidc }) {
  const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid');
  grant.addResourceScope(JWT_RESOURCE, API_SCOPE);
  await grant.save();
  return grant;
}

function configuration(jwks) {
  return {
    adapter: createMemoryAdapter(),
    clients: [CLIENT],
    cookies: { keys: [randomBytes(32)] },
    jwks,
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    pkce: { required: () => true },
    enabledJWA: { dPoPSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA'] },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (ctx, { uid }) => `/login/${uid}` },
    loadExistingGrant: grantEverything,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
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
    this.redirectUri = CLIENT.redirect_uris[0];
  }

  // The published metadata (RFC 8414): where a broker reads the endpoints that it dials and that its proofs name.
  async metadata() {
    const response = await fetch(`${this.issuer}/.well-known/openid-configuration`);
    return response.json();
  }

  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections(); // fetch keeps its connections for reuse.
    await closed;
  }
}

export async function startIdentityProvider() {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration(await signingKeys()));
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
