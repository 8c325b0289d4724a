// Runs an identity provider of ours whose every answer a test can spoil: a healthy one does all that `proofmint doctor`
// looks at, so that a report shows the one thing that a test breaks.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';

const ALGORITHMS = ['ES256', 'Ed25519', 'EdDSA'];
const REDIRECT_URI = 'https://broker.example/callback';
const PROOF_AGE_S = 60;

function random() {
  return randomBytes(24).toString('base64url');
}

// An answer of the provider that is an error.
class Refusal extends Error {
  constructor(status, error, description, headers = {}) {
    super(error);
    Object.assign(this, { status, error, description, headers });
  }
}

export const refuse = (status, error, description, headers) => {
  throw new Refusal(status, error, description, headers);
};

async function readForm(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
}

// The members of `faults` replace the methods that are called through #faults: each gets the healthy result, and its
// result counts.
class ScriptedProvider {
  #server;
  #faults;
  #nonce = random();
  #seen = new Set(); // jti of proofs
  #grants = new Map(); // by code, refresh token, access token or request_uri

  constructor(server, faults, scheme) {
    this.#server = server;
    this.#faults = faults;
    this.issuer = `${scheme}://127.0.0.1:${server.address().port}`;
    this.client = { client_id: 'broker', client_secret: random(), redirect_uris: [REDIRECT_URI] };
    this.requests = []; // paths
    this.secrets = [this.client.client_secret, this.#nonce]; // what no output may show
    server.on('request', (request, response) => this.#serve(request, response));
  }

  metadata() {
    const at = (path) => `${this.issuer}${path}`;
    return {
      issuer: this.issuer,
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      userinfo_endpoint: at('/userinfo'),
      introspection_endpoint: at('/introspect'),
      pushed_authorization_request_endpoint: at('/par'),
      jwks_uri: at('/jwks'),
      dpop_signing_alg_values_supported: ALGORITHMS,
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'client_credentials', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
    };
  }

  async stop() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #fault(name, healthy, context) {
    return this.#faults[name] ? this.#faults[name](healthy, { ...context, provider: this }) : healthy;
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.issuer);
    this.requests.push(url.pathname);
    const context = { url, request, method: request.method, headers: {} };
    let answer;
    try {
      context.form = await readForm(request);
      answer = { status: 200, body: await this.#answer(context) };
      if (context.status) answer.status = context.status;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, error: code, description, headers } = error;
      answer = { status, body: { error: code, error_description: description } };
      Object.assign(context.headers, headers);
      if (url.pathname === '/userinfo') context.headers['WWW-Authenticate'] = `DPoP error="${code}"`;
    }
    answer = await this.#fault('answer', { ...answer, headers: context.headers }, context);
    response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  }

