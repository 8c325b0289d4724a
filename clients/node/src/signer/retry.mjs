// Decides when a call that failed for a passing reason is made again.

const FIRST_BACKOFF_MS = 50;
const BACKOFF_MS_AT_MOST = 1000;

// Returns how long to wait before the attempt after number `attempt`, which is 1 for the first: what the server asked
// for, and a random part that doubles with each attempt, so that callers who failed together do not return together.
export function backoffMs(attempt, retryAfterMs = 0, random = Math.random) {
  return retryAfterMs + random() * Math.min(BACKOFF_MS_AT_MOST, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
}

const TOKENS_AT_MOST = 1000;

// RetryBudget stops retries while most calls fail, so that they do not multiply the load of a server that has trouble
// already. It is the token bucket of gRPC's retry throttling (gRFC A6): a failure takes a token, a success gives one
// back, and with half of them gone nothing is retried.
export class RetryBudget {
  #tokens = TOKENS_AT_MOST;

  recordSuccess() {
    if (this.#tokens < TOKENS_AT_MOST) this.#tokens++;
  }

  // Records a failure and returns whether to retry.
  tryRetry() {
    if (this.#tokens > 0) this.#tokens--;
    return this.#tokens > TOKENS_AT_MOST / 2;
  }
}
