// The package's exports; index.d.ts describes them.
export { SignerClient } from './src/signer/signer_client.mjs';
export { SignerError } from './src/signer/errors.mjs';
export { Exchange } from './src/exchange/exchange.mjs';
export { runExchange } from './src/exchange/run.mjs';
export { ExchangeError, dpopFetch } from './src/exchange/dpop_fetch.mjs';
export { NonceStore } from './src/exchange/nonce_store.mjs';
export { AlgorithmError, chooseAlgorithm } from './src/exchange/algorithm_choice.mjs';
export { parseServerMetadata, withMtlsAliases } from './src/exchange/server_metadata.mjs';
export { MetadataCache, freshForSeconds } from './src/exchange/metadata_cache.mjs';
export { keyOfIntrospection, keyOfToken } from './src/exchange/token_binding.mjs';
export { logRecord } from './src/exchange/log_record.mjs';
