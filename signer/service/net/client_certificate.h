// Reads the certificate that a client has shown in a TLS handshake.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_CLIENT_CERTIFICATE_H_
#define PROOFMINT_SIGNER_SERVICE_NET_CLIENT_CERTIFICATE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

struct ssl_st;  // OpenSSL's SSL

namespace proofmint::service {

// ClientCertificate is what the server judges a client by.
struct ClientCertificate {
  // Its subjectAltNames (RFC 5280 section 4.2.1.6), in their order. They are
  // text of the client's authority, of any size and with any bytes.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
  bool valid_now = false;  // by its dates
};

// ReadClientCertificate returns the certificate of the peer of `ssl`, whether
// its handshake was a full one or resumed an older session. `now` is compared
// with its dates. Returns nothing if there is none or memory runs out.
std::optional<ClientCertificate> ReadClientCertificate(ssl_st* ssl,
                                                       absl::Time now);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_CLIENT_CERTIFICATE_H_
