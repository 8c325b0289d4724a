// SignerClient calls the signer: single calls in, batches out.
import { DEFAULT_TARGET, parseTarget } from './address.mjs';
import { Batcher } from './batcher.mjs';
import { SignerError, errorOfStatus } from './errors.mjs';
import { Fleet } from './fleet.mjs';
import { MESSAGE_HEADER_BYTES } from './grpc_call.mjs';
import { decodeBatchResponse, decodeCapabilities, encodeBatch, measureRequest } from './messages.mjs';
import { TIMEOUT_MS_AT_MOST, checkNumber, checkOptions } from './options.mjs';
import { PendingCall } from './pending_call.mjs';
import { checkRequest } from './proof_request.mjs';
import { RetryBudget, backoffMs } from './retry.mjs';
import { TlsFiles } from './tls_files.mjs';

const BATCH_PATH = '/proofmint.v1.ProofSigner/BatchSignProofs';
const CAPABILITIES_PATH = '/proofmint.v1.ProofSigner/GetCapabilities';
const ATTEMPTS_AT_MOST = 8;

export class SignerClient {
  #options;
  #fleet;
  #batcher;
  #budget = new RetryBudget();
  #pending = new Set();
  #waitingForConnection = new Set(); // Callbacks of calls that are not batched.
  #closed = false;
  #stats = { calls: 0, proofs: 0, failures: 0, batches: 0, items: 0, retries: 0, retriesRefused: 0 };

  constructor(options = {}) {
    this.#options = checkOptions(options);
    const addresses = parseTarget(options.target ?? (process.env.PROOFMINT_TARGET || DEFAULT_TARGET));
    const tlsFiles = options.tls && new TlsFiles(options.tls);
    this.#fleet = new Fleet(addresses, tlsFiles, () => this.#onReady());
    this.#batcher = new Batcher(this.#options, () => this.#fleet.pick(), (...batch) => this.#send(...batch));
  }

  // Returns counts since the start: calls and how they ended (proofs, failures), batches and the items in them,
  // retries, and how many the budget refused.
  get stats() {
    return { ...this.#stats, pending: this.#pending.size };
  }

  // Not async, because that would make a second promise for each call. Errors of the arguments reject, too.
  signProof(request, { signal, timeoutMs = this.#options.timeoutMs } = {}) {
    return new Promise((resolve, reject) => {
      checkNumber('timeoutMs', timeoutMs, 1, TIMEOUT_MS_AT_MOST);
      signal?.throwIfAborted();
      const measured = measureRequest(checkRequest(request));
      this.#checkOpen();
      if (this.#pending.size >= this.#options.maxQueued) {
        throw new SignerError('RESOURCE_EXHAUSTED', `client: ${this.#pending.size} calls wait already`);
      }
      this.#start(new PendingCall(measured, performance.now() + timeoutMs, resolve, reject), timeoutMs, signal);
    });
  }

  #checkOpen() {
    if (this.#closed) throw new SignerError('CANCELLED', 'client: closed', { retryable: false });
  }

  #start(call, timeoutMs, signal) {
    this.#stats.calls++;
    this.#pending.add(call);
    call.timer = setTimeout(() => this.#fail(call, this.#lateError(call)), Math.ceil(timeoutMs));
    if (signal) {
      call.signal = signal;
      call.onAbort = () => this.#fail(call, signal.reason);
      signal.addEventListener('abort', call.onAbort, { once: true });
    }
    this.#batcher.add(call);
  }

  // Returns the error of a call whose deadline has come: that of its last attempt that was answered, if there is one.
  #lateError({ lastError }) {
    if (lastError) return lastError;
    const cause = this.#fleet.lastError;
    const why = cause ? `: ${cause.message}` : '';
    return new SignerError('DEADLINE_EXCEEDED', `signer: no proof before the deadline${why}`, { retryable: true, cause });
  }

  // Sends a batch.
  #send(connection, calls) {
    this.#stats.batches++;
    this.#stats.items += calls.length;
    let deadline = 0;
    for (const call of calls) {
      call.attempts++;
      if (call.deadline > deadline) deadline = call.deadline;
    }
    const frame = encodeBatch(calls.map((call) => call.measured), MESSAGE_HEADER_BYTES);
    connection.call(BATCH_PATH, frame, deadline - performance.now(), (error, message) => {
      this.#batcher.finished();
      if (error) this.#onBatchError(calls, error);
      else this.#onBatchResponse(calls, message);
    });
  }

