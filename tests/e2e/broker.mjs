// What a broker does with the signer's proofs: get tokens at an identity provider, answering its nonce challenge.
import { authorizationCode } from './authorization.mjs';

export class Broker {
  #signer;
  #idp;

  constructor(signer, idp, metadata) {
    this.#signer = signer;
    this.#idp = idp;
    this.metadata = metadata;
  }

  static async connect(signer, idp) {
    return new Broker(signer, idp, await idp.metadata());
  }

  // `access` is { resource, scope }, both optional.
  clientCredentials(algorithm, access = {}) {
    return this.#redeem(algorithm, { grant_type: 'client_credentials', ...access });
  }

  async authorizationCode(algorithm, access = {}) {
    const grant = await authorizationCode(this.metadata, this.#idp, access);
    return this.#redeem(algorithm, { grant_type: 'authorization_code', ...grant, resource: access.resource });
  }

  // Sends a token request, and when challenged for a nonce sends it once more with a new proof. Returns a transcript:
  // the attempts, the tokens if there are any, and the thumbprint of the last key, which is what tokens are bound to.
  async #redeem(algorithm, parameters) {
    const attempts = [await this.#attempt(algorithm, parameters, '')];
    if (attempts[0].error === 'use_dpop_nonce') {
      attempts.push(await this.#attempt(algorithm, parameters, attempts[0].challenge));
    }
    const { tokens, jkt } = attempts.at(-1);
    return { attempts, tokens, jkt };
  }

  async #attempt(algorithm, parameters, nonce) {
    // Signed is exactly what is dialled: some providers compare the two as strings.
    const request = { algorithm, htm: 'POST', htu: this.metadata.token_endpoint, nonce };
    const { proof, jkt, iat } = await this.#signer.signProof(request);
    return { parameters, proof, jkt, iat, nonce, ...(await this.send(parameters, proof)) };
  }

  // One token request with one proof.
  async send(parameters, proof) {
    const response = await this.#post(this.metadata.token_endpoint, parameters, { DPoP: proof });
    const body = await response.json();
    return {
      status: response.status,
      challenge: response.headers.get('DPoP-Nonce') ?? '',
      ...(response.ok ? { tokens: body } : { error: body.error, errorDescription: body.error_description }),
    };
  }

  // What the provider knows about an opaque token (RFC 7662).
  async introspect(token) {
    const response = await this.#post(this.metadata.introspection_endpoint, { token });
    return response.json();
  }

  #post(url, parameters, headers = {}) {
    const { client_id: id, client_secret: secret } = this.#idp.client;
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
    return fetch(url, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, ...headers },
      body: new URLSearchParams(given),
    });
  }
}
