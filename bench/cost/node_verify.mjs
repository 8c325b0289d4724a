// Verifies proofs of a measurement.
import { HTM, HTU, NONCE, importPackage } from './node_ways.mjs';

// Resolves with the number of proofs that are wrong, and says on standard error why the first one is: its signature or
// form, its claims, a thumbprint that is not its key's, or an identifier or a key that came before.
export async function countWrong(sample) {
  const { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } = await importPackage('jose');
  const seen = new Set();
  const problemOf = async ({ proof, jkt }) => {
    const { payload, protectedHeader: header } = await jwtVerify(proof, EmbeddedJWK, { algorithms: ['ES256'], typ: 'dpop+jwt' });
    const { htm, htu, nonce, jti } = payload;
    if (htm !== HTM || htu !== HTU || nonce !== NONCE) return 'htm, htu or nonce is not the one that was asked for';
    if (await calculateJwkThumbprint(header.jwk) !== jkt) return 'jkt is not that of its key';
    if (seen.has(jti) || seen.has(jkt)) return 'jti or key came before';
    seen.add(jti).add(jkt);
    return undefined;
  };
  let wrong = 0;
  for (const one of sample) {
    const problem = await problemOf(one).catch((error) => error.message);
    if (problem === undefined) continue;
    if (wrong === 0) console.error(`error: a proof is wrong: ${problem}`);
    wrong++;
  }
  return wrong;
}
