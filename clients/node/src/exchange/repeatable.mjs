// Tells whether a request may be made again that may have been carried out.

// RFC 9110 section 9.2.2.
const IDEMPOTENT_METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];

// `endpoint` is "token", "pushed" or "resource".
export function isRepeatable(endpoint, htm, grantType) {
  switch (endpoint) {
    case 'pushed': return true;
    case 'resource': return IDEMPOTENT_METHODS.includes(htm);
    default: return grantType === 'client_credentials'; // Codes and refresh tokens are for one use.
  }
}
