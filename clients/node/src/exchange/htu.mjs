// Normalizes the target URI of a request as the signer does (RFC 9449 section 4.2, signer/dpop/htu.h), so that an
// endpoint that no proof can name is found when the metadata is read, and not at the first login.
import { isIPv6 } from 'node:net';

const URI_BYTES_AT_MOST = 2048;
const HOST_BYTES_AT_MOST = 255;
const PORT_AT_MOST = 65535;

const byteError = (bytes, offset, want) => new TypeError(
  `got byte 0x${bytes[offset].toString(16).padStart(2, '0')} at offset ${offset}, want ${want}`,
);

// Returns the offset of the first byte from `begin` to `end` that `allowed` does not match; -1 if all match.
function findOther(text, begin, end, allowed) {
  for (let i = begin; i < end; i++) {
    if (!allowed.test(text[i])) return i;
  }
  return -1;
}

function checkHostName(text, bytes, begin, end) {
  if (begin === end) throw new TypeError('host is missing');
  if (end - begin > HOST_BYTES_AT_MOST) {
    throw new TypeError(`got a host of ${end - begin} bytes, want 1 to ${HOST_BYTES_AT_MOST}`);
  }
  const other = findOther(text, begin, end, /[A-Za-z0-9._-]/);
  if (other >= 0) throw byteError(bytes, other, "a letter, digit, '-', '.' or '_' of a host");
}

function checkPort(text, bytes, begin, end) {
  const other = findOther(text, begin, end, /[0-9]/);
  if (other >= 0) throw byteError(bytes, other, 'a digit of the port');
  if (begin < end && (text[begin] === '0' || Number(text.slice(begin, end)) > PORT_AT_MOST)) {
    throw new TypeError('port out of range, want 1 to 65535 without leading zeros');
  }
}

function checkPath(text, bytes, begin, end) {
  for (let i = begin; i < end; i++) {
    if (text[i] === '%') {
      if (!/^[0-9A-Fa-f]{2}$/.test(text.slice(i + 1, Math.min(i + 3, end)))) {
        throw new TypeError(`'%' at offset ${i} is not followed by two hex digits`);
      }
      i += 2;
    } else if (!/[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]|^]/.test(text[i])) {
      throw byteError(bytes, i, "a character of a URI's path");
    }
  }
}

function checkQueryAndFragment(text, bytes, begin) {
  const other = findOther(text, begin, text.length, /[\x21-\x7e]/);
  if (other >= 0) throw byteError(bytes, other, 'a visible ASCII byte');
}

// Returns where the host of an authority ends.
function endOfHost(text, bytes, begin, authorityEnd) {
  if (text[begin] !== '[' || begin === authorityEnd) {
    const colon = text.indexOf(':', begin);
    const end = colon < 0 ? authorityEnd : Math.min(colon, authorityEnd);
    checkHostName(text, bytes, begin, end);
    return end;
  }
  const bracket = text.slice(0, authorityEnd).indexOf(']', begin);
  if (bracket < 0) throw new TypeError("'[' without ']'");
  const address = text.slice(begin + 1, bracket);
  if (address.includes('%') || !isIPv6(address)) {
    throw new TypeError("not an IPv6 address without zone between '[' and ']' (RFC 3986 section 3.2.2)");
  }
  return bracket + 1;
}

// Returns the claim "htu" of a request to `uri`. Throws a TypeError that quotes at most one byte.
export function normalizeHtu(uri) {
  const bytes = Buffer.from(uri);
  const text = bytes.toString('latin1'); // One character a byte, so that offsets are those of bytes.
  if (text.length === 0 || text.length > URI_BYTES_AT_MOST) {
    throw new TypeError(`got ${text.length} bytes, want 1 to ${URI_BYTES_AT_MOST}`);
  }
  const [scheme] = /^https?:\/\//i.exec(text) ?? [];
  if (!scheme) throw new TypeError('not an absolute URI that begins with https:// or http://');
  const begin = scheme.length;
  const rest = text.slice(begin).search(/[/?#]/);
  const authorityEnd = rest < 0 ? text.length : begin + rest;
  if (text.slice(begin, authorityEnd).includes('@')) throw new TypeError('userinfo is not allowed');
  const hostEnd = endOfHost(text, bytes, begin, authorityEnd);
  let port = hostEnd;
  if (port < authorityEnd) {
    if (text[port] !== ':') throw byteError(bytes, port, "':' or the path");
    port++;
  }
  checkPort(text, bytes, port, authorityEnd);
  const query = text.slice(authorityEnd).search(/[?#]/);
  const pathEnd = query < 0 ? text.length : authorityEnd + query;
  checkPath(text, bytes, authorityEnd, pathEnd);
  checkQueryAndFragment(text, bytes, pathEnd);

  const digits = text.slice(port, authorityEnd);
  const byDefault = scheme.length === 'https://'.length ? '443' : '80';
  const path = text.slice(authorityEnd, pathEnd);
  return scheme.toLowerCase() + text.slice(begin, hostEnd).toLowerCase()
    + (digits === '' || digits === byDefault ? '' : `:${digits}`) + (path || '/');
}
