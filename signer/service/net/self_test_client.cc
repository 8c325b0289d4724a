#include "signer/service/net/self_test_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace proofmint::service {
namespace {

const unsigned char* Data(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int Size(absl::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

SelfTestClient::SelfTestClient(base::UniqueFd socket, std::string request,
                               const SelfTestCertificate* certificate)
    : socket_(std::move(socket)), request_(std::move(request)) {
  frames_.Received({Data(request_), request_.size()}, absl::ZeroDuration());
  if (certificate == nullptr) return;
  constexpr absl::string_view kHttp2("\2h2");
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_use_certificate_ASN1(context_.get(),
                               Size(certificate->certificate_der),
                               Data(certificate->certificate_der));
  SSL_CTX_use_PrivateKey_ASN1(EVP_PKEY_EC, context_.get(),
                              Data(certificate->key_der),
                              Size(certificate->key_der));
  SSL_CTX_set_alpn_protos(context_.get(), Data(kHttp2),
                          static_cast<unsigned int>(kHttp2.size()));
  ssl_.reset(SSL_new(context_.get()));
  received_ = BIO_new(BIO_s_mem());
  sent_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_.get(), received_, sent_);  // They belong to the SSL now.
  SSL_set_connect_state(ssl_.get());
}

SelfTestClient::~SelfTestClient() {
  if (ssl_ == nullptr) return;
  ssl_ = nullptr;
  ERR_clear_error();
}

void SelfTestClient::Step() {
  if (ssl_ == nullptr) {
    Send(std::exchange(request_, ""));
    std::string received;
    while (Receive(received)) {
      frames_.Sent({Data(received), received.size()});
    }
    return;
  }
  ReceiveForTls();
  if (SSL_do_handshake(ssl_.get()) == 1) {
    if (!request_.empty()) {
      SSL_write(ssl_.get(), request_.data(), Size(request_));
      request_.clear();
    }
    std::array<uint8_t, 4096> received;
    int size;
    while ((size = SSL_read(ssl_.get(), received.data(), received.size())) >
           0) {
      frames_.Sent(std::span(received).first(static_cast<size_t>(size)));
    }
  }
  SendOfTls();
}

void SelfTestClient::ReceiveForTls() {
  std::string bytes;
  while (Receive(bytes)) BIO_write(received_, bytes.data(), Size(bytes));
}

void SelfTestClient::SendOfTls() {
  std::array<char, 4096> bytes;
  int size;
  do {
    size = BIO_read(sent_, bytes.data(), bytes.size());
    Send({bytes.data(), static_cast<size_t>(std::max(size, 0))});
  } while (size > 0);
}

void SelfTestClient::Send(absl::string_view bytes) {
  unsent_.append(bytes.data(), bytes.size());
  const ssize_t sent =
      send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(0, static_cast<size_t>(sent));
}

bool SelfTestClient::Receive(std::string& bytes) const {
  bytes.resize(4096);
  const ssize_t size = recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (size <= 0) return false;
  bytes.resize(static_cast<size_t>(size));
  return true;
}

}  // namespace proofmint::service
