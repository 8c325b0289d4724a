// Runs the identity provider until standard input ends, for tests in other languages. Prints one JSON line about it.
import { API_SCOPE, JWT_RESOURCE, startIdentityProvider } from '../../e2e/identity_provider.mjs';

const idp = await startIdentityProvider();
const { issuer, client, publicClient } = idp;
console.log(JSON.stringify({ issuer, client, publicClient, resource: JWT_RESOURCE, scope: API_SCOPE }));
process.stdin.on('end', () => idp.stop()).resume();
