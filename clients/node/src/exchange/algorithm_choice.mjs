// Picks the algorithm of a connection's proofs from the broker's wishes and the identity provider's metadata (RFC 9449
// section 5.1).
import { printable } from './printable.mjs';

const ALGORITHMS = ['ES256', 'Ed25519', 'EdDSA'];
// The two names of the same key and signature: RFC 9864's and RFC 8037's.
const OTHER_LABEL = { Ed25519: 'EdDSA', EdDSA: 'Ed25519' };

function noneSupported(published, wanted) {
  const takes = published.length === 0 ? 'none' : printable(published.join(' '));
  const possible = ALGORITHMS.filter((algorithm) => published.includes(algorithm));
  const also = possible.length === 0 ? '' : `; the signer can also sign ${possible.join(' ')}`;
  return `idp takes ${takes}, want one of ${wanted.join(' ')}${also}`;
}

// AlgorithmError says that no proof can be made that the identity provider takes.
export class AlgorithmError extends Error {
  name = 'AlgorithmError';
}

// Returns { algorithm, advertised } for the first of `wanted` that the identity provider publishes. Never answers
// "without DPoP": throws an AlgorithmError if none matches, and if nothing is published and ifNotAdvertised is
// "refuse".
export function chooseAlgorithm(wanted, metadata, { ifNotAdvertised = 'try_first', exactLabel = false } = {}) {
  if (wanted.length === 0) throw new TypeError('wanted: no algorithm given');
  const unknown = wanted.find((algorithm) => !ALGORITHMS.includes(algorithm));
  if (unknown !== undefined) {
    throw new TypeError(`wanted: got ${JSON.stringify(unknown)}, want ${ALGORITHMS.join(', ')}`);
  }
  const published = metadata.dpop_signing_alg_values_supported;
  if (published === undefined) {
    if (ifNotAdvertised === 'try_first') return { algorithm: wanted[0], advertised: false };
    throw new AlgorithmError('idp publishes no dpop_signing_alg_values_supported and may not support DPoP, want one of '
      + wanted.join(' '));
  }
  for (const algorithm of wanted) {
    if (published.includes(algorithm)) return { algorithm, advertised: true };
    const other = OTHER_LABEL[algorithm];
    if (!exactLabel && other && published.includes(other)) return { algorithm: other, advertised: true };
  }
  throw new AlgorithmError(noneSupported(published, wanted));
}
