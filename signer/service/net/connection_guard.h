// Closes the connections of peers that flood the server or do not read, and
// judges client certificates in the TLS handshake.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_CONNECTION_GUARD_H_
#define PROOFMINT_SIGNER_SERVICE_NET_CONNECTION_GUARD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/service/net/client_certificate.h"
#include "signer/service/net/guarded_descriptor.h"
#include "signer/service/observe/connection_record.h"

namespace proofmint::service {

// CertificateCaller is what the names in a certificate say of its caller.
struct CertificateCaller {
  std::string id;  // Caller::id
  bool allowed = false;
};

// ConnectionGuard watches connections of a gRPC server while gRPC reads and
// writes them: FrameGuard judges what a peer sends, before gRPC parses it. What
// it sees comes from io_hooks.h, on the threads that read and write, which are
// mostly the call threads. It adds a lock that is hardly ever contended and
// some ten ns a frame to each read and write.
//
// A connection that it closes is shut down in both directions. gRPC then closes
// the descriptor, and the calls in flight on it are cancelled.
//
// Thread-safe. May be destroyed while its connections are open: they are judged
// as before, but not recorded any more.
class ConnectionGuard {
 public:
  struct Options {
    // Returns the caller of a certificate; without it no certificate is
    // allowed.
    std::function<CertificateCaller(const ClientCertificate&)> identify;
    // Returns whether connections of a caller are refused at present; may be
    // empty.
    std::function<bool(absl::string_view caller)> penalized;
    // Is told of each caller, and each address, whose connection was closed
    // because it flooded the server; may be empty. A peer that does not read is
    // not reported: its process may have been stopped. Nor is one that sent a
    // single frame that is too long: it may be broken, and costs no more than
    // any peer that connects.
    std::function<void(absl::string_view caller)> penalize;
    // By what certificates are judged.
    base::Clock clock = absl::Now;
  };

  // A connection whose peer takes nothing for so long, although bytes wait for
  // it, is closed.
  static constexpr absl::Duration kMaxStall = absl::Seconds(10);

  // Counts in `record`, which must outlive the guard, what is refused in the
  // handshake and what is closed. The functions of `options` are thread-safe
  // and are called one at a time.
  ConnectionGuard(Options options, ConnectionRecord& record);
  ~ConnectionGuard();

  ConnectionGuard(const ConnectionGuard&) = delete;
  ConnectionGuard& operator=(const ConnectionGuard&) = delete;

  // AddPlaintext takes the accepted connection `fd` under guard, before gRPC
  // has it. `caller` is the caller's id, or its address. Returns false if it
  // cannot be guarded, and is to be closed.
  bool AddPlaintext(int fd, std::string caller);

  // HandOverTls calls `hand_over`, which gives the accepted connection `fd` to
  // gRPC for a TLS handshake, and takes it under guard. `address` is the
  // peer's. Returns false, without the call, as AddPlaintext does. At the end
  // of the handshake, full or resumed, the client's certificate must be valid
  // by its dates and of a caller that is allowed and not penalized; otherwise
  // the handshake fails.
  bool HandOverTls(int fd, std::string address,
                   absl::FunctionRef<void()> hand_over);

  // CloseStalled closes the connections that have been stalled for kMaxStall at
  // `now`, a time of MonotonicNow. To be called every second or so.
  void CloseStalled(absl::Duration now = base::MonotonicNow());

 private:
  void Closed(ConnectionClosure reason, bool flood, absl::string_view caller,
              absl::string_view peer);
  std::optional<std::string> Admit(const ClientCertificate& certificate);

  const Options options_;
  ConnectionRecord& record_;
  const std::shared_ptr<GuardReports> reports_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_CONNECTION_GUARD_H_