  #onBatchResponse(calls, message) {
    let results;
    try {
      results = decodeBatchResponse(message);
    } catch {
      results = [];
    }
    if (results.length !== calls.length) {
      this.#onBatchError(calls, new SignerError('INTERNAL', 'signer: malformed response'));
      return;
    }
    calls.forEach((call, i) => {
      const { proof, error } = results[i];
      if (proof) this.#succeed(call, proof);
      else if (error) this.#onCallError(call, errorOfStatus(error), () => this.#budget.tryRetry());
      else this.#fail(call, new SignerError('INTERNAL', 'signer: neither a proof nor an error'));
    });
  }

  // A batch that fails as a whole takes one token of the budget, as a call of gRPC does. Otherwise the two batches in
  // flight at a restart would take half of it.
  #onBatchError(calls, error) {
    const allowed = error.retryable && this.#budget.tryRetry();
    for (const call of calls) this.#onCallError(call, error, () => allowed);
  }

  #onCallError(call, error, allowed) {
    if (call.settled) return;
    call.lastError = error;
    if (!error.retryable || call.attempts >= ATTEMPTS_AT_MOST) {
      this.#fail(call, error);
      return;
    }
    const delay = backoffMs(call.attempts, error.retryAfterMs);
    if (performance.now() + delay >= call.deadline) {
      this.#fail(call, error);
    } else if (!allowed()) {
      this.#stats.retriesRefused++;
      this.#fail(call, error);
    } else {
      this.#stats.retries++;
      call.retryTimer = setTimeout(() => this.#batcher.add(call), Math.ceil(delay)); // It would be rounded down.
    }
  }

  #succeed(call, proof) {
    this.#budget.recordSuccess();
    if (!call.settle()) return;
    this.#pending.delete(call);
    this.#stats.proofs++;
    call.resolve(proof);
  }

  #fail(call, error) {
    if (!call.settle()) return;
    this.#pending.delete(call);
    this.#batcher.remove(call);
    this.#stats.failures++;
    call.reject(error);
  }

  #onReady() {
    for (const retry of this.#waitingForConnection) retry();
    this.#batcher.check();
  }

  // Not batched: { algorithms, maxBatchSize, maxIatOffset, version, kernel }.
  getCapabilities({ timeoutMs = this.#options.timeoutMs } = {}) {
    return new Promise((resolve, reject) => {
      checkNumber('timeoutMs', timeoutMs, 1, TIMEOUT_MS_AT_MOST);
      this.#checkOpen();
      const deadline = performance.now() + timeoutMs;
      const attempt = () => {
        const connection = this.#fleet.pick();
        if (!connection) return;
        this.#waitingForConnection.delete(attempt);
        const frame = Buffer.alloc(MESSAGE_HEADER_BYTES);
        connection.call(CAPABILITIES_PATH, frame, deadline - performance.now(), (error, message) => {
          clearTimeout(timer);
          if (error) reject(error);
          else resolve(decodeCapabilities(message));
        });
      };
      const timer = setTimeout(() => {
        this.#waitingForConnection.delete(attempt);
        reject(this.#lateError({}));
      }, Math.ceil(timeoutMs));
      this.#waitingForConnection.add(attempt);
      attempt();
    });
  }

  // Ends the client: calls without a proof so far fail with CANCELLED, as do later ones.
  close() {
    if (this.#closed) return;
    this.#closed = true;
    const error = new SignerError('CANCELLED', 'client: closed', { retryable: false });
    this.#batcher.clear();
    for (const call of this.#pending) this.#fail(call, error);
    this.#fleet.close();
  }
}
