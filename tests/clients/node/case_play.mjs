// Plays an exchange of tests/exchange/exchange_cases.json.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { Exchange, NonceStore, SignerError } from '../../../clients/node/index.mjs';
import { readNonce } from '../../../clients/node/src/exchange/http_answer.mjs';

const ISSUER = 'https://idp.example';
const CLIENT_ID = 'broker';
const URLS = { token: `${ISSUER}/token`, pushed: `${ISSUER}/par`, resource: `${ISSUER}/userinfo` };
const SENT_AT_MS = 1767323045000;
const IDP_TOOK_MS = 120;
const SIGNER_TOOK_MS = 5;
const ATTEMPTS_AT_MOST = 2;
const BODY_BYTES_AT_MOST = 1 << 20;
const SECRET_CHARACTERS_AT_LEAST = 8;

// Returns the members of `object`, and those of `known` that it has not. Fails for a member that is not known.
export function take(object, known) {
  for (const name of Object.keys(object)) assert.ok(Object.hasOwn(known, name), `unknown member ${name}`);
  return { ...known, ...object };
}

// The members of an outcome that a case need not have.
export const OUTCOME_DEFAULTS = {
  binding: 'none', hint: 'none', idp_token_type: '', jkt: '', key_handle: undefined, error: '', error_description: '',
  location_host: '', content_type: '', downgrade: false, nonce_malformed: false, nonce_ambiguous: false,
  safe_to_repeat: false, nonce_challenges: 0, body_size: 0, retry_after_s: undefined, clock_skew_ms: undefined,
  signer: undefined, transport: undefined,
};

const bytesOf = (text) => (text === undefined ? undefined : Buffer.from(text));
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

function takeNonce(given) {
  const known = { nonce: '', issuer: ISSUER, client_id: CLIENT_ID, from: 'as' };
  const { nonce, issuer, client_id: clientId, from } = take(given, known);
  return { key: { issuer, clientId, from }, nonce };
}

function answerOf(given) {
  const answer = take(given, {
    status: 0, headers: [], json: undefined, body: '', body_base64: '', body_size: 0, sent_at_ms: SENT_AT_MS,
    received_at_ms: undefined,
  });
  let body = answer.json === undefined ? answer.body : JSON.stringify(answer.json);
  if (answer.body_base64) body = Buffer.from(answer.body_base64, 'base64');
  if (answer.body_size) body = body.padEnd(answer.body_size, ' ');
  const { status, headers, sent_at_ms: sentAt } = answer;
  return { status, headers, body, sentAt, receivedAt: answer.received_at_ms ?? sentAt + IDP_TOOK_MS };
}

// Play is the identity provider, the signer and the driver of a case.
export class Play {
  #options;
  #exchange;
  #signed = 0;
  #sent = 0;
  #jwt;
  #body = '';
  #secrets = new Set();

