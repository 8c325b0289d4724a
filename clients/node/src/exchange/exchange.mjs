// Exchange is one HTTP request with a DPoP proof to an identity provider. It decides what to do next and does no I/O: a
// driver asks `next`, does it, and reports the result.
//
// It signs a proof for each attempt, sends it once, and makes a second attempt only if the server refused the first and
// offered another nonce. There is no third, and none without a proof.
import { SignerError } from '../signer/errors.mjs';
import { clockSkewMs, headerValues, locationHost, readNonce, retryAfterMs } from './http_answer.mjs';
import { parseJsonObject, stringMember } from './json_object.mjs';
import { hintOfChallenge, isHiddenChallenge, nonceToTry, offersNewNonce } from './nonce_rules.mjs';
import { newOutcome } from './outcome.mjs';
import { redact } from './redact.mjs';
import { judgeRefusal } from './refusal.mjs';
import { isRepeatable } from './repeatable.mjs';
import { readServerError } from './server_error.mjs';
import { bindingOf, isAccessToken, judgeToken } from './token_answer.mjs';

const ATTEMPTS_AT_MOST = 2;
const BODY_BYTES_AT_MOST = 1 << 20;
const PROOF = /^[A-Za-z0-9\-_.]+$/;
const SIGNER_UNAVAILABLE = ['UNAVAILABLE', 'CANCELLED', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED'];

// Returns the options with their defaults.
function withDefaults({
  issuer, clientId, url, algorithm = 'ES256', keyHandle, returnKeyHandle = false, confidentialClient = false,
  iatOffset = 0, binding = 'report',
}) {
  return { issuer, clientId, url, algorithm, keyHandle, returnKeyHandle, confidentialClient, iatOffset, binding };
}

export class Exchange {
  #options;
  #endpoint; // "token", "pushed" or "resource"
  #nonces;
  #nonceKey;
  #grantType = '';
  #htm = 'POST';
  #accessToken;
  #scheme = 'DPoP';
  #next = 'sign';
  #number = 1;
  #sentNonce;
  #keyHandle;
  #returnKeyHandle;
  #proof;
  #firstProof;
  #received; // The nonce of the last answer.
  #secrets = new Set(); // The access token, and all proofs and nonces that were sent or received.
  #bodySize = 0;
  #contentType = '';
  #outcome = newOutcome();

  constructor(options, endpoint, nonces) {
    this.#options = withDefaults(options);
    this.#endpoint = endpoint;
    this.#nonces = nonces;
    const { issuer, clientId, keyHandle } = this.#options;
    this.#nonceKey = { issuer, clientId, from: endpoint === 'resource' ? 'rs' : 'as' };
    this.#keyHandle = keyHandle;
    this.#returnKeyHandle = this.#options.returnKeyHandle;
    this.#sentNonce = nonces.get(this.#nonceKey);
  }

  // A token request: POST to the token endpoint (RFC 9449 section 5).
  static token(options, grantType, nonces) {
    const exchange = new Exchange(options, 'token', nonces);
    exchange.#grantType = grantType;
    return exchange;
  }

  // A pushed authorization request: POST (RFC 9126, RFC 9449 section 10.1).
  static pushed(options, nonces) {
    return new Exchange(options, 'pushed', nonces);
  }

  // A request of a protected resource, such as userinfo (RFC 9449 section 7). `tokenType` is the token's as the
  // provider gave it: a token of type DPoP is sent with a proof that names it ("ath"), one of type Bearer or without a
  // type as bearer and without a proof. Others are not sent.
  static resource(options, htm, accessToken, tokenType, nonces) {
    const exchange = new Exchange(options, 'resource', nonces);
    exchange.#htm = htm;
    exchange.#accessToken = accessToken;
    exchange.#secrets.add(accessToken);
    exchange.#startResource(tokenType.toLowerCase());
    return exchange;
  }

  #startResource(tokenType) {
    const bound = tokenType === 'dpop';
    const bearer = (tokenType === 'bearer' || tokenType === '') && this.#options.binding === 'report';
    if (!isAccessToken(this.#accessToken) || (!bound && !bearer)) {
      this.#finish('not_sent', { hint: 'token_not_usable' });
    } else if (bearer && !bound) {
      this.#scheme = 'Bearer';
      this.#sentNonce = '';
      this.#next = 'send';
    }
  }

  // "sign": sign proofRequest(), then onProof. "send": send attempt(), then onAnswer or onTransportError. "done": read
  // outcome().
  get next() {
    return this.#next;
  }

  #expect(next) {
    if (this.#next !== next) throw new Error(`exchange: next is ${this.#next}, got the call for ${next}`);
  }

  // Returns the argument of SignerClient.signProof.
  proofRequest() {
    this.#expect('sign');
    const { algorithm, url, iatOffset } = this.#options;
    return {
      algorithm, htm: this.#htm, htu: url, nonce: this.#sentNonce, accessToken: this.#accessToken,
      keyHandle: this.#keyHandle, returnKeyHandle: this.#returnKeyHandle, iatOffset,
    };
  }

  // Reports the proof, or the error of the signer.
  onProof(proof, tookMs = 0) {
    this.#expect('sign');
    this.#outcome.signerMs += tookMs;
    if (proof instanceof Error) {
      this.#onSignerError(proof);
      return;
    }
    if (!PROOF.test(proof.jwt) || proof.jwt === this.#firstProof) {
      this.#onSignerError(new SignerError('INTERNAL', 'signer: not a proof, or the same one again'));
      return;
    }
    this.#firstProof = proof.jwt;
    this.#secrets.add(proof.jwt);
    this.#proof = proof;
    this.#outcome.jkt = proof.jkt;
    this.#outcome.keyHandle = proof.keyHandle ?? this.#keyHandle;
    this.#next = 'send';
  }

  #onSignerError(error) {
    const passing = SIGNER_UNAVAILABLE.includes(error.code);
    // A confidential client's refresh token is not bound to a key (RFC 9449 section 5).
    const replaceable = this.#options.confidentialClient && this.#grantType === 'refresh_token';
    if (error.reason === 'INVALID_KEY_HANDLE' && replaceable && this.#keyHandle !== undefined) {
      this.#keyHandle = undefined;
      this.#returnKeyHandle = true; // The new token is bound to a key that the caller has no handle of.
      return;
    }
    this.#outcome.httpStatus = 0;
    this.#finish(passing ? 'signer_unavailable' : 'signer_refused', {
      signerError: error,
      error: passing && error.reason === 'KEY_GENERATION_FAILED' ? 'dpop_key_generation_failed' : '',
      errorDescription: '',
      // A first attempt that asked for another nonce was not carried out.
      safeToRepeat: passing,
    });
  }

  // Returns { number, headers }: the headers to add, exactly these. They are secret. A client assertion (RFC 7523) is
  // for one attempt: make a new one. Send it at once, and never twice: not even after a network error.
  attempt() {
    this.#expect('send');
    const headers = [];
    if (this.#endpoint === 'resource') headers.push(['Authorization', `${this.#scheme} ${this.#accessToken}`]);
    if (this.#proof) headers.push(['DPoP', this.#proof.jwt]);
    return { number: this.#number, headers };
  }

  // Reports that no answer came. `sent`: the request, or a part of it, may have reached the server.
  onTransportError(error, sent, tookMs = 0) {
    this.#expect('send');
    this.#outcome.attempts++;
    this.#outcome.idpMs.push(tookMs);
    this.#outcome.httpStatus = 0;
    const repeatable = isRepeatable(this.#endpoint, this.#htm, this.#grantType);
    this.#finish('idp_unavailable', { transportError: error, safeToRepeat: !sent || repeatable });
  }

  onAnswer(answer) {
    this.#expect('send');
    this.#record(answer);
    const error = readServerError(answer, this.#outcome.body, this.#endpoint === 'resource');
    const { status } = answer;
    if (status >= 200 && status <= 299) this.#onSuccess(error);
    else if (status >= 300 && status <= 399) this.#onRedirect(answer, error);
    else if (status < 400 || status > 599) this.#fail('malformed_answer', error);
    else if (status <= 499 && error.code === 'use_dpop_nonce' && this.#proof) this.#onChallenge(error);
    else if (this.#mayRetry() && isHiddenChallenge(status, error.code)) this.#retry(this.#received.value);
    else this.#onRefusal(answer, error);
  }

  #onRedirect(answer, error) {
    this.#fail('malformed_answer', error, { hint: 'redirected', locationHost: locationHost(answer) });
  }

  // Keeps what every answer tells, whatever it is.
  #record(answer) {
    const outcome = this.#outcome;
    const nonce = readNonce(answer);
    this.#received = nonce;
    this.#secrets.add(this.#sentNonce).add(nonce.value);
    if (nonce.value) this.#nonces.put(this.#nonceKey, nonce.value);
    outcome.nonceMalformed ||= nonce.malformed;
    outcome.nonceAmbiguous ||= nonce.ambiguous;
    outcome.attempts++;
    outcome.httpStatus = answer.status;
    outcome.clockSkewMs = clockSkewMs(answer) ?? outcome.clockSkewMs;
    outcome.idpMs.push(Math.max(0, answer.receivedAt - answer.sentAt) || 0);
    this.#bodySize = Buffer.byteLength(answer.body);
    outcome.body = this.#bodySize > BODY_BYTES_AT_MOST ? '' : answer.body;
    this.#contentType = redact(headerValues(answer, 'content-type')[0] ?? '', this.#secrets);
  }

  #mayRetry() {
    const offered = this.#proof !== undefined && offersNewNonce(this.#received, this.#sentNonce);
    return offered && this.#number < ATTEMPTS_AT_MOST;
  }

  #retry(nonce) {
    this.#outcome.nonceChallenges++;
    this.#outcome.body = '';
    this.#sentNonce = nonce;
    this.#number++;
    this.#proof = undefined;
    this.#next = 'sign';
  }

  #onChallenge(error) {
    const nonce = nonceToTry(this.#received, this.#sentNonce);
    if (nonce === '') this.#nonces.forget(this.#nonceKey, this.#sentNonce);
    if (nonce !== undefined && this.#number < ATTEMPTS_AT_MOST) {
      this.#retry(nonce);
      return;
    }
    this.#outcome.nonceChallenges++;
    this.#fail('nonce_rejected', error, { hint: hintOfChallenge(this.#received, this.#sentNonce) });
  }

  #onRefusal(answer, error) {
    const { status } = answer;
    const isUnauthorized = this.#endpoint === 'resource' && status === 401 && this.#proof !== undefined;
    const { verdict, hint } = judgeRefusal(status, error, {
      withProof: this.#proof !== undefined,
      algorithm: this.#options.algorithm,
      jkt: this.#outcome.jkt,
      keyHandle: this.#keyHandle,
      boundToken: isUnauthorized ? this.#accessToken : undefined,
      bodyTooLarge: this.#bodySize > BODY_BYTES_AT_MOST,
    });
    if (verdict !== 'idp_unavailable') {
      this.#fail(verdict, error, { hint });
      return;
    }
    const delay = retryAfterMs(answer);
    const repeatable = isRepeatable(this.#endpoint, this.#htm, this.#grantType);
    const notCarriedOut = (status === 429 || status === 503) && delay !== undefined;
    this.#fail(verdict, error, { retryAfterMs: delay, safeToRepeat: repeatable || notCarriedOut });
  }

  #onSuccess(error) {
    const object = parseJsonObject(this.#outcome.body) ?? {};
    if (this.#bodySize > BODY_BYTES_AT_MOST) this.#fail('malformed_answer', error, { hint: 'body_too_large' });
    else if (this.#endpoint === 'resource') this.#onResource();
    else if (this.#endpoint === 'pushed' && stringMember(object, 'request_uri')) this.#finish('granted', { ok: true });
    else if (this.#endpoint === 'token' && isAccessToken(stringMember(object, 'access_token'))) this.#onToken(object);
    else this.#fail('malformed_answer', error);
  }

  #onResource() {
    if (!this.#proof) {
      this.#finish('not_bound', { ok: true });
      return;
    }
    this.#finish('granted', { ok: true, binding: bindingOf(this.#accessToken, this.#proof.jkt, 'claimed') });
  }

  #onToken(object) {
    const { binding, returnKeyHandle, keyHandle } = this.#options;
    const policy = { required: binding === 'require', keepsKey: returnKeyHandle || keyHandle !== undefined };
    const { verdict, ...members } = judgeToken(object, this.#proof.jkt, policy);
    this.#finish(verdict, members);
  }

  #fail(verdict, { code, description }, changes = {}) {
    const texts = { error: redact(code, this.#secrets), errorDescription: redact(description, this.#secrets) };
    this.#finish(verdict, { ...texts, ...changes });
  }

  #finish(verdict, changes) {
    const outcome = Object.assign(this.#outcome, { verdict }, changes);
    if (verdict === 'malformed_answer' || (verdict === 'refused' && outcome.error === '')) {
      outcome.contentType = this.#contentType;
      outcome.bodySize = this.#bodySize;
    }
    this.#next = 'done';
  }

  // Returns how it ended; index.d.ts describes it.
  outcome() {
    this.#expect('done');
    return this.#outcome;
  }
}
