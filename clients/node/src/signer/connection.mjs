// Connection makes gRPC calls to one address, over one HTTP/2 connection at a time.
//
// It uses node:http2 itself. A gRPC library takes twice the CPU time for a call, and that is most of what a call costs.
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';

import { HealthWatch, MESSAGE_HEADER_BYTES, UnaryCall, startCall } from './grpc_call.mjs';
import { encodeHealthRequest } from './messages.mjs';
import { backoffMs } from './retry.mjs';

const CONNECT_TIME_LIMIT_MS = 5_000;
// A server answers at a call's deadline at the latest, so silence after that means that the connection is dead.
const GRACE_MS = 1_000;
// With the default of 64 KiB a batch of 256 proofs would pause until the client grants the server more.
const WINDOW_BYTES = 4 << 20;
const WATCH_PATH = '/grpc.health.v1.Health/Watch';
const SERVICE = 'proofmint.v1.ProofSigner';
const WATCH_AGAIN_MS = 1_000;

export class Connection {
  #address;
  #tlsFiles;
  #watchesHealth;
  #onChange;
  #session; // The one that takes new calls; undefined while there is none.
  #connecting; // The one that is not yet connected.
  #callsInFlight = new Map(); // By session, also those that only finish their calls.
  #serving = false;
  #failures = 0;
  #redial;
  #closed = false;
  #lastError;

  // `address` is one of resolveAddress. `tlsFiles` may be undefined. With `watchesHealth` it is ready only while the
  // signer says that it serves. onChange() is called when `ready` may have changed, and after each failure to connect.
  constructor(address, { tlsFiles, watchesHealth, onChange }) {
    this.#address = address;
    this.#tlsFiles = tlsFiles;
    this.#watchesHealth = watchesHealth;
    this.#onChange = onChange;
  }

  // Tells whether it can take a call now.
  get ready() {
    return this.connected && this.#serving;
  }

  // Tells whether it is connected, though the signer may say that it does not serve.
  get connected() {
    return this.#session !== undefined && !this.#session.closed && !this.#session.destroyed;
  }

  // Says why it is not connected, if it has failed to connect.
  get lastError() {
    return this.#lastError;
  }

  // Connects, unless it is connected, about to be, or waiting after a failure.
  connect() {
    if (this.#closed || this.connected || this.#connecting || this.#redial) return;
    const session = http2.connect(this.#authority(), {
      createConnection: () => this.#dial(),
      settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    });
    this.#connecting = session;
    this.#callsInFlight.set(session, 0);
    const timer = setTimeout(() => session.destroy(new Error('connect: timed out')), CONNECT_TIME_LIMIT_MS);
    session.once('connect', () => {
      clearTimeout(timer);
      this.#onConnect(session);
    });
    session.on('goaway', () => this.#retire(session));
    session.on('error', (error) => { this.#lastError = error; });
    session.once('close', () => {
      clearTimeout(timer);
      this.#onClose(session);
    });
  }

  #authority() {
    if (this.#address.path) return 'http://localhost';
    const { host, port } = this.#address;
    const name = net.isIPv6(host) ? `[${host}]` : host;
    return `${this.#tlsFiles ? 'https' : 'http'}://${name}:${port}`;
  }

  #dial() {
    const { path, host, ip, port } = this.#address;
    if (path) return net.connect({ path });
    const at = { host: ip ?? host, port, noDelay: true, keepAlive: true };
    if (!this.#tlsFiles) return net.connect(at);
    return tls.connect({
      ...at,
      ALPNProtocols: ['h2'],
      secureContext: this.#tlsFiles.context(),
      servername: net.isIP(host) ? '' : host,
      // The certificate must have the name of the target, also where one of its IP addresses is dialled.
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(host, certificate),
    });
  }

  #onConnect(session) {
    this.#connecting = undefined;
    this.#session = session;
    this.#failures = 0;
    this.#lastError = undefined;
    session.setLocalWindowSize(WINDOW_BYTES);
    session.unref(); // An idle client must not keep the process running.
    this.#serving = !this.#watchesHealth;
    if (this.#watchesHealth) this.#watch(session);
    this.#onChange();
  }

  // Stops giving new calls to a session; those that are in flight go on.
  #retire(session) {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#onChange();
  }

  #onClose(session) {
    this.#callsInFlight.delete(session);
    if (this.#connecting === session) {
      this.#connecting = undefined;
      this.#failures++;
      if (!this.#closed) this.#redialLater();
    }
    if (this.#session === session) this.#session = undefined;
    if (!this.#closed) this.#onChange();
  }

  #redialLater() {
    this.#redial = setTimeout(() => {
      this.#redial = undefined;
      this.#onChange();
    }, backoffMs(this.#failures));
    this.#redial.unref();
  }

  #watch(session) {
    if (session.closed || session.destroyed) return;
    const stream = startCall(session, WATCH_PATH, encodeHealthRequest(SERVICE, MESSAGE_HEADER_BYTES));
    const set = (serving) => {
      if (this.#session !== session || this.#serving === serving) return;
      this.#serving = serving;
      this.#onChange();
    };
    new HealthWatch(stream, set, (supported) => {
      if (supported) setTimeout(() => this.#watch(session), WATCH_AGAIN_MS).unref();
      else set(true);
    });
  }

  // Makes a unary call and reports done(error) or done(undefined, message) once, never before it returns. `frame`
  // begins with MESSAGE_HEADER_BYTES bytes to fill. It must be connected.
  call(path, frame, timeoutMs, done) {
    const session = this.#session;
    const stream = startCall(session, path, frame, timeoutMs);
    this.#count(session, 1);
    const timer = setTimeout(() => session.destroy(new Error('no answer')), timeoutMs + GRACE_MS);
    new UnaryCall(stream, (error, message) => {
      clearTimeout(timer);
      this.#count(session, -1);
      done(error, message);
    });
  }

  // Keeps the process running while calls are in flight.
  #count(session, change) {
    const before = this.#callsInFlight.get(session);
    if (before === undefined) return; // It is closed.
    this.#callsInFlight.set(session, before + change);
    if (before === 0) session.ref();
    else if (before + change === 0) session.unref();
  }

  // Ends all calls.
  close() {
    this.#closed = true;
    clearTimeout(this.#redial);
    for (const session of this.#callsInFlight.keys()) session.destroy();
  }
}
