// dpopFetch is a fetch that adds DPoP proofs, for OAuth libraries that take a fetch of their caller's, such as
// openid-client and oauth4webapi. index.d.ts describes it for its users.
//
// What a request is shows in the request itself, so no configuration can be wrong: a form with `grant_type` is a token
// request, one with `response_type` or `request` a pushed authorization request, and one with an access token in its
// header Authorization is for a protected resource. Everything else passes through untouched.
import { createHash } from 'node:crypto';

import { Exchange } from './exchange.mjs';
import { logRecord } from './log_record.mjs';
import { NonceStore } from './nonce_store.mjs';
import { runExchange } from './run.mjs';

const TOKENS_AT_MOST = 4_096;
const NULL_BODY_STATUSES = [101, 103, 204, 205, 304];

// ExchangeError says why a token or an answer must not be used, or why there is none. `outcome` has the details.
export class ExchangeError extends Error {
  constructor(message, outcome) {
    super(message, { cause: outcome.signerError });
    this.name = 'ExchangeError';
    this.outcome = outcome;
  }
}

// TokenKeys remembers, for the tokens that came lately, to which key each is bound. It holds hashes, not tokens.
class TokenKeys {
  #entries = new Map();

  static #hash(token) {
    return createHash('sha256').update(token).digest('base64');
  }

  put(token, entry) {
    if (typeof token !== 'string') return;
    this.#entries.set(TokenKeys.#hash(token), entry);
    if (this.#entries.size > TOKENS_AT_MOST) this.#entries.delete(this.#entries.keys().next().value);
  }

  get(token) {
    return token === undefined || token === null ? undefined : this.#entries.get(TokenKeys.#hash(token));
  }
}

// Returns what a request is: { kind, form, grantType } or { kind, scheme, token }; undefined if no proof belongs to it.
function classify(method, headers, body) {
  const type = headers.get('content-type') ?? '';
  if (method === 'POST' && /^application\/x-www-form-urlencoded\b/i.test(type)) {
    const form = new URLSearchParams(body);
    if (form.has('grant_type')) return { kind: 'token', form, grantType: form.get('grant_type') };
    if (form.has('response_type') || form.has('request')) return { kind: 'pushed', form };
  }
  const [, scheme, token] = /^(bearer|dpop) +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? [];
  return token === undefined ? undefined : { kind: 'resource', scheme: scheme.toLowerCase(), token };
}

class DpopFetch {
  #signer;
  #options;
  #nonces;
  #tokenKeys = new TokenKeys();

  constructor(signer, options) {
    for (const name of ['issuer', 'clientId', 'algorithm']) {
      if (typeof options[name] !== 'string' || options[name] === '') throw new TypeError(`${name}: want a string`);
    }
    this.#signer = signer;
    this.#options = options;
    this.#nonces = options.nonces ?? new NonceStore();
  }

