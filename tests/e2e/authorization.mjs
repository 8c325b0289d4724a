// Runs the front-channel half of a login: from the authorization endpoint to a code, with PKCE (RFC 7636).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';

const REDIRECTS_AT_MOST = 10;

// Follows the provider's redirects as a browser would, cookies included, up to the one that leaves for `destination`.
export async function followRedirects(url, destination) {
  const cookies = new Map();
  for (let i = 0; i < REDIRECTS_AT_MOST; i++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    const location = response.headers.get('location');
    assert.ok(location, `GET ${url.pathname}: got ${response.status} and no redirect: ${await response.text()}`);
    for (const line of response.headers.getSetCookie()) {
      // There is one host and one login, so a cookie needs only name and value.
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      cookies.set(name, value);
    }
    url = new URL(location, url);
    if (url.href.startsWith(destination)) return url;
  }
  throw new Error(`authorization: more than ${REDIRECTS_AT_MOST} redirects`);
}

// Returns the parameters of the token request: { code, code_verifier, redirect_uri }. `access` may also pin the code to
// a key with `dpop_jkt` (RFC 9449 section 10).
export async function authorizationCode(metadata, client, { scope = 'openid', resource, dpop_jkt: dpopJkt }) {
  const [redirectUri] = client.redirect_uris;
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...(resource && { resource }),
    ...(dpopJkt && { dpop_jkt: dpopJkt }),
  });
  const { searchParams: answer } = await followRedirects(url, redirectUri);
  assert.equal(answer.get('error'), null, answer.get('error_description'));
  assert.equal(answer.get('state'), state);
  assert.equal(answer.get('iss'), metadata.issuer); // RFC 9207: the response names the issuer that was asked.
  return { code: answer.get('code'), code_verifier: verifier, redirect_uri: redirectUri };
}
