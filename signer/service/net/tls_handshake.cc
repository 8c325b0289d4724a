#include "signer/service/net/tls_handshake.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/base/status_macros.h"
#include "signer/service/net/io_hooks.h"
#include "signer/service/net/tls_certificates.h"

namespace proofmint::service {
namespace {

// What gRPC 1.51 offers if the variable of its environment does not say
// otherwise.
constexpr char kCipherVariable[] = "GRPC_SSL_CIPHER_SUITES";
constexpr char kCiphers[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_"
    "SHA256:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";

// The largest messages need some ten exchanges of 17 KB, the buffers' size.
constexpr int kMaxExchanges = 1000;

struct Version {
  int number;
  absl::string_view name;
};
constexpr Version kVersions[] = {{TLS1_2_VERSION, "TLS 1.2"},
                                 {TLS1_3_VERSION, "TLS 1.3"}};

// Returns OpenSSL's reason for the error that just happened, and forgets it.
std::string TakeReason() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

absl::StatusOr<SslContextPtr> NewContext(const SSL_METHOD* method) {
  SslContextPtr context(SSL_CTX_new(method));
  if (context == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("tls: OpenSSL makes no connections: ", TakeReason()));
  }
  return context;
}

absl::Status Refused(absl::string_view flag) {
  return absl::FailedPreconditionError(
      absl::StrCat(flag, ": OpenSSL refuses it: ", TakeReason()));
}

int AcceptAnyClient(int, X509_STORE_CTX*) { return 1; }

absl::Status UseAuthorities(SSL_CTX* context,
                            const CertificateChain& authorities) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  X509_STORE_set_flags(store,
                       X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  for (const CertificatePtr& authority : authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return Refused(kTlsClientCa);
    }
  }
  return absl::OkStatus();
}

// Makes what gRPC makes, in the same order: the list of ciphers may set another
// security level, which the certificates before it do not have to meet.
absl::StatusOr<SslContextPtr> NewServerContext(
    const CertificateChain& chain, EVP_PKEY& key,
    const CertificateChain& authorities) {
  PROOFMINT_ASSIGN_OR_RETURN(SslContextPtr context, NewContext(TLS_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION);
  if (SSL_CTX_use_certificate(context.get(), chain[0].get()) != 1) {
    return Refused(kTlsCertificate);
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    X509_up_ref(chain[i].get());  // The context owns one reference.
    if (SSL_CTX_add_extra_chain_cert(context.get(), chain[i].get()) != 1) {
      X509_free(chain[i].get());
      return Refused(kTlsCertificate);
    }
  }
  if (SSL_CTX_use_PrivateKey(context.get(), &key) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return Refused(kTlsKey);
  }
  const char* ciphers = std::getenv(kCipherVariable);
  if (ciphers == nullptr) ciphers = kCiphers;
  if (SSL_CTX_set_cipher_list(context.get(), ciphers) != 1) {
    return absl::FailedPreconditionError(absl::StrCat(
        kCipherVariable, ": OpenSSL refuses the list: ", TakeReason()));
  }
  int groups[] = {NID_X9_62_prime256v1};
  SSL_CTX_set1_groups(context.get(), groups, 1);
  PROOFMINT_RETURN_IF_ERROR(UseAuthorities(context.get(), authorities));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, AcceptAnyClient);
  return context;
}

// Returns whether it is the key that no cipher or signature suits.
bool IsFaultOfKey(unsigned long error) {
  const int reason = ERR_GET_REASON(error);
  return ERR_GET_LIB(error) == ERR_LIB_SSL &&
         (reason == SSL_R_NO_SHARED_CIPHER ||
          reason == SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM ||
          reason == SSL_R_UNSUPPORTED_PROTOCOL);
}

absl::Status HandshakeError(const EVP_PKEY& key, const Version& version,
                            absl::string_view side) {
  if (IsFaultOfKey(ERR_peek_error())) {
    return absl::FailedPreconditionError(absl::StrCat(
        kTlsKey, ": got ", DescribeKey(key), ", with which no handshake of ",
        version.name, " succeeds (", TakeReason(),
        "), want RSA of at least 2048 bits, P-256, P-384, P-521 or Ed25519"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(kTlsCertificate, ": a trial handshake of ", version.name,
                   " failed at the ", side, ": ", TakeReason()));
}

// Returns whether a handshake can go on, or is over.
bool Advance(SSL* ssl) {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl);
  if (result == 1) return true;
  const int error = SSL_get_error(ssl, result);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

absl::Status TryHandshake(SSL_CTX* server_context, const EVP_PKEY& key,
                          const Version& version) {
  PROOFMINT_ASSIGN_OR_RETURN(SslContextPtr client_context,
                             NewContext(TLS_client_method()));
  SSL_CTX_set_min_proto_version(client_context.get(), version.number);
  SSL_CTX_set_max_proto_version(client_context.get(), version.number);
  SslPtr client(SSL_new(client_context.get()));
  SslPtr server(SSL_new(server_context));
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  if (client == nullptr || server == nullptr ||
      BIO_new_bio_pair(&client_end, 0, &server_end, 0) != 1) {
    return absl::FailedPreconditionError(
        absl::StrCat(kTlsCertificate, ": no memory for a trial handshake"));
  }
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  for (int i = 0; i < kMaxExchanges; ++i) {
    if (!Advance(client.get())) return HandshakeError(key, version, "client");
    if (!Advance(server.get())) return HandshakeError(key, version, "server");
    if (SSL_is_init_finished(client.get()) == 1 &&
        SSL_is_init_finished(server.get()) == 1) {
      return absl::OkStatus();
    }
  }
  return HandshakeError(key, version, "client");
}

}  // namespace

absl::StatusOr<int> DefaultSecurityLevel() {
  PROOFMINT_ASSIGN_OR_RETURN(SslContextPtr context, NewContext(TLS_method()));
  return SSL_CTX_get_security_level(context.get());
}

absl::Status TryHandshakes(const CertificateChain& chain, EVP_PKEY& key,
                           const CertificateChain& authorities) {
  // Files are read again, and tried, when gRPC begins a handshake.
  const WithoutHandOver without_hand_over;
  ERR_clear_error();
  PROOFMINT_ASSIGN_OR_RETURN(SslContextPtr context,
                             NewServerContext(chain, key, authorities));
  for (const Version& version : kVersions) {
    PROOFMINT_RETURN_IF_ERROR(TryHandshake(context.get(), key, version));
  }
  return absl::OkStatus();
}

}  // namespace proofmint::service
