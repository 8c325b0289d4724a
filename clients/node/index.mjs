// The package's exports.
export { SignerClient } from './src/signer/signer_client.mjs';
export { SignerError } from './src/signer/errors.mjs';
