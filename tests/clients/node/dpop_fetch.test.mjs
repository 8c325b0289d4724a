// Tests what dpopFetch makes of requests and answers, with a stand-in for the provider and for the signer. The test
// openid_client.test.mjs of tests/e2e has real ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ExchangeError, SignerError, dpopFetch } from '../../../clients/node/index.mjs';

const ISSUER = 'https://idp.example';
const TOKEN = { access_token: 'an-access-token', token_type: 'DPoP', refresh_token: 'a-refresh-token' };
const json = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });
const tokenRequest = (parameters = {}) => ({
  method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code: 'a-code', ...parameters }),
});

// Returns a fetch, and what was signed, sent and reported. `answers` are given in turn; the last one stays.
function start(answers, options = {}) {
  const seen = { signed: [], sent: [], outcomes: [] };
  const signer = {
    async signProof(request) {
      const n = seen.signed.push(request);
      const keyHandle = request.returnKeyHandle ? Buffer.from(`key-${n}`) : undefined;
      return { jwt: `proof-${n}`, jkt: `jkt-${n}`, iat: 0, keyHandle };
    },
  };
  const respond = async (url, init) => {
    const { headers, body } = init;
    seen.sent.push({ url, headers: Object.fromEntries(headers), body: body?.toString(), init });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return answer();
  };
  const fetching = dpopFetch(options.signer ?? signer, {
    issuer: ISSUER, clientId: 'broker', algorithm: 'ES256', fetch: respond,
    onOutcome: (outcome, about) => seen.outcomes.push({ ...outcome, ...about }), ...options,
  });
  return { fetching, ...seen };
}

test('a request without a grant or a token passes untouched', async () => {
  const { fetching, signed, sent } = start([() => json(200, {})]);
  await fetching(`${ISSUER}/.well-known/openid-configuration`);
  const body = new URLSearchParams({ token: 'x' });
  await fetching(`${ISSUER}/introspect`, { method: 'POST', body, redirect: 'follow' });
  await fetching(`${ISSUER}/resource`, { headers: { authorization: 'Basic YTpi' } });
  assert.equal(signed.length, 0);
  assert.equal(sent[1].body, 'token=x');
  assert.equal(sent[1].init.redirect, 'follow');
  for (const { headers } of sent) assert.equal(headers.dpop, undefined);
});

test('a challenge is answered by a new proof, and the answer is the library\'s', async () => {
  const { fetching, signed, sent, outcomes } = start([
    () => json(400, { error: 'use_dpop_nonce' }, { 'DPoP-Nonce': 'n-1' }), () => json(200, TOKEN, { 'X-Other': 'kept' }),
  ], { traceId: () => 'a-trace' });
  const response = await fetching(`${ISSUER}/token?tenant=1`, tokenRequest());
  assert.deepEqual(await response.json(), TOKEN);
  assert.equal(response.headers.get('x-other'), 'kept');
  assert.deepEqual(signed.map(({ htm, htu, nonce }) => [htm, htu, nonce]), [
    ['POST', `${ISSUER}/token?tenant=1`, ''], ['POST', `${ISSUER}/token?tenant=1`, 'n-1'],
  ]);
  assert.deepEqual(sent.map(({ headers, body }) => [headers.dpop, body]), [
    ['proof-1', 'grant_type=authorization_code&code=a-code'], ['proof-2', 'grant_type=authorization_code&code=a-code'],
  ]);
  assert.equal(sent[0].init.redirect, 'manual');
  const [{ kind, grantType, record }] = outcomes;
  assert.deepEqual([kind, grantType, record.attempts, record.trace_id], ['token', 'authorization_code', 2, 'a-trace']);
});

test('a Request with a stream for a body can be sent twice', async () => {
  const { fetching, sent } = start([
    () => json(400, { error: 'use_dpop_nonce' }, { 'DPoP-Nonce': 'n-1' }), () => json(200, TOKEN),
  ]);
  const { method, body } = tokenRequest();
  await fetching(new Request(`${ISSUER}/token`, { method, body }));
  assert.equal(sent[0].body, sent[1].body);
  assert.match(sent[0].headers['content-type'], /^application\/x-www-form-urlencoded/);
});

test('a token is later sent with its key, and so is its refresh token', async () => {
  const { fetching, signed, sent } = start([() => json(200, TOKEN)]);
  await fetching(`${ISSUER}/token`, tokenRequest());
  await fetching(`${ISSUER}/userinfo`, { headers: { authorization: `Bearer ${TOKEN.access_token}` } });
  await fetching(`${ISSUER}/token`, tokenRequest({ grant_type: 'refresh_token', refresh_token: TOKEN.refresh_token }));
  assert.deepEqual(sent[1].headers, { authorization: `DPoP ${TOKEN.access_token}`, dpop: 'proof-2' });
  assert.deepEqual([signed[1].htm, signed[1].accessToken], ['GET', TOKEN.access_token]);
  assert.deepEqual(signed.map(({ keyHandle }) => keyHandle?.toString()), [undefined, 'key-1', 'key-1']);
});