  #answer(context) {
    switch (context.url.pathname) {
      case '/.well-known/openid-configuration': return this.#fault('metadata', this.metadata(), context);
      case '/authorize': return this.#authorize(context);
      case '/token': return this.#token(context);
      case '/userinfo': return this.#userinfo(context);
      case '/introspect': return this.#introspect(context);
      case '/par': return this.#push(context);
      default: return refuse(404, 'not_found');
    }
  }

  // Redirects at once: the user is logged in.
  async #authorize(context) {
    let parameters = Object.fromEntries(context.url.searchParams);
    if (parameters.request_uri) parameters = this.#grants.get(parameters.request_uri);
    const code = this.#secret();
    this.#grants.set(code, { ...parameters });
    const redirect = new URL(parameters.redirect_uri);
    redirect.search = new URLSearchParams(await this.#fault('redirect', {
      code, state: parameters.state, iss: this.issuer,
    }, context));
    context.status = 303;
    context.headers.Location = redirect.href;
    return {};
  }

  async #token(context) {
    await this.#authenticate(context);
    const { form } = context;
    const { jkt } = await this.#proof(context);
    let grant = {};
    let refreshToken;
    if (form.grant_type === 'authorization_code') {
      grant = this.#grants.get(form.code);
      this.#grants.delete(form.code);
      const challenge = createHash('sha256').update(form.code_verifier ?? '').digest('base64url');
      if (!grant || grant.code_challenge !== challenge) refuse(400, 'invalid_grant', 'no such code');
      await this.#fault('redeem', undefined, { ...context, jkt, grant });
      if (grant.dpop_jkt && grant.dpop_jkt !== jkt) refuse(400, 'invalid_grant', 'dpop_jkt');
      refreshToken = this.#secret();
    } else if (form.grant_type === 'refresh_token') {
      grant = this.#grants.get(form.refresh_token);
      if (!grant) refuse(400, 'invalid_grant', 'no such refresh token');
      await this.#fault('refresh', undefined, { ...context, jkt, grant });
    } else if (form.grant_type !== 'client_credentials') {
      refuse(400, 'unsupported_grant_type');
    }
    const accessToken = this.#secret();
    this.#grants.set(accessToken, { ...grant, jkt });
    if (refreshToken) this.#grants.set(refreshToken, { ...grant, jkt });
    this.#nextNonce(context);
    return this.#fault('tokens', {
      access_token: accessToken,
      token_type: 'DPoP',
      expires_in: 60,
      ...(refreshToken && { refresh_token: refreshToken }),
    }, { ...context, jkt });
  }

  async #userinfo(context) {
    const [scheme, token] = (context.request.headers.authorization ?? '').split(' ');
    const grant = this.#grants.get(token);
    const proof = await this.#proof(context);
    const ath = createHash('sha256').update(token ?? '').digest('base64url');
    const bound = grant && scheme === 'DPoP' && proof.ath === ath && grant.jkt === proof.jkt;
    if (!await this.#fault('bound', bound, context)) refuse(401, 'invalid_token', 'another key');
    return { sub: 'alice' };
  }

  async #introspect(context) {
    await this.#authenticate(context);
    const grant = this.#grants.get(context.form.token);
    return this.#fault('introspection', grant ? { active: true, cnf: { jkt: grant.jkt } } : { active: false }, context);
  }

  async #push(context) {
    await this.#authenticate(context);
    const { jkt } = await this.#proof(context);
    await this.#fault('push', undefined, context);
    const requestUri = `urn:ietf:params:oauth:request_uri:${this.#secret()}`;
    this.#grants.set(requestUri, { dpop_jkt: jkt, ...context.form });
    context.status = 201;
    return { request_uri: requestUri, expires_in: 60 };
  }

  async #authenticate(context) {
    const { client_id: id, client_secret: secret } = this.client;
    const expected = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    await this.#fault('client', undefined, context);
    if (context.request.headers.authorization !== expected) refuse(401, 'invalid_client', 'wrong secret');
  }

  // Returns the claims of the proof and its jkt.
  async #proof(context) {
    const jwt = context.request.headers.dpop ?? '';
    if (jwt) this.secrets.push(jwt);
    let proof;
    try {
      const { payload, protectedHeader } = await jwtVerify(jwt, EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ALGORITHMS });
      proof = { ...payload, alg: protectedHeader.alg, jkt: await calculateJwkThumbprint(protectedHeader.jwk) };
    } catch {
      refuse(400, 'invalid_dpop_proof', 'not a proof');
    }
    const problem = await this.#fault('proof', this.#problemOf(proof, context), { ...context, proof });
    if (problem) refuse(400, 'invalid_dpop_proof', problem);
    const nonce = await this.#fault('nonce', this.#nonce, { ...context, proof });
    if (nonce !== undefined && proof.nonce !== nonce) {
      refuse(400, 'use_dpop_nonce', 'a nonce is needed', { 'DPoP-Nonce': nonce });
    }
    return proof;
  }

  #problemOf(proof, context) {
    if (proof.htm !== context.method) return 'htm differs';
    if (proof.htu !== `${this.issuer}${context.url.pathname}`) return 'htu differs';
    if (Math.abs(Date.now() / 1000 - proof.iat) > PROOF_AGE_S) return 'iat is too old';
    if (this.#seen.has(proof.jti)) return 'jti was used before';
    this.#seen.add(proof.jti);
    return undefined;
  }

  #nextNonce(context) {
    this.#nonce = this.#secret();
    context.headers['DPoP-Nonce'] = this.#nonce;
  }

  #secret() {
    const secret = random();
    this.secrets.push(secret);
    return secret;
  }
}

// `faults` maps names to functions (healthy, context) => what counts instead. They are listed where #fault is called.
// `tls` is { key, cert } in PEM; without it the provider speaks http.
export async function startScriptedProvider(faults = {}, tls = undefined) {
  const server = tls ? createTlsServer(tls) : createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new ScriptedProvider(server, faults, tls ? 'https' : 'http');
}
