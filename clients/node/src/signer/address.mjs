// Parses the target of a client: where its signers are.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

export const DEFAULT_TARGET = 'unix:///run/proofmint/proofmintd.sock';

const PORT_AT_MOST = 65535;
const HOST_AND_PORT = /^(?:dns:\/\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;

// Returns the addresses in a comma-separated `target`: { path } of a Unix socket, or { host, port }. Throws a TypeError
// if one is not unix:///PATH, HOST:PORT or dns:///HOST:PORT.
export function parseTarget(target) {
  if (typeof target !== 'string' || target === '') throw new TypeError('target: want unix:///PATH or HOST:PORT');
  return target.split(',').map((text) => parseAddress(text.trim()));
}

function parseAddress(text) {
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(text);
  if (unix) return { name: text, path: unix[1] };
  const [, bracketed, plain, digits] = HOST_AND_PORT.exec(text) ?? [];
  const port = Number(digits);
  if (!digits || port < 1 || port > PORT_AT_MOST) {
    throw new TypeError(`target: got ${JSON.stringify(text)}, want unix:///PATH, HOST:PORT or dns:///HOST:PORT`);
  }
  return { name: text, host: bracketed ?? plain, port };
}

// Resolves to one address for each IP address of a host, with `host` kept as the name that its certificate must have.
// Those of Unix sockets and IP addresses stay as they are. `resolve` is dns.lookup, but for tests.
export async function resolveAddress(address, resolve = lookup) {
  if (address.path || isIP(address.host)) return [address];
  const found = await resolve(address.host, { all: true });
  return found.map(({ address: ip }) => ({ ...address, name: `${address.name} (${ip})`, ip }));
}
