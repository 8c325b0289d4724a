#include "tests/reliability/flood/connection.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <utility>

#include "absl/memory/memory.h"
#include "signer/base/errno_status.h"
#include "signer/base/status_macros.h"

namespace proofmint::flood {
namespace {

// System calls return after this time, to see whether the run has ended.
constexpr timeval kPatience = {.tv_sec = 0, .tv_usec = 50'000};

absl::Status SslError(absl::string_view what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof(text));
  ERR_clear_error();
  return absl::UnavailableError(absl::StrCat(what, ": ", text));
}

// Returns whether the system call that has just failed is to be repeated.
bool Interrupted() {
  return errno == EAGAIN || errno == EINTR || errno == EINPROGRESS ||
         errno == EALREADY;
}

}  // namespace

absl::StatusOr<SslContext> NewSslContext(const std::string& certificate,
                                         const std::string& key) {
  SslContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2));
  if (certificate.empty()) return context;
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) !=
          1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(),
                                  SSL_FILETYPE_PEM) != 1) {
    return SslError(certificate);
  }
  return context;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(
    const Destination& destination, std::function<bool()> stopping) {
  const Endpoint& server = destination.server;
  base::UniqueFd fd(
      socket(server.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return base::ErrnoStatus("socket");
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  if (destination.source.has_value() &&
      bind(fd.get(),
           reinterpret_cast<const sockaddr*>(&destination.source->address),
           destination.source->size) != 0) {
    return base::ErrnoStatus("bind");
  }
  while (connect(fd.get(), reinterpret_cast<const sockaddr*>(&server.address),
                 server.size) != 0) {
    if (!Interrupted() || stopping()) return base::ErrnoStatus("connect");
  }
  auto connection =
      absl::WrapUnique(new Connection(std::move(fd), std::move(stopping)));
  if (destination.ssl != nullptr) {
    PROOFMINT_RETURN_IF_ERROR(connection->Handshake(destination.ssl));
  }
  return connection;
}

absl::Status Connection::Handshake(SSL_CTX* context) {
  {
    base::MutexLock lock(mutex_);
    ssl_.reset(SSL_new(context));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }
  while (true) {
    std::string output;
    int result;
    {
      base::MutexLock lock(mutex_);
      result = SSL_connect(ssl_.get());
      if (result != 1 &&
          SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
        return SslError("handshake");
      }
      output = TakeOutput();
    }
    if (!output.empty() && !SendRaw(output)) {
      return absl::UnavailableError("handshake: closed by the server");
    }
    if (result == 1) return absl::OkStatus();
    const std::string input = ReceiveRaw();
    if (input.empty()) {
      return absl::UnavailableError("handshake: closed by the server");
    }
    base::MutexLock lock(mutex_);
    BIO_write(SSL_get_rbio(ssl_.get()), input.data(),
              static_cast<int>(input.size()));
  }
}

std::string Connection::TakeOutput() {
  std::string output(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
  if (!output.empty()) {
    BIO_read(SSL_get_wbio(ssl_.get()), output.data(),
             static_cast<int>(output.size()));
  }
  return output;
}

bool Connection::Send(absl::string_view bytes) {
  std::string output;
  {
    base::MutexLock lock(mutex_);
    if (ssl_ != nullptr) {
      if (SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <=
          0) {
        ERR_clear_error();
        return false;
      }
      output = TakeOutput();
    }
  }
  return SendRaw(output.empty() ? bytes : output);
}

std::string Connection::Receive() {
  while (true) {
    std::string input = ReceiveRaw();
    base::MutexLock lock(mutex_);
    if (input.empty() || ssl_ == nullptr) return input;
    BIO_write(SSL_get_rbio(ssl_.get()), input.data(),
              static_cast<int>(input.size()));
    std::string output;
    char buffer[16384];
    int size;
    while ((size = SSL_read(ssl_.get(), buffer, sizeof(buffer))) > 0) {
      output.append(buffer, static_cast<size_t>(size));
    }
    const bool open = SSL_get_error(ssl_.get(), size) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    if (!output.empty() || !open) return output;
    // Tickets and the like: TLS's own.
  }
}

void Connection::Close() { shutdown(socket_.get(), SHUT_RDWR); }

bool Connection::SendRaw(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (!Interrupted() || stopping_()) {
      return false;
    }
  }
  return true;
}

std::string Connection::ReceiveRaw() {
  char buffer[65536];
  while (true) {
    const ssize_t size = recv(socket_.get(), buffer, sizeof(buffer), 0);
    if (size >= 0) return std::string(buffer, static_cast<size_t>(size));
    if (!Interrupted() || stopping_()) return "";
  }
}

}  // namespace proofmint::flood
