// Acts as a broker: gets tokens from an identity provider with the signer's proofs, answering its nonce challenges, and
// uses the tokens.
//
// `key` selects the signing key: {} is a new one, { return_key_handle: true } a new one with a handle, { key_handle } that
// of an earlier proof.
import { createHash } from 'node:crypto';

import { authorizationCode } from './authorization.mjs';

const KEPT = { return_key_handle: true };

// Calls attempt(nonce) without a nonce, and once more if it is challenged for one. Returns the attempts.
async function answerChallenge(attempt) {
  const attempts = [await attempt('')];
  if (attempts[0].error === 'use_dpop_nonce') attempts.push(await attempt(attempts[0].challenge));
  return attempts;
}

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

  // Sends a token request, and when challenged for a nonce sends it once more with a new proof. Returns a transcript:
  // the attempts, the tokens if there are any, the thumbprint of the last key, to which the tokens are bound, and its
  // handle if one was requested.
  async redeem(algorithm, parameters, key = {}) {
    // The htu is exactly the URL of the request: some providers compare the two as strings.
    const request = { algorithm, htm: 'POST', htu: this.metadata.token_endpoint, ...key };
    const attempts = await answerChallenge(async (nonce) => {
      const { proof, jkt, iat, key_handle: keyHandle } = await this.#signer.signProof({ ...request, nonce });
      return { parameters, key, proof, jkt, keyHandle, iat, nonce, ...(await this.send(parameters, proof)) };
    });
    const { tokens, jkt, keyHandle } = attempts.at(-1);
    return { attempts, tokens, jkt, keyHandle };
  }

  // Sends one token request with one proof.
  async send(parameters, proof) {
    const response = await this.#post(this.metadata.token_endpoint, parameters, { DPoP: proof });
    const { body: tokens, ...answer } = await readAnswer(response);
    return { ...answer, ...(tokens && { tokens }) };
  }

  // Uses an access token at the provider's userinfo endpoint (OpenID Connect Core section 5.3). Returns the last
  // attempt, with the user's claims if it succeeded.
  async userinfo(algorithm, accessToken, key) {
    const htu = this.metadata.userinfo_endpoint;
    const hash = createHash('sha256').update(accessToken).digest();
    const request = { algorithm, htm: 'GET', htu, access_token_sha256: hash, ...key };
    const attempts = await answerChallenge(async (nonce) => {
      const { proof, jkt, iat } = await this.#signer.signProof({ ...request, nonce });
      const response = await fetch(htu, { headers: { Authorization: `DPoP ${accessToken}`, DPoP: proof } });
      const { body: claims, ...answer } = await readAnswer(response);
      return { proof, jkt, iat, nonce, ath: hash.toString('base64url'), ...answer, ...(claims && { claims }) };
    });
    return attempts.at(-1);
  }

  // Returns the provider's introspection of an opaque token (RFC 7662).
  async introspect(token) {
    const response = await this.#post(this.metadata.introspection_endpoint, { token });
    return response.json();
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
