// Reads the certificate, key and authorities of a client. They are read for every connection, so replaced files are in
// use as soon as a connection is made; the server ends connections after --max_connection_age.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

export class TlsFiles {
  #paths;
  #context;

  // `paths` is { certificate, key, ca }, PEM files. Throws if they cannot be read or do not fit together.
  constructor(paths) {
    for (const name of ['certificate', 'key', 'ca']) {
      if (typeof paths[name] !== 'string') throw new TypeError(`tls.${name}: want the path of a PEM file`);
    }
    this.#paths = paths;
    this.#context = this.#read();
  }

  // Returns the tls.SecureContext of the files. While they do not fit together, as when only one of two has been
  // replaced, it is the last one that did.
  context() {
    try {
      this.#context = this.#read();
    } catch {
      // Keep the old one.
    }
    return this.#context;
  }

  #read() {
    const { certificate, key, ca } = this.#paths;
    return createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(ca) });
  }
}
