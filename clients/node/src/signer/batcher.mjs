// Batcher decides when waiting calls leave, and how many together. A batch costs little more than a call, so calls
// should leave together where they come close together, and at once where they do not.
//
//  - Calls of one turn of the event loop leave together.
//  - While a batch is out, calls wait for it, up to the batch delay.
//  - If calls come often enough, they wait for each other, up to the batch delay. Often enough means that a call can
//    expect company: the rate at which calls have come lately while others were waiting or out, times the delay, is
//    one or more. A caller that waits for each proof before the next never adds to that rate, and is never delayed.

// How much of the past the estimate keeps at the end of each batch.
const DECAY = 0.9;

export class Batcher {
  #options;
  #pick;
  #send;
  #queue = new Set();
  #out = 0; // Batches without an answer so far.
  #turnEnds; // Set while calls of one turn of the event loop are collected.
  #timer; // Set while calls wait for company.
  #delayIsOver = false;
  #busySince; // When the first of the calls that are waiting or out came; undefined without any.
  #arrivals = 0; // Calls since then, but for those that left at once.
  #pastArrivals = 0;
  #pastBusyMs = 0;

  // `options` is { maxBatchSize, maxBatchesInFlight, batchDelayMs }. pick() returns where to send a batch; if it
  // returns undefined, check() is to be called when that has changed. send(where, items) sends one; finished() is to be
  // called when it has its answer.
  constructor(options, pick, send) {
    this.#options = options;
    this.#pick = pick;
    this.#send = send;
  }

  get size() {
    return this.#queue.size;
  }

  add(item) {
    this.#queue.add(item);
    if (this.#busySince !== undefined) this.#arrivals++;
    if (this.#timer === undefined && this.#turnEnds === undefined) {
      this.#turnEnds = setImmediate(() => {
        this.#turnEnds = undefined;
        this.check();
      });
    }
  }

  // Records that a batch has its answer.
  finished() {
    this.#out--;
    const now = performance.now();
    this.#pastArrivals = this.#pastArrivals * DECAY + this.#arrivals;
    this.#pastBusyMs = this.#pastBusyMs * DECAY + now - this.#busySince;
    this.#arrivals = 0;
    this.#busySince = this.#out > 0 || this.size > 0 ? now : undefined;
    if (this.size > 0) this.check();
  }

  // Sends what is to leave now.
  check() {
    if (this.size === 0) return;
    this.#busySince ??= performance.now();
    while (this.size > 0 && this.#out < this.#options.maxBatchesInFlight) {
      if (!this.#isDue()) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#delayIsOver = true;
          this.check();
        }, this.#options.batchDelayMs);
        return;
      }
      const where = this.#pick();
      if (where === undefined) return;
      this.#out++;
      this.#delayIsOver = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#send(where, this.#take());
    }
  }

  #isDue() {
    if (this.size >= this.#options.maxBatchSize || this.#delayIsOver || this.#options.batchDelayMs === 0) return true;
    return this.#out === 0 && !this.#expectsCompany();
  }

  #expectsCompany() {
    return this.#pastArrivals * this.#options.batchDelayMs >= this.#pastBusyMs && this.#pastBusyMs > 0;
  }

  // Takes those that have waited longest out of the queue.
  #take() {
    const items = [];
    for (const item of this.#queue) {
      items.push(item);
      this.#queue.delete(item);
      if (items.length === this.#options.maxBatchSize) break;
    }
    return items;
  }

  // Forgets a call, if it has not left.
  remove(item) {
    this.#queue.delete(item);
  }

  // Forgets all calls that have not left, and returns them.
  clear() {
    clearTimeout(this.#timer);
    clearImmediate(this.#turnEnds);
    this.#timer = undefined;
    this.#turnEnds = undefined;
    const waiting = [...this.#queue];
    this.#queue.clear();
    return waiting;
  }
}
