// Makes certificates for mTLS with the openssl program.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './repository.mjs';

// Writes ca.crt, tls.crt and tls.key (the server's), client.crt and client.key to `directory`. `server` and `client`
// are their subjectAltNames in openssl's form, such as "DNS:one.example".
export function makeCertificates(directory, { server, client }) {
  const at = (name) => join(directory, name);
  const openssl = (...args) => run('openssl', args);
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=test CA', '-keyout', at('ca.key'), '-out', at('ca.crt'));
  for (const [name, san] of [['tls', server], ['client', client]]) {
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/',
      '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`));
    writeFileSync(at(`${name}.ext`), `subjectAltName=${san}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    openssl('x509', '-req', '-in', at(`${name}.csr`), '-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial',
      '-days', '2', '-extfile', at(`${name}.ext`), '-out', at(`${name}.crt`));
  }
}
