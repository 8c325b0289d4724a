// Reads what an identity provider publishes of itself: OpenID Connect Discovery 1.0 section 4 and RFC 8414.
import { normalizeHtu } from './htu.mjs';
import { isObject, parseJsonObject } from './json_object.mjs';
import { printable } from './printable.mjs';

const METADATA_BYTES_AT_MOST = 1 << 20;

const ENDPOINTS_WITH_ALIAS = [
  'token_endpoint', 'userinfo_endpoint', 'introspection_endpoint', 'revocation_endpoint',
  'pushed_authorization_request_endpoint',
];
const ENDPOINTS = [...ENDPOINTS_WITH_ALIAS, 'authorization_endpoint', 'jwks_uri'];
const ALGORITHMS = 'dpop_signing_alg_values_supported';
const LISTS = ['code_challenge_methods_supported', 'response_types_supported', 'grant_types_supported', ALGORITHMS];

// Returns a member of the metadata, or undefined if it is not published: null counts as that.
const find = (object, name) => (Object.hasOwn(object, name) ? object[name] ?? undefined : undefined);

// Cuts a URL in three: "https", "idp.example:8443", "/a?b#c".
function split(url) {
  const [, scheme, authority, rest] = /^(.*?):\/\/([^/?#]*)(.*)$/s.exec(url) ?? [undefined, '', '', url];
  return { scheme, authority, rest };
}

// Returns whether an authority, in lower case, is an address of this host. A name such as 127.evil.example is not.
function isLoopback(authority) {
  const [host] = /^(?:\[[^\]]*\]|[^:]*)/.exec(authority);
  return host === 'localhost' || host === '[::1]' || /^127\.[0-9.]*$/.test(host);
}

function checkUrl(member, url, allowHttpOnLoopback) {
  let htu;
  try {
    htu = normalizeHtu(url);
  } catch (error) {
    throw new TypeError(`${member}: ${error.message}`);
  }
  if (url.includes('#')) throw new TypeError(`${member}: a fragment is not allowed`);
  const { scheme, authority } = split(htu);
  if (scheme === 'https' || (allowHttpOnLoopback && isLoopback(authority))) return;
  throw new TypeError(`${member}: got ${htu}, want https`);
}

// Says how two URLs differ, if it is in one part only.
function difference(a, b) {
  if (`${a}/` === b || `${b}/` === a) return ' (differs in the trailing slash only)';
  const left = split(a);
  const right = split(b);
  const parts = { scheme: 'the scheme', authority: 'host or port', rest: 'the path' };
  const differing = Object.keys(parts).filter((part) => left[part] !== right[part]);
  return differing.length === 1 ? ` (differs in ${parts[differing[0]]} only)` : '';
}

function checkIssuer(object, issuer, allowHttpOnLoopback) {
  checkUrl('issuer', issuer, allowHttpOnLoopback);
  if (issuer.includes('?')) throw new TypeError('issuer: a query is not allowed');
  const published = find(object, 'issuer');
  if (published === undefined) throw new TypeError(`issuer: missing, want ${issuer}`);
  if (typeof published !== 'string') throw new TypeError('issuer: not a string');
  if (published === issuer) return;
  throw new TypeError(`issuer: got ${printable(published)}, want ${issuer}${difference(published, issuer)}`);
}

function readEndpoints(object, prefix, names, allowHttpOnLoopback) {
  const endpoints = {};
  for (const name of names) {
    const url = find(object, name);
    if (url === undefined) continue;
    if (typeof url !== 'string') throw new TypeError(`${prefix}${name}: not a string`);
    checkUrl(prefix + name, url, allowHttpOnLoopback);
    endpoints[name] = url;
  }
  return endpoints;
}

function readLists(object) {
  const lists = {};
  for (const name of LISTS) {
    const list = find(object, name);
    if (list === undefined) continue;
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
      throw new TypeError(`${name}: not an array of strings`);
    }
    lists[name] = [...list];
  }
  return lists;
}

// Reads `json`, the text of the answer for `issuer`, which is the identity provider's name in the broker's
// configuration. Returns the members that DPoP needs, under their published names; what is not published is undefined.
// Throws a TypeError that names the member at fault; index.d.ts says what is one.
export function parseServerMetadata(json, issuer, { allowHttpOnLoopback = false } = {}) {
  const size = typeof json === 'string' ? Buffer.byteLength(json) : json.length;
  if (size > METADATA_BYTES_AT_MOST) {
    throw new TypeError(`metadata: got ${size} bytes, want at most ${METADATA_BYTES_AT_MOST}`);
  }
  const object = parseJsonObject(json);
  if (!object) throw new TypeError('metadata: not a JSON object');
  checkIssuer(object, issuer, allowHttpOnLoopback);
  const aliases = find(object, 'mtls_endpoint_aliases') ?? {};
  if (!isObject(aliases)) throw new TypeError('mtls_endpoint_aliases: not a JSON object');
  const metadata = {
    issuer,
    ...readEndpoints(object, '', ENDPOINTS, allowHttpOnLoopback),
    mtls_endpoint_aliases: readEndpoints(aliases, 'mtls_endpoint_aliases.', ENDPOINTS_WITH_ALIAS, allowHttpOnLoopback),
  };
  if (!metadata.token_endpoint) {
    throw new TypeError('token_endpoint: missing; DPoP needs a flow with the back channel, such as the authorization '
      + 'code flow');
  }
  return Object.assign(metadata, readLists(object));
}

// Returns metadata with each endpoint that has an alias replaced by it: what a client with a certificate has to call,
// and so to name in the claim "htu" (RFC 8705 section 5).
export function withMtlsAliases(metadata) {
  return { ...metadata, ...metadata.mtls_endpoint_aliases };
}
