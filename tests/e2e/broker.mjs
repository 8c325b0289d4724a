// Acts as a broker with the package of clients/node: gets tokens from an identity provider, uses them, and keeps a transcript
// for the tests to check.
//
// `key` selects the signing key: {} is a new one, { returnKeyHandle: true } a new one with a handle, { keyHandle } that of an
// earlier proof.
import { createHash } from 'node:crypto';

import { Exchange, NonceStore, runExchange } from '../../clients/node/index.mjs';
import { authorizationCode } from './authorization.mjs';

const KEPT = { returnKeyHandle: true };

// Returns the provider's response: { status, challenge }, and the members of a success or of an error.
async function readAnswer(response) {
  const body = await response.json();
  return {
    status: response.status,
    challenge: response.headers.get('DPoP-Nonce') ?? '',
    ...(response.ok ? { body } : { error: body.error, errorDescription: body.error_description }),
  };
}

export class Broker {
  #signer;
  #client;

  constructor(signer, client, metadata) {
    this.#signer = signer;
    this.#client = client;
    this.metadata = metadata;
  }

  static async connect(signer, idp, client = idp.client) {
    return new Broker(signer, client, await idp.metadata());
  }

  // `access` is { resource, scope }, both optional.
  clientCredentials(algorithm, access = {}) {
    return this.redeem(algorithm, { grant_type: 'client_credentials', ...access });
  }

  async authorizationCode(algorithm, access = {}, key = KEPT) {
    return this.redeem(algorithm, await this.authorize(access), key);
  }

  // Logs a user in. Returns the parameters of the token request.
  async authorize(access = {}) {
    const grant = await authorizationCode(this.metadata, this.#client, access);
    return { grant_type: 'authorization_code', ...grant, resource: access.resource };
  }

  refresh(algorithm, refreshToken, key) {
    return this.redeem(algorithm, { grant_type: 'refresh_token', refresh_token: refreshToken }, key);
  }

  // Makes a token request, without a nonce at first. Returns a transcript: the attempts, the outcome, the tokens if there
  // are any, the thumbprint of the last key, to which the tokens are bound, and its handle if one was requested.
  async redeem(algorithm, parameters, key = {}) {
    const options = { ...this.#optionsFor(this.metadata.token_endpoint), algorithm, ...key };
    const exchange = Exchange.token(options, parameters.grant_type, new NonceStore());
    const send = ({ headers }) => this.#post(this.metadata.token_endpoint, parameters, Object.fromEntries(headers));
    const { attempts, outcome } = await this.#run(exchange, send, { parameters, key });
    const { body: tokens, jkt, keyHandle } = attempts.at(-1);
    return { attempts, outcome, tokens, jkt, keyHandle };
  }

  // Sends one token request with one proof.
  async send(parameters, proof) {
    return readAnswer(await this.#post(this.metadata.token_endpoint, parameters, { DPoP: proof }));
  }

  // Uses an access token at the provider's userinfo endpoint (OpenID Connect Core section 5.3). Returns the last attempt,
  // with the user's claims if it succeeded.
  async userinfo(algorithm, accessToken, key) {
    const url = this.metadata.userinfo_endpoint;
    const options = { ...this.#optionsFor(url), algorithm, ...key };
    const exchange = Exchange.resource(options, 'GET', accessToken, 'DPoP', new NonceStore());
    const ath = createHash('sha256').update(accessToken).digest('base64url');
    const { attempts } = await this.#run(exchange, ({ headers }) => fetch(url, { headers }), { ath });
    const { body: claims, ...attempt } = attempts.at(-1);
    return { ...attempt, ...(claims && { claims }) };
  }

  // Returns the provider's introspection of an opaque token (RFC 7662).
  async introspect(token) {
    const response = await this.#post(this.metadata.introspection_endpoint, { token });
    return response.json();
  }

  // The URL of a proof is exactly that of the request: some providers compare the two as strings.
  #optionsFor(url) {
    return { issuer: this.metadata.issuer, clientId: this.#client.client_id, url };
  }

  // Carries an exchange through. Returns its outcome and its attempts: the proof and the nonce in it, the answer, and
  // `more`.
  async #run(exchange, send, more) {
    const attempts = [];
    const signer = {
      signProof: async (request, options) => {
        const proof = await this.#signer.signProof(request, options);
        const { jwt, jkt, iat, keyHandle } = proof;
        attempts.push({ ...more, proof: jwt, jkt, iat, keyHandle, nonce: request.nonce });
        return proof;
      },
    };
    const outcome = await runExchange(exchange, signer, async (attempt) => {
      const response = await send(attempt);
      Object.assign(attempts.at(-1), await readAnswer(response.clone()));
      return response;
    });
    return { attempts, outcome };
  }

  #post(url, parameters, headers = {}) {
    const { client_id: id, client_secret: secret } = this.#client;
    const body = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined));
    if (!secret) {
      body.set('client_id', id);
      return fetch(url, { method: 'POST', headers, body });
    }
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    return fetch(url, { method: 'POST', headers: { ...headers, authorization }, body });
  }
}
