// Connects to a server, with TLS if wanted, and sends arbitrary bytes.

#ifndef PROOFMINT_TESTS_RELIABILITY_FLOOD_CONNECTION_H_
#define PROOFMINT_TESTS_RELIABILITY_FLOOD_CONNECTION_H_

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/base/mutex.h"
#include "signer/base/unique_fd.h"
#include "tests/reliability/flood/endpoint.h"

namespace proofmint::flood {

using SslContext = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;

// Returns a context for clients that offer HTTP/2 and accept any server. The
// paths name PEM files; both are empty for a client without a certificate.
absl::StatusOr<SslContext> NewSslContext(const std::string& certificate,
                                         const std::string& key);

struct Destination {
  Endpoint server;
  std::optional<Endpoint> source;  // the client's own address, for TCP
  SSL_CTX* ssl = nullptr;          // null for plaintext
};

// Connection is one socket in blocking mode: a thread that sends waits until
// the kernel has taken all bytes, so that the server always finds more to read.
// One thread may send while another receives.
class Connection {
 public:
  // Connects, and with TLS makes the handshake. Every wait ends once `stopping`
  // returns true.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(
      const Destination& destination, std::function<bool()> stopping);

  // Sends all of `bytes`; returns whether the connection is open.
  bool Send(absl::string_view bytes);

  // Waits for bytes from the server; returns them, or nothing once the
  // connection is closed.
  std::string Receive();

  // Ends the connection: Receive returns nothing.
  void Close();

  int descriptor() const { return socket_.get(); }

 private:
  Connection(base::UniqueFd socket, std::function<bool()> stopping)
      : socket_(std::move(socket)), stopping_(std::move(stopping)) {}

  absl::Status Handshake(SSL_CTX* context);
  bool SendRaw(absl::string_view bytes);
  std::string ReceiveRaw();
  // Returns what TLS wants to send.
  std::string TakeOutput() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const base::UniqueFd socket_;
  const std::function<bool()> stopping_;
  base::Mutex mutex_;
  // Null for plaintext. It reads from and writes to memory.
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_ ABSL_GUARDED_BY(mutex_){nullptr,
                                                                    SSL_free};
};

}  // namespace proofmint::flood

#endif  // PROOFMINT_TESTS_RELIABILITY_FLOOD_CONNECTION_H_
