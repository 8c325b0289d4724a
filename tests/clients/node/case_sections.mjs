// Runs the sections of tests/exchange/exchange_cases.json, each a function of one case.
import assert from 'node:assert/strict';

import {
  AlgorithmError, MetadataCache, chooseAlgorithm, freshForSeconds, logRecord, parseServerMetadata, withMtlsAliases,
} from '../../../clients/node/index.mjs';
import { readChallenges, readNonce } from '../../../clients/node/src/exchange/http_answer.mjs';
import { newOutcome } from '../../../clients/node/src/exchange/outcome.mjs';
import { OUTCOME_DEFAULTS, Play, take } from './case_play.mjs';

const SECRET = 's3cr3t';

export function challenges(given) {
  const { www_authenticate: values, challenges: want } = take(given, { www_authenticate: [], challenges: [] });
  const got = readChallenges({ headers: values.map((value) => ['WWW-Authenticate', value]) });
  assert.deepEqual(got.map(({ parameters, ...rest }) => ({ ...rest, parameters: Object.fromEntries(parameters) })),
    want.map((challenge) => take(challenge, { scheme: '', token68: '', parameters: {} })));
}

export function nonces(given) {
  const { headers, nonce, ...flags } = take(given, { headers: [], nonce: '', malformed: false, ambiguous: false });
  assert.deepEqual(readNonce({ headers }), { value: nonce, ...flags });
}

export function algorithm_choice(given) {
  const { wanted, published, if_not_advertised: ifNotAdvertised, exact_label: exactLabel, code, error, ...want } = take(given, {
    wanted: [], published: undefined, if_not_advertised: 'try_first', exact_label: false, algorithm: undefined,
    advertised: true, code: undefined, error: undefined,
  });
  const choose = () => chooseAlgorithm(wanted, { dpop_signing_alg_values_supported: published }, { ifNotAdvertised, exactLabel });
  if (error === undefined) {
    assert.deepEqual(choose(), want);
    return;
  }
  const type = { FAILED_PRECONDITION: AlgorithmError, INVALID_ARGUMENT: TypeError }[code];
  assert.throws(choose, (thrown) => thrown instanceof type && thrown.message === error);
}

export function server_metadata(given) {
  const { issuer, transport, metadata, text = JSON.stringify(metadata), error, ...want } = take(given, {
    issuer: 'https://idp.example', transport: 'tls', metadata: undefined, text: undefined, endpoints: undefined,
    mtls_endpoints: given.endpoints, algorithms: undefined, error: undefined,
  });
  const parse = () => parseServerMetadata(text, issuer, { allowHttpOnLoopback: transport === 'tls_or_loopback' });
  if (error !== undefined) {
    assert.throws(parse, (thrown) => {
      assert.deepEqual([thrown.name, thrown.message], ['TypeError', error]);
      return true;
    });
    return;
  }
  const endpointsOf = (members) => Object.fromEntries(
    Object.entries(members).filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri'),
  );
  const got = parse();
  assert.equal(got.issuer, issuer);
  assert.deepEqual({
    endpoints: endpointsOf(got), mtls_endpoints: endpointsOf(withMtlsAliases(got)),
    algorithms: got.dpop_signing_alg_values_supported,
  }, want);
}

export function freshness(given) {
  const { cache_control: cacheControl, fresh_for_s: freshFor, steps } = take(given, {
    cache_control: undefined, fresh_for_s: undefined, steps: [],
  });
  if (cacheControl !== undefined) assert.equal(freshForSeconds(cacheControl), freshFor);
  const cache = new MetadataCache();
  for (const step of steps) {
    const { at_s: at, store, algorithms, change, fetch_failed: failed, should_fetch: shouldFetch, doubt } = take(step, {
      at_s: undefined, store: undefined, algorithms: undefined, change: '', fetch_failed: false, should_fetch: undefined,
      doubt: false,
    });
    const now = at * 1000;
    if (store !== undefined) {
      assert.equal(cache.store({ dpop_signing_alg_values_supported: algorithms }, store, now), change);
    }
    if (failed) cache.onFetchFailed(now);
    if (doubt) cache.doubt();
    if (shouldFetch !== undefined) assert.equal(cache.shouldFetch(now), shouldFetch, `at ${at} s`);
  }
}

function outcomeOf(given) {
  const { signer, ...outcome } = take(given, {
    verdict: '', ok: false, http_status: 0, attempts: 0, ...OUTCOME_DEFAULTS, signer_ms: 0, idp_ms: [], body: '',
  });
  const known = { code: '', reason: undefined, field: undefined, message: '' };
  return Object.assign(newOutcome(), {
    verdict: outcome.verdict, ok: outcome.ok, binding: outcome.binding, hint: outcome.hint,
    idpTokenType: outcome.idp_token_type, downgrade: outcome.downgrade, jkt: outcome.jkt,
    keyHandle: outcome.key_handle, error: outcome.error, errorDescription: outcome.error_description,
    httpStatus: outcome.http_status, attempts: outcome.attempts, nonceChallenges: outcome.nonce_challenges,
    nonceMalformed: outcome.nonce_malformed, nonceAmbiguous: outcome.nonce_ambiguous,
    safeToRepeat: outcome.safe_to_repeat, clockSkewMs: outcome.clock_skew_ms, locationHost: outcome.location_host,
    retryAfterMs: outcome.retry_after_s === undefined ? undefined : outcome.retry_after_s * 1000,
    contentType: outcome.content_type, bodySize: outcome.body_size, signerError: signer && take(signer, known),
    transportError: outcome.transport, signerMs: outcome.signer_ms, idpMs: outcome.idp_ms, body: outcome.body,
  });
}

export function log_records(given) {
  const { context, configured, token, userinfo, record } = take(given, {
    context: {}, configured: undefined, token: {}, userinfo: undefined, record: undefined,
  });
  const members = take(context, { issuer: '', client_id: '', grant_type: '', trace_id: '', later_failure: '' });
  const got = logRecord({
    issuer: members.issuer, clientId: members.client_id, grantType: members.grant_type, traceId: members.trace_id,
    laterFailure: members.later_failure,
  }, configured, outcomeOf(token), userinfo && outcomeOf(userinfo));
  assert.notEqual(got.description, '');
  assert.deepEqual(got, { description: got.description, ...record });
  assert.ok(!JSON.stringify(got).includes(SECRET));
}

export function exchanges(given) {
  const members = { exchange: undefined, nonces_before: [], steps: [], outcome: undefined, nonces_after: [] };
  const { exchange, nonces_before: before, steps, outcome, nonces_after: after } = take(given, members);
  const play = new Play(exchange);
  play.putNonces(before);
  play.start();
  for (const step of steps) play.step(step);
  play.checkOutcome(outcome);
  play.checkNonces(after);
}
