// Provides the ways in which a broker in Node can get its proofs.
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const HTM = 'POST';
export const HTU = 'https://idp.example/realms/load/protocol/openid-connect/token';
export const NONCE = 'eyJ7S_zG.eyJH0-Z.HX4w-7v';

const TIMEOUT_MS = 5000;

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const packages = createRequire(path('tests/e2e/package.json'));

// Imports a package that tests/e2e has installed.
export function importPackage(name) {
  return import(pathToFileURL(packages.resolve(name)));
}

const secondsNow = () => Math.floor(Date.now() / 1000);

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// Signs as one who wants it cheap would, without a library: no promises, no key that is encoded and decoded again.
function signWithCrypto() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } };
  const claims = { jti: randomBytes(16).toString('base64url'), htm: HTM, htu: HTU, iat: secondsNow(), nonce: NONCE };
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const jkt = createHash('sha256').update(JSON.stringify(header.jwk)).digest('base64url');
  return { proof: `${input}.${signature.toString('base64url')}`, jkt };
}

async function joseWay() {
  const { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } = await importPackage('jose');
  const signProof = async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const proof = await new SignJWT({ jti: randomUUID(), htm: HTM, htu: HTU, iat: secondsNow(), nonce: NONCE })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .sign(privateKey);
    return { proof, jkt: await calculateJwkThumbprint(jwk) };
  };
  return { signProof, close() {} };
}

// Calls SignProof with the stub that grpc-js makes of the .proto file, as the documentation of gRPC shows it.
async function stubWay(target) {
  const { credentials, loadPackageDefinition } = await importPackage('@grpc/grpc-js');
  const { loadSync } = await importPackage('@grpc/proto-loader');
  const definition = loadSync('proofmint/v1/proof_signer.proto', {
    includeDirs: [path('proto')], keepCase: true, longs: Number,
  });
  const { ProofSigner } = loadPackageDefinition(definition).proofmint.v1;
  const stub = new ProofSigner(target, credentials.createInsecure());
  const request = { algorithm: 'ALGORITHM_ES256', htm: HTM, htu: HTU, nonce: NONCE };
  const signProof = () => new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + TIMEOUT_MS };
    stub.SignProof(request, options, (error, response) => (error ? reject(error) : resolve(response)));
  });
  return { signProof, close: () => stub.close() };
}

async function clientWay(target) {
  const { SignerClient } = await import('../../clients/node/index.mjs');
  const client = new SignerClient({ target });
  const signProof = async () => {
    const { jwt, jkt } = await client.signProof(
      { algorithm: 'ES256', htm: HTM, htu: HTU, nonce: NONCE }, { timeoutMs: TIMEOUT_MS });
    return { proof: jwt, jkt };
  };
  return { signProof, close: () => client.close() };
}

// Maps the name of each way to a function of the signer's address that resolves with { signProof, close }. signProof()
// returns { proof, jkt }, or a promise of it. node_arrivals makes no proofs: it shows what the figures of the others contain
// of the load.
export const WAYS = {
  node_arrivals: () => ({ signProof: () => undefined, close() {} }),
  node_crypto: () => ({ signProof: signWithCrypto, close() {} }),
  node_jose: joseWay,
  node_stub: stubWay,
  node_client: clientWay,
};