  async fetch(input, init = {}) {
    const send = this.#options.fetch ?? globalThis.fetch;
    const request = new Request(input, { ...init, ...(init.body && { duplex: 'half' }) });
    // A stream can be read once, but the request may have to be made twice.
    const body = request.body ? Buffer.from(await request.arrayBuffer()) : undefined;
    const { method, headers, redirect, signal } = request;
    const parts = { ...init, method, headers, redirect, signal, body };
    const what = classify(method, headers, body?.toString());
    // The proof of a pushed request pins the code to its key (RFC 9449 section 10.1), so there must be a key to come
    // back to.
    const needsProof = what && (what.kind !== 'pushed' || this.#options.keyHandle !== undefined);
    if (!needsProof) return send(request.url, parts);
    return this.#exchange(what, request.url, parts, send);
  }

  async #exchange(what, url, parts, send) {
    const { exchange, key } = this.#newExchange(what, url, parts.method);
    let response;
    const attempt = async ({ number, headers }) => {
      const request = await this.#attemptOf(what, parts, number, headers);
      response = await send(url, request);
      return response;
    };
    const outcome = await runExchange(exchange, this.#signer, attempt, {
      readsBody: ({ ok }) => what.kind !== 'resource' || !ok, signal: parts.signal,
    });
    this.#report(what, key, outcome);
    return this.#result(outcome, response);
  }

  #newExchange({ kind, form, grantType, scheme, token }, url, method) {
    const { issuer, clientId, algorithm, confidentialClient, iatOffset, binding } = this.#options;
    if (form?.has('client_assertion') && !this.#options.authenticate) {
      throw new TypeError('authenticate: missing, want a function, because a client assertion must not be sent twice');
    }
    const key = this.#tokenKeys.get(kind === 'resource' ? token : form?.get('refresh_token'));
    const keyHandle = this.#options.keyHandle ?? key?.keyHandle;
    const options = {
      issuer, clientId, algorithm, url, keyHandle, confidentialClient, iatOffset, binding,
      returnKeyHandle: kind === 'token',
    };
    switch (kind) {
      case 'token': return { key, exchange: Exchange.token(options, grantType, this.#nonces) };
      case 'pushed': return { key, exchange: Exchange.pushed(options, this.#nonces) };
      default: {
        // Libraries that know nothing of the proof call every token a bearer token.
        const bound = scheme === 'dpop' || this.#options.keyHandle !== undefined || key?.tokenType === 'dpop';
        return { key, exchange: Exchange.resource(options, method, token, bound ? 'dpop' : 'bearer', this.#nonces) };
      }
    }
  }

  // Returns the second argument of fetch for an attempt.
  async #attemptOf({ form }, parts, number, added) {
    const headers = new Headers(parts.headers);
    let { body } = parts;
    if (number > 1 && form && this.#options.authenticate) {
      const again = new URLSearchParams(form);
      await this.#options.authenticate(again, headers);
      body = again.toString();
      headers.delete('content-length');
    }
    for (const [name, value] of added) headers.set(name, value);
    // A redirect would take the client's secret, the code and the proof to another URL.
    return { ...parts, headers, body, redirect: 'manual' };
  }

  #report(what, key, outcome) {
    const { issuer, clientId, algorithm, onOutcome, traceId } = this.#options;
    const context = { issuer, clientId, traceId: traceId?.(), grantType: what.grantType ?? key?.grantType };
    if (what.kind === 'token' && outcome.ok) {
      const tokens = JSON.parse(outcome.body);
      const entry = {
        keyHandle: outcome.keyHandle, tokenType: outcome.idpTokenType, grantType: what.grantType,
        outcome: { ...outcome, body: '' },
      };
      this.#tokenKeys.put(tokens.access_token, entry);
      this.#tokenKeys.put(tokens.refresh_token, entry);
    }
    if (!onOutcome) return;
    let record;
    if (what.kind === 'token') record = logRecord(context, algorithm, outcome);
    else if (key && what.kind === 'resource') record = logRecord(context, algorithm, key.outcome, outcome);
    onOutcome(outcome, { kind: what.kind, grantType: context.grantType, record });
  }

  #result(outcome, response) {
    if (outcome.transportError) throw outcome.transportError;
    if (outcome.httpStatus === 0) {
      const why = outcome.signerError ? `: ${outcome.signerError.message}` : '';
      throw new ExchangeError(`${outcome.verdict}${why}`, outcome);
    }
    const usable = outcome.ok || outcome.httpStatus < 200 || outcome.httpStatus > 299;
    if (outcome.signerError || !usable) throw new ExchangeError(outcome.verdict, outcome);
    if (!response.bodyUsed) return response;
    const { status, statusText, headers } = response;
    return new Response(NULL_BODY_STATUSES.includes(status) ? null : outcome.body, { status, statusText, headers });
  }
}

export function dpopFetch(signer, options) {
  const dpop = new DpopFetch(signer, options);
  return (input, init) => dpop.fetch(input, init);
}