  constructor(given) {
    this.#options = take(given, {
      kind: '', grant_type: '', htm: 'POST', access_token: undefined, token_type: undefined, issuer: ISSUER,
      client_id: CLIENT_ID, url: URLS[given.kind], algorithm: 'ES256', key_handle: undefined, return_key_handle: false,
      confidential_client: false, iat_offset_s: 0, binding: 'report',
    });
    this.nonces = new NonceStore();
  }

  putNonces(list) {
    for (const given of list) {
      const { key, nonce } = takeNonce(given);
      this.nonces.put(key, nonce);
    }
  }

  start() {
    const { kind, grant_type: grantType, htm, access_token: token, token_type: tokenType, ...rest } = this.#options;
    const options = {
      issuer: rest.issuer, clientId: rest.client_id, url: rest.url, algorithm: rest.algorithm,
      keyHandle: bytesOf(rest.key_handle), returnKeyHandle: rest.return_key_handle,
      confidentialClient: rest.confidential_client, iatOffset: rest.iat_offset_s, binding: rest.binding,
    };
    this.#secrets.add(rest.key_handle).add(token);
    switch (kind) {
      case 'token': this.#exchange = Exchange.token(options, grantType, this.nonces); break;
      case 'pushed': this.#exchange = Exchange.pushed(options, this.nonces); break;
      case 'resource': this.#exchange = Exchange.resource(options, htm, token, tokenType, this.nonces); break;
      default: throw new Error(`kind: got ${kind}`);
    }
  }

  step(given) {
    switch (Object.keys(given)[0]) {
      case 'sign': this.#sign(take(given, { sign: {}, proof: {}, signer_error: undefined })); break;
      case 'send': this.#send(take(given, { send: {}, answer: undefined, lost: undefined })); break;
      case 'meanwhile': this.putNonces(given.meanwhile); break;
      default: throw new Error(`step: got ${Object.keys(given)}`);
    }
  }

  #sign({ sign, proof, signer_error: signerError }) {
    assert.equal(this.#exchange.next, 'sign');
    const got = this.#exchange.proofRequest();
    assert.deepEqual({
      nonce: got.nonce, key_handle: got.keyHandle?.toString(), return_key_handle: got.returnKeyHandle,
      iat_offset_s: got.iatOffset,
      access_token_sha256: got.accessToken === undefined ? undefined : sha256(got.accessToken),
      algorithm: got.algorithm, htm: got.htm, htu: got.htu,
    }, {
      ...take(sign, {
        nonce: '', key_handle: undefined, return_key_handle: false, iat_offset_s: 0, access_token_sha256: undefined,
      }),
      algorithm: this.#options.algorithm, htm: this.#options.htm, htu: this.#options.url,
    });
    this.#secrets.add(got.nonce);
    this.#body = ''; // Until this attempt has an answer.
    const n = ++this.#signed;
    if (signerError) {
      const known = { code: '', reason: undefined, retry_delay_ms: undefined };
      const { code, reason, retry_delay_ms: retryAfterMs } = take(signerError, known);
      this.#exchange.onProof(new SignerError(code, 'message', { reason, retryAfterMs }), SIGNER_TOOK_MS);
      return;
    }
    const handle = got.returnKeyHandle ? `handle-${n}` : undefined;
    const { jwt, jkt, key_handle: keyHandle } = take(proof, { jwt: `proof-${n}`, jkt: `jkt-${n}`, key_handle: handle });
    this.#jwt = jwt;
    this.#secrets.add(jwt).add(keyHandle);
    this.#exchange.onProof({ jwt, jkt, keyHandle: bytesOf(keyHandle), iat: 0 }, SIGNER_TOOK_MS);
  }

  #send({ send, answer, lost }) {
    assert.equal(this.#exchange.next, 'send');
    const number = ++this.#sent;
    assert.ok(number <= ATTEMPTS_AT_MOST);
    const proof = ['DPoP', this.#jwt];
    const token = ['Authorization', `DPoP ${this.#options.access_token}`];
    const { headers } = take(send, { headers: this.#options.kind === 'resource' ? [token, proof] : [proof] });
    const got = this.#exchange.attempt();
    assert.deepEqual({ number: got.number, headers: got.headers.toSorted() }, { number, headers: headers.toSorted() });
    if (answer) {
      const received = answerOf(answer);
      this.#body = Buffer.byteLength(received.body) > BODY_BYTES_AT_MOST ? '' : received.body;
      this.#secrets.add(readNonce(received).value);
      this.#exchange.onAnswer(received);
    } else {
      const known = { sent: undefined, code: 'UNAVAILABLE', took_ms: IDP_TOOK_MS };
      const { sent, code, took_ms: tookMs } = take(lost, known);
      this.#exchange.onTransportError(Object.assign(new Error('lost'), { code }), sent, tookMs);
    }
  }

  checkOutcome(expected) {
    assert.equal(this.#exchange.next, 'done');
    const got = this.#exchange.outcome();
    const { signer, ...want } = take(expected, {
      verdict: '', ok: undefined, http_status: undefined, attempts: undefined, ...OUTCOME_DEFAULTS,
      signer_ms: this.#signed * SIGNER_TOOK_MS, idp_ms: Array(this.#sent).fill(IDP_TOOK_MS),
    });
    assert.deepEqual({
      verdict: got.verdict, ok: got.ok, http_status: got.httpStatus, attempts: got.attempts, binding: got.binding,
      hint: got.hint, idp_token_type: got.idpTokenType, jkt: got.jkt, key_handle: got.keyHandle?.toString(),
      error: got.error,
      error_description: got.errorDescription, location_host: got.locationHost, content_type: got.contentType,
      downgrade: got.downgrade, nonce_malformed: got.nonceMalformed, nonce_ambiguous: got.nonceAmbiguous,
      safe_to_repeat: got.safeToRepeat, nonce_challenges: got.nonceChallenges, body_size: got.bodySize,
      retry_after_s: got.retryAfterMs === undefined ? undefined : got.retryAfterMs / 1000,
      clock_skew_ms: got.clockSkewMs, transport: got.transportError?.code, signer_ms: got.signerMs, idp_ms: got.idpMs,
    }, want);
    const { code, reason } = got.signerError ?? {};
    assert.deepEqual({ code, reason }, take(signer ?? {}, { code: undefined, reason: undefined }));
    assert.deepEqual(got.body, this.#body);
    for (const text of [got.error, got.errorDescription, got.idpTokenType, got.contentType, got.locationHost]) {
      for (const secret of this.#secrets) {
        assert.ok(!(secret?.length >= SECRET_CHARACTERS_AT_LEAST && text.includes(secret)), `${text} has a secret`);
      }
    }
  }

  checkNonces(after) {
    const want = new Map(after.map((given) => takeNonce(given)).map(({ key, nonce }) => [JSON.stringify(key), nonce]));
    const { issuer, client_id: clientId } = this.#options;
    const keys = [...want.keys(), ...['as', 'rs'].map((from) => JSON.stringify({ issuer, clientId, from }))];
    for (const key of keys) assert.equal(this.nonces.get(JSON.parse(key)), want.get(key) ?? '', key);
  }
}