test('a bearer token stays one', async () => {
  const { fetching, signed, sent, outcomes } = start([() => json(200, { ...TOKEN, token_type: 'Bearer' })]);
  await fetching(`${ISSUER}/token`, tokenRequest());
  for (const token of [TOKEN.access_token, 'of-another-process']) {
    await fetching(`${ISSUER}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual(sent.at(-1).headers, { authorization: `Bearer ${token}` });
  }
  assert.equal(signed.length, 1);
  assert.deepEqual([outcomes[0].verdict, outcomes[0].record.downgrade], ['not_bound', true]);
  assert.deepEqual(outcomes[1].record.upstream_userinfo_fetch, { status: 200, dpop_bound: false });
});

test('with the key handle of another process, tokens are sent bound', async () => {
  const { fetching, signed, sent } = start([() => json(200, {})], { keyHandle: Buffer.from('key') });
  await fetching(`${ISSUER}/userinfo`, { headers: { authorization: 'Bearer a-token' } });
  assert.equal(sent[0].headers.authorization, 'DPoP a-token');
  assert.equal(signed[0].keyHandle.toString(), 'key');
});

test('a granted token that must not be used does not get out', async () => {
  const { fetching } = start([() => json(200, { ...TOKEN, token_type: 'Bearer' })], { binding: 'require' });
  await assert.rejects(fetching(`${ISSUER}/token`, tokenRequest()), (error) => {
    assert.ok(error instanceof ExchangeError);
    assert.deepEqual([error.outcome.verdict, error.message.includes(TOKEN.access_token)], ['not_bound', false]);
    return true;
  });
});

test('a refusal and a redirect are answers, not errors', async () => {
  const { fetching, outcomes } = start([
    () => json(400, { error: 'invalid_grant' }),
    () => new Response(null, { status: 302, headers: { location: 'https://evil.example/' } }),
  ]);
  assert.deepEqual(await (await fetching(`${ISSUER}/token`, tokenRequest())).json(), { error: 'invalid_grant' });
  assert.equal((await fetching(`${ISSUER}/token`, tokenRequest())).status, 302);
  assert.deepEqual(outcomes.map(({ verdict }) => verdict), ['refused', 'malformed_answer']);
});

test('the body of a resource is not read before its caller does', async () => {
  const pull = (controller) => controller.enqueue(new Uint8Array(1 << 16));
  const endless = () => new Response(new ReadableStream({ pull }));
  const empty = () => new Response(null, { status: 204 });
  const { fetching, outcomes } = start([endless, empty], { keyHandle: Buffer.from('key') });
  const response = await fetching('https://api.example/', { headers: { authorization: 'DPoP a-token' } });
  assert.equal(response.bodyUsed, false);
  await response.body.cancel();
  assert.equal((await fetching('https://api.example/', { headers: { authorization: 'DPoP a-token' } })).status, 204);
  assert.deepEqual(outcomes.map(({ verdict }) => verdict), ['granted', 'granted']);
});

test('a network error is that of fetch, and is told apart by whether anything was sent', async () => {
  for (const [code, sent] of [['ECONNREFUSED', false], ['ECONNRESET', true]]) {
    const failure = new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
    const { fetching, outcomes } = start([() => Promise.reject(failure)]);
    await assert.rejects(fetching(`${ISSUER}/token`, tokenRequest()), failure);
    assert.deepEqual([outcomes[0].verdict, outcomes[0].safeToRepeat], ['idp_unavailable', !sent]);
  }
});

test('an abort ends the exchange with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('the user went away');
  const signer = {
    signProof: (_request, { signal }) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      controller.abort(reason);
    }),
  };
  const { fetching, sent } = start([() => json(200, TOKEN)], { signer });
  await assert.rejects(fetching(`${ISSUER}/token`, { ...tokenRequest(), signal: controller.signal }), reason);
  assert.equal(sent.length, 0);
});

test('the signer\'s error is the cause of the failure', async () => {
  const cause = new SignerError('UNAVAILABLE', 'no key', { reason: 'KEY_GENERATION_FAILED' });
  const { fetching, outcomes } = start([], { signer: { signProof: () => Promise.reject(cause) } });
  await assert.rejects(fetching(`${ISSUER}/token`, tokenRequest()), { name: 'ExchangeError', cause });
  assert.equal(outcomes[0].record.error, 'dpop_key_generation_failed');
});

test('options that are missing are named', () => {
  assert.throws(() => dpopFetch({}, { issuer: ISSUER, clientId: 'broker' }), /algorithm: want a string/);
});
