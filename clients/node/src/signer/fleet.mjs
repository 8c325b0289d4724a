// Fleet chooses a connection for each call among the signers that a target names: each in turn, only those that say
// that they serve. With one address it is that connection.
import { resolveAddress } from './address.mjs';
import { Connection } from './connection.mjs';

const RESOLVE_AGAIN_MS = 1_000;

export class Fleet {
  #addresses;
  #tlsFiles;
  #onReady;
  #resolveAddress;
  #connections = new Map(); // By the name of the address.
  #turn = 0;
  #resolving = false;
  #resolveAgainAt = 0;
  #lastError;
  #closed = false;

  // `addresses` are those of parseTarget. onReady() is called when pick() may have become successful. `resolve` is
  // another function only in tests.
  constructor(addresses, tlsFiles, onReady, resolve = resolveAddress) {
    this.#addresses = addresses;
    this.#tlsFiles = tlsFiles;
    this.#onReady = onReady;
    this.#resolveAddress = resolve;
  }

  // Says why no signer can be reached, as far as it is known.
  get lastError() {
    for (const connection of this.#connections.values()) {
      if (connection.lastError) return connection.lastError;
    }
    return this.#lastError;
  }

  // Returns a connection that can take a call; undefined while there is none, and then connects.
  pick() {
    const all = [...this.#connections.values()];
    for (let i = 0; i < all.length; i++) {
      const connection = all[(this.#turn + i) % all.length];
      if (connection.ready) {
        this.#turn = (this.#turn + i + 1) % all.length;
        return connection;
      }
    }
    this.#connect();
    return undefined;
  }

  // Connects to every address, so that calls are spread over all of them. Resolves names again at most once a second.
  #connect() {
    for (const connection of this.#connections.values()) connection.connect();
    if (this.#resolving || this.#closed || performance.now() < this.#resolveAgainAt) return;
    this.#resolving = true;
    this.#resolve().finally(() => {
      this.#resolving = false;
      this.#resolveAgainAt = performance.now() + RESOLVE_AGAIN_MS;
    });
  }

  async #resolve() {
    const found = await Promise.allSettled(this.#addresses.map((address) => this.#resolveAddress(address)));
    if (this.#closed) return;
    const failed = found.find(({ status }) => status === 'rejected');
    this.#lastError = failed?.reason;
    const resolved = new Map(found.flatMap(({ value = [] }) => value.map((address) => [address.name, address])));
    this.#update(resolved, failed === undefined);
    if (failed) setTimeout(() => this.#onChange(), RESOLVE_AGAIN_MS).unref();
    for (const connection of this.#connections.values()) connection.connect();
  }

  // Makes a connection for each new address. Those of addresses that are gone end, unless a name could not be resolved.
  #update(resolved, complete) {
    const watchesHealth = resolved.size > 1;
    for (const [name, address] of resolved) {
      if (this.#connections.has(name)) continue;
      const onChange = () => this.#onChange();
      this.#connections.set(name, new Connection(address, { tlsFiles: this.#tlsFiles, watchesHealth, onChange }));
    }
    if (!complete) return;
    for (const [name, connection] of this.#connections) {
      if (resolved.has(name)) continue;
      connection.close();
      this.#connections.delete(name);
    }
  }

  #onChange() {
    if (this.#closed) return;
    this.#connect();
    this.#onReady();
  }

  close() {
    this.#closed = true;
    for (const connection of this.#connections.values()) connection.close();
  }
}
