#include "signer/service/net/tls_probe.h"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include "absl/strings/str_cat.h"
#include "signer/service/net/openssl.h"

namespace proofmint::service {
namespace {

// The first byte of a TLS record with a handshake message (RFC 8446, 5.1).
constexpr char kHandshakeRecord = 22;

}  // namespace

absl::Status ExpectServerHello(const base::UniqueFd& connection,
                               absl::Duration limit) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  SslPtr client(context == nullptr ? nullptr : SSL_new(context.get()));
  if (client == nullptr) {
    return absl::UnavailableError("OpenSSL makes no connections");
  }
  BIO* sent = BIO_new(BIO_s_mem());
  SSL_set_bio(client.get(), BIO_new(BIO_s_mem()), sent);
  SSL_set_connect_state(client.get());
  SSL_do_handshake(client.get());
  ERR_clear_error();
  char* hello = nullptr;
  const long size = BIO_get_mem_data(sent, &hello);
  if (send(connection.get(), hello, static_cast<size_t>(size), MSG_NOSIGNAL) !=
      size) {
    return absl::UnavailableError("the server takes no data");
  }
  pollfd ready = {connection.get(), POLLIN, 0};
  if (poll(&ready, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) !=
      1) {
    return absl::UnavailableError(
        absl::StrCat("no answer within ", absl::FormatDuration(limit)));
  }
  char first = 0;
  if (recv(connection.get(), &first, 1, 0) != 1 || first != kHandshakeRecord) {
    return absl::UnavailableError("the server ends the handshake");
  }
  return absl::OkStatus();
}

}  // namespace proofmint::service
