// PendingCall is one call of signProof until it has its proof or its error.
export class PendingCall {
  constructor(measured, deadline, resolve, reject) {
    this.measured = measured;
    this.deadline = deadline; // On the clock of performance.now(), in ms.
    this.resolve = resolve;
    this.reject = reject;
    this.attempts = 0;
    this.lastError = undefined;
    this.settled = false;
    this.timer = undefined; // For its deadline.
    this.retryTimer = undefined;
    this.signal = undefined;
    this.onAbort = undefined;
  }

  // Returns whether this was the first end of the call.
  settle() {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.timer);
    clearTimeout(this.retryTimer);
    this.signal?.removeEventListener('abort', this.onAbort);
    return true;
  }
}
