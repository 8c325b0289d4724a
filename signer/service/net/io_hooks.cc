#include "signer/service/net/io_hooks.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "signer/service/net/next_function.h"
#include "signer/service/net/openssl.h"

// What the sanitizers put before the functions of libc, where they are linked.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier)
[[gnu::weak]] ssize_t __interceptor_recvmsg(int, msghdr*, int);
[[gnu::weak]] ssize_t __interceptor_sendmsg(int, const msghdr*, int);
[[gnu::weak]] int __interceptor_close(int);
// NOLINTEND(bugprone-reserved-identifier)
}

namespace proofmint::service {
namespace {

constinit NextFunction<ssize_t(int, msghdr*, int)> next_recvmsg("recvmsg");
constinit NextFunction<ssize_t(int, const msghdr*, int)> next_sendmsg(
    "sendmsg");
constinit NextFunction<int(int)> next_close("close");
constinit NextFunction<int(SSL*, void*, int)> next_ssl_read("SSL_read");
constinit NextFunction<int(SSL*, const void*, int)> next_ssl_write("SSL_write");
constinit NextFunction<int(SSL*)> next_ssl_do_handshake("SSL_do_handshake");
constinit NextFunction<void(SSL*)> next_ssl_set_accept_state(
    "SSL_set_accept_state");

// TlsConnection belongs to an SSL of a server, as its extra data. gRPC uses an
// SSL on one thread at a time.
struct TlsConnection {
  enum State { kHandshake, kServed, kRefused };

  GuardedDescriptor& descriptor;
  const uint64_t generation;
  std::atomic<State> state = kHandshake;
};

// HandOver is a call of HandOverTls.
struct HandOver {
  GuardedDescriptor& descriptor;
  uint64_t generation;
  bool taken = false;
};

thread_local HandOver* hand_over_in_progress = nullptr;

int DataIndex() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<TlsConnection*>(data);
      });
  return index;
}

// Whether DataIndex has been called: without TLS nothing is looked up.
std::atomic<bool> has_tls = false;

// Returns the connection of `ssl`, or null if it is not under guard.
TlsConnection* Find(const SSL* ssl) {
  if (!has_tls.load(std::memory_order_acquire)) return nullptr;
  return static_cast<TlsConnection*>(SSL_get_ex_data(ssl, DataIndex()));
}

void Take(HandOver& hand_over, SSL* ssl) {
  std::unique_ptr<TlsConnection> connection(
      new TlsConnection{hand_over.descriptor, hand_over.generation});
  const int index = DataIndex();
  has_tls = true;
  if (index >= 0 && SSL_set_ex_data(ssl, index, connection.get()) == 1) {
    connection.release();
    hand_over.taken = true;
  }
}

// Returns whether the client of a handshake that has just ended may be served.
bool Admit(TlsConnection& connection, SSL* ssl) {
  const std::shared_ptr<GuardReports> reports =
      connection.descriptor.reports(connection.generation);
  if (reports == nullptr) return false;
  std::optional<std::string> caller = reports->JudgeCertificate(ssl);
  if (!caller.has_value()) return false;
  connection.descriptor.Identify(connection.generation, *std::move(caller));
  return true;
}

// Ends the connection: gRPC is told that there is no byte yet, and then finds
// the end of the stream. An error would make it log a line.
void End(TlsConnection& connection) {
  connection.state = TlsConnection::kRefused;
  connection.descriptor.ShutDown(connection.generation);
}

}  // namespace

bool HandOverTls(GuardedDescriptor& descriptor, uint64_t generation,
                 absl::FunctionRef<void()> hand_over) {
  HandOver progress = {descriptor, generation};
  HandOver* const outer = std::exchange(hand_over_in_progress, &progress);
  hand_over();
  hand_over_in_progress = outer;
  return progress.taken;
}

WithoutHandOver::WithoutHandOver()
    : hand_over_(std::exchange(hand_over_in_progress, nullptr)) {}

WithoutHandOver::~WithoutHandOver() {
  hand_over_in_progress = static_cast<HandOver*>(hand_over_);
}

}  // namespace proofmint::service

using proofmint::service::GuardedDescriptor;
using proofmint::service::TlsConnection;

