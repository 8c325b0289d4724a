// Defines the error of a call of the signer.

// The canonical status codes of gRPC, by number.
export const CODE_NAMES = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS',
  'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED',
  'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
];

// SignerError says why the signer returned no proof. docs/errors.md lists the reasons.
export class SignerError extends Error {
  // `code` is the name of a gRPC status code. `retryAfterMs` is how long the server asked to wait. `retryable` says
  // whether the same call may succeed later; it follows from the code unless it is given. A lost connection ends calls
  // with CANCELLED, which is safe to retry because the server stores nothing.
  constructor(code, message, { reason, field, retryAfterMs, retryable, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SignerError';
    this.code = code;
    this.reason = reason;
    this.field = field;
    this.retryAfterMs = retryAfterMs;
    this.retryable = retryable ?? (code === 'RESOURCE_EXHAUSTED'
      ? retryAfterMs !== undefined
      : code === 'UNAVAILABLE' || code === 'CANCELLED');
  }
}

// Converts a decoded google.rpc.Status (messages.mjs). The paths of a batch's item, `requests[3].htu`, become those of
// a single call, `htu`: the caller knows nothing of the batch.
export function errorOfStatus({ code, message, reason, field, retryAfterMs }) {
  const name = CODE_NAMES[code] ?? 'UNKNOWN';
  const path = /^requests\[\d+\]\.?/;
  const details = { reason, field: field?.replace(path, '') || undefined, retryAfterMs };
  return new SignerError(name, message.replace(path, ''), details);
}
