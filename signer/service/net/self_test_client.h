// Acts as an HTTP/2 client, in plaintext or with TLS, for the guard's
// self-test.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_SELF_TEST_CLIENT_H_
#define PROOFMINT_SIGNER_SERVICE_NET_SELF_TEST_CLIENT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/base/unique_fd.h"
#include "signer/service/net/frame_guard.h"
#include "signer/service/net/openssl.h"

namespace proofmint::service {

// SelfTestCertificate is a certificate of an authority that has signed itself,
// for client and server alike.
struct SelfTestCertificate {
  static constexpr char kDnsName[] = "self-test.proofmint.invalid";

  std::string certificate_pem;
  std::string key_pem;
  std::string certificate_der;
  std::string key_der;
};

// Makes a certificate with a new key. Fails with INTERNAL.
absl::StatusOr<SelfTestCertificate> MakeSelfTestCertificate();

// SelfTestClient sends `request` over a connection that does not block, and
// drops what it receives. It never waits. Not thread-safe.
class SelfTestClient {
 public:
  // Makes a client that uses TLS, with `certificate`, unless that is null.
  SelfTestClient(base::UniqueFd socket, std::string request,
                 const SelfTestCertificate* certificate);
  ~SelfTestClient();

  // Step does what can be done now: a part of the handshake, or of the request.
  void Step();

  // Returns whether the calls in the request have been answered.
  bool answered() const {
    return frames_.calls() > 0 && frames_.open_calls() == 0;
  }

 private:
  // Moves bytes between the socket and the memory that TLS reads and writes.
  void ReceiveForTls();
  void SendOfTls();

  // Sends what the socket takes, and keeps the rest in unsent_.
  void Send(absl::string_view bytes);
  // Receives what is there, and returns false if there is nothing.
  bool Receive(std::string& bytes) const;

  const base::UniqueFd socket_;
  std::string request_;  // "" once it was passed to Send, or to TLS
  std::string unsent_;
  FrameGuard frames_;      // which calls were answered
  SslContextPtr context_;  // null in plaintext, as the next three
  SslPtr ssl_;
  BIO* received_ = nullptr;  // ssl_ owns it
  BIO* sent_ = nullptr;      // ssl_ owns it
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_SELF_TEST_CLIENT_H_
