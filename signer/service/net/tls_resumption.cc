#include "signer/service/net/tls_resumption.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

namespace proofmint::service {
namespace {

// OpenSSL calls these at the end of SSL_CTX_new, respectively SSL_new, for the
// slot of application data that ForbidTlsResumption registers. A configuration
// in place of them, which sets defaults for later objects as well, cannot turn
// off the cache of session ids, and would replace the administrator's.
void ForbidInContext(void* context, void*, CRYPTO_EX_DATA*, int, long, void*) {
  SSL_CTX_set_session_cache_mode(static_cast<SSL_CTX*>(context),
                                 SSL_SESS_CACHE_OFF);
}

void ForbidInConnection(void* connection, void*, CRYPTO_EX_DATA*, int, long,
                        void*) {
  auto* ssl = static_cast<SSL*>(connection);
  SSL_set_options(ssl, SSL_OP_NO_TICKET);  // of TLS 1.2
  SSL_set_num_tickets(ssl, 0);             // of TLS 1.3
}

}  // namespace

void ForbidTlsResumption() {
  [[maybe_unused]] static const int slots[] = {
      SSL_CTX_get_ex_new_index(0, nullptr, ForbidInContext, nullptr, nullptr),
      SSL_get_ex_new_index(0, nullptr, ForbidInConnection, nullptr, nullptr)};
}

}  // namespace proofmint::service
