// Tests dpopFetch as the customFetch of openid-client, with a real daemon and a real provider: what a broker does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as client from 'openid-client';

import { NonceStore, SignerClient, chooseAlgorithm, dpopFetch } from '../../clients/node/index.mjs';
import { followRedirects } from './authorization.mjs';
import { startDaemon } from './daemon.mjs';
import { API_SCOPE, JWT_RESOURCE, startIdentityProvider } from './identity_provider.mjs';
import { decodeProof } from './verify_proof.mjs';

const REDIRECT_URI = 'https://broker.example/callback'; // Never dialled: the test reads the redirect.

let daemon;
let signer;
let idp;
before(async () => {
  daemon = await startDaemon();
  signer = new SignerClient({ target: daemon.unixTarget });
  idp = await startIdentityProvider();
});
after(async () => {
  signer.close();
  await idp.stop();
  await daemon.stop();
});

// Sets openid-client up for one of the provider's clients. Returns its configuration, and lists of the outcomes, of the
// log records and of the requests that come.
async function connect(who, authentication, options = {}) {
  const config = await client.discovery(new URL(idp.issuer), who.client_id, undefined, authentication, {
    execute: [client.allowInsecureRequests],
  });
  const seen = { config, outcomes: [], records: [], requests: [] };
  const { algorithm } = chooseAlgorithm([options.algorithm ?? 'ES256'], config.serverMetadata());
  config[client.customFetch] = dpopFetch(signer, {
    issuer: idp.issuer,
    clientId: who.client_id,
    onOutcome: (outcome, { kind, record }) => {
      seen.outcomes.push({ kind, ...outcome });
      seen.records.push(record);
    },
    fetch: (url, request) => {
      seen.requests.push({ url: String(url), headers: request.headers, body: request.body?.toString() });
      return fetch(url, request);
    },
    ...options,
    algorithm,
  });
  return seen;
}

const asBroker = (options) => connect(idp.client, client.ClientSecretBasic(idp.client.client_secret), options);
const asApp = (options) => connect(idp.publicClient, client.None(), options);

// Logs alice in, and returns the tokens.
async function logIn(config, parameters = {}, usesPar = false) {
  const verifier = client.randomPKCECodeVerifier();
  const request = {
    redirect_uri: REDIRECT_URI, scope: 'openid', state: client.randomState(), code_challenge_method: 'S256',
    code_challenge: await client.calculatePKCECodeChallenge(verifier), ...parameters,
  };
  const build = usesPar ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
  const redirect = await followRedirects(await build(config, request), REDIRECT_URI);
  const checks = { pkceCodeVerifier: verifier, expectedState: request.state };
  return client.authorizationCodeGrant(config, redirect, checks);
}

for (const algorithm of ['ES256', 'Ed25519', 'EdDSA']) {
  test(`${algorithm}: a login, its userinfo and a refresh`, async () => {
    const { config, outcomes, records, requests } = await asApp({ algorithm });
    const tokens = await logIn(config);
    assert.equal(tokens.claims().sub, 'alice');
    assert.deepEqual(await client.fetchUserInfo(config, tokens.access_token, 'alice'), { sub: 'alice' });
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.deepEqual(await client.fetchUserInfo(config, refreshed.access_token, 'alice'), { sub: 'alice' });

    // Each server challenges once. Then its nonce is known.
    assert.deepEqual(outcomes.map(({ kind, verdict, attempts }) => [kind, verdict, attempts]), [
      ['token', 'granted', 2], ['resource', 'granted', 2], ['token', 'granted', 1], ['resource', 'granted', 1],
    ]);
    // All of it has the key of the login's last proof.
    assert.equal(new Set(outcomes.map(({ jkt }) => jkt)).size, 1);
    const proofs = requests.filter(({ headers }) => headers.get('dpop')).map(({ headers }) => headers.get('dpop'));
    assert.equal(new Set(proofs).size, 6, 'want every proof sent once');
    for (const proof of proofs) assert.equal(decodeProof(proof).header.alg, algorithm);

    const [login, userinfo] = records;
    assert.deepEqual([login.type, login.grant_type, login.dpop_signing_alg], ['s', 'authorization_code', algorithm]);
    assert.deepEqual([login.idp_token_type, login.binding, login.nonce_challenges], ['dpop', 'claimed', 1]);
    assert.deepEqual(userinfo.upstream_userinfo_fetch, { status: 200, dpop_bound: true });
    const secrets = [tokens.access_token, tokens.refresh_token, tokens.id_token, ...proofs];
    for (const secret of secrets) assert.ok(!JSON.stringify(records).includes(secret));
  });
}

test('a JWT access token confirms its key', async () => {
  const { config, outcomes } = await asBroker();
  await client.clientCredentialsGrant(config, { resource: JWT_RESOURCE, scope: API_SCOPE });
  assert.deepEqual([outcomes[0].binding, outcomes[0].idpTokenType], ['confirmed', 'dpop']);
});