extern "C" {

[[gnu::visibility("default")]] ssize_t recvmsg(int fd, msghdr* message,
                                               int flags) {
  const ssize_t size =
      __interceptor_recvmsg != nullptr
          ? __interceptor_recvmsg(fd, message, flags)
          : proofmint::service::next_recvmsg(fd, message, flags);
  // The error queue holds time stamps, and what is peeked at comes again.
  if (size <= 0 || (flags & (MSG_ERRQUEUE | MSG_PEEK)) != 0) return size;
  GuardedDescriptor* const guarded = GuardedDescriptor::Find(fd);
  if (guarded == nullptr ||
      guarded->Received(*message, static_cast<size_t>(size))) {
    return size;
  }
  shutdown(fd, SHUT_RDWR);
  return 0;
}

[[gnu::visibility("default")]] ssize_t sendmsg(int fd, const msghdr* message,
                                               int flags) {
  const ssize_t size =
      __interceptor_sendmsg != nullptr
          ? __interceptor_sendmsg(fd, message, flags)
          : proofmint::service::next_sendmsg(fd, message, flags);
  GuardedDescriptor* const guarded = GuardedDescriptor::Find(fd);
  if (guarded == nullptr) return size;
  const int error = errno;
  if (size > 0) {
    guarded->Sent(*message, static_cast<size_t>(size));
  } else if (size < 0 && (error == EAGAIN || error == EWOULDBLOCK)) {
    guarded->SendBlocked();
  }
  errno = error;
  return size;
}

[[gnu::visibility("default")]] int close(int fd) {
  if (GuardedDescriptor* const guarded = GuardedDescriptor::Find(fd);
      guarded != nullptr) {
    guarded->Close();
  }
  return __interceptor_close != nullptr ? __interceptor_close(fd)
                                        : proofmint::service::next_close(fd);
}

[[gnu::visibility("default")]] void SSL_set_accept_state(SSL* ssl) {
  proofmint::service::next_ssl_set_accept_state(ssl);
  if (auto* const hand_over = proofmint::service::hand_over_in_progress;
      hand_over != nullptr && !hand_over->taken) {
    proofmint::service::Take(*hand_over, ssl);
  }
}

[[gnu::visibility("default")]] int SSL_do_handshake(SSL* ssl) {
  const int result = proofmint::service::next_ssl_do_handshake(ssl);
  if (result != 1) return result;
  TlsConnection* const connection = proofmint::service::Find(ssl);
  if (connection == nullptr || connection->state == TlsConnection::kServed) {
    return result;
  }
  if (connection->state == TlsConnection::kHandshake &&
      proofmint::service::Admit(*connection, ssl)) {
    connection->state = TlsConnection::kServed;
    return result;
  }
  connection->state = TlsConnection::kRefused;
  // Without an error in OpenSSL's queue this is one of the connection, which
  // gRPC takes for the end of the handshake.
  return -1;
}

[[gnu::visibility("default")]] int SSL_read(SSL* ssl, void* buffer, int size) {
  int got = proofmint::service::next_ssl_read(ssl, buffer, size);
  if (got <= 0) return got;
  TlsConnection* const connection = proofmint::service::Find(ssl);
  if (connection == nullptr) return got;
  if (connection->state == TlsConnection::kServed &&
      connection->descriptor.ReceivedInTls(
          connection->generation, std::span(static_cast<const uint8_t*>(buffer),
                                            static_cast<size_t>(got)))) {
    return got;
  }
  proofmint::service::End(*connection);
  while (got > 0) got = proofmint::service::next_ssl_read(ssl, buffer, size);
  return got;
}

[[gnu::visibility("default")]] int SSL_write(SSL* ssl, const void* buffer,
                                             int size) {
  const int written = proofmint::service::next_ssl_write(ssl, buffer, size);
  if (written <= 0) return written;
  if (TlsConnection* const connection = proofmint::service::Find(ssl);
      connection != nullptr) {
    connection->descriptor.SentInTls(
        connection->generation, std::span(static_cast<const uint8_t*>(buffer),
                                          static_cast<size_t>(written)));
  }
  return written;
}

}  // extern "C"