test('a pushed authorization request has no proof, which would pin the code to its key', async () => {
  const { config, outcomes } = await asBroker();
  const tokens = await logIn(config, {}, true);
  assert.equal(tokens.claims().sub, 'alice');
  assert.deepEqual(outcomes.map(({ kind, verdict }) => [kind, verdict]), [['token', 'granted']]);
});

test('a pushed authorization request with a key handle pins the code to the key', async () => {
  const { keyHandle, jkt } = await signer.signProof({ htu: `${idp.issuer}/request`, returnKeyHandle: true });
  const { config, outcomes } = await asBroker({ keyHandle });
  await logIn(config, {}, true);
  assert.deepEqual(outcomes.map(({ kind, verdict }) => [kind, verdict]), [['pushed', 'granted'], ['token', 'granted']]);
  // The nonce of the one is used by the other.
  assert.deepEqual(outcomes.map(({ attempts }) => attempts), [2, 1]);
  assert.deepEqual(outcomes.map((outcome) => outcome.jkt), [jkt, jkt]);
});

test('a code that is pinned by dpop_jkt is redeemed with its key', async () => {
  const request = { algorithm: 'ES256', htu: `${idp.issuer}/token`, returnKeyHandle: true };
  const { jkt, keyHandle } = await signer.signProof(request);
  const { config, outcomes } = await asBroker({ keyHandle });
  await logIn(config, { dpop_jkt: jkt });
  assert.deepEqual([outcomes[0].ok, outcomes[0].jkt], [true, jkt]);

  const other = await asBroker();
  await assert.rejects(logIn(other.config, { dpop_jkt: jkt }), { error: 'invalid_grant' });
  assert.deepEqual([other.outcomes[0].verdict, other.records[0].type], ['refused', 'f']);
});

test('private_key_jwt: every attempt has an assertion of its own', async () => {
  const authentication = client.PrivateKeyJwt({ key: idp.assertionKey, kid: 'broker' });
  const seen = {};
  const authenticate = (form, headers) => authentication(
    seen.config.serverMetadata(), seen.config.clientMetadata(), form, headers,
  );
  Object.assign(seen, await connect(idp.assertionClient, authentication, { authenticate }));
  await client.clientCredentialsGrant(seen.config);
  const assertions = seen.requests.map(({ body }) => new URLSearchParams(body).get('client_assertion'));
  assert.equal(assertions.length, 2);
  assert.notEqual(assertions[0], assertions[1]);

  // The provider does insist.
  const careless = await connect(idp.assertionClient, authentication, { authenticate: () => {} });
  await assert.rejects(client.clientCredentialsGrant(careless.config), { error: 'invalid_client' });
  const without = await connect(idp.assertionClient, authentication);
  await assert.rejects(client.clientCredentialsGrant(without.config), /authenticate: missing/);
  assert.equal(without.requests.length, 0);
});

test('nonces are shared by what shares a store', async () => {
  const nonces = new NonceStore();
  for (const attempts of [2, 1, 1]) {
    const { config, outcomes } = await asBroker({ nonces });
    await client.clientCredentialsGrant(config);
    assert.equal(outcomes[0].attempts, attempts);
  }
});

test('a refusal that is not about DPoP is that of the library, and is logged as such', async () => {
  const { config, records } = await connect(idp.client, client.ClientSecretBasic('wrong'));
  await assert.rejects(client.clientCredentialsGrant(config), { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE' });
  const { type, outcome, error, dpop_signing_alg: algorithm, idp_token_type: tokenType } = records[0];
  assert.deepEqual([type, outcome, error, algorithm], ['f', 'refused', 'invalid_client', 'ES256']);
  assert.equal(tokenType, undefined);
});

test('without a proof nothing is sent', async () => {
  const closed = new SignerClient({ target: 'unix:/nowhere/socket', timeoutMs: 50 });
  const requests = [];
  const record = Promise.withResolvers();
  const fetching = dpopFetch(closed, {
    issuer: idp.issuer, clientId: 'broker', algorithm: 'ES256', fetch: (...request) => requests.push(request),
    onOutcome: (_outcome, about) => record.resolve(about.record),
  });
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  await assert.rejects(fetching(`${idp.issuer}/token`, { method: 'POST', body }), (error) => {
    assert.equal(error.name, 'ExchangeError');
    assert.equal(error.outcome.verdict, 'signer_unavailable');
    assert.equal(error.cause.code, 'DEADLINE_EXCEEDED');
    return true;
  });
  assert.equal(requests.length, 0);
  const { type, outcome, signer_code: code } = await record.promise;
  assert.deepEqual([type, outcome, code], ['f', 'signer_unavailable', 'DEADLINE_EXCEEDED']);
  closed.close();
});
