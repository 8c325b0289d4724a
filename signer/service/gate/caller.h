// Who calls, and whether they may.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_CALLER_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_CALLER_H_

#include <grpcpp/server_context.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "signer/base/mutex.h"

namespace proofmint::service {

// The id of a caller of whom nothing is known. It is never allowed.
inline constexpr char kUnknownCaller[] = "unknown";

// Caller is who makes a call.
struct Caller {
  // "uid:1000" of a Unix connection; "spiffe://trust.domain/broker" or
  // "dns:broker.example", a name in the certificate of a TLS connection;
  // "loopback" of plaintext TCP, which tells nobody from another; or
  // kUnknownCaller.
  // No two callers that are allowed have the same unless they are the same.
  std::string id;
  bool allowed = false;
};

// CallerPolicy is who may call.
struct CallerPolicy {
  // Over Unix sockets: processes with one of these uids or, as their group or a
  // supplementary one, gids, and with the uid of this process. Without uids and
  // gids: everybody whom the socket lets connect.
  std::vector<uid_t> allowed_uids = {};
  std::vector<gid_t> allowed_gids = {};
  // Over TLS: entries as ValidateAllowedSan takes them.
  std::vector<std::string> allowed_sans = {};
};

// ValidateCallerPolicy finds entries that are wrong: INVALID_ARGUMENT.
absl::Status ValidateCallerPolicy(const CallerPolicy& policy);

// Callers knows who is at the other end of each connection. The kernel tells it
// of Unix connections, as of the moment when they were made: who has connected
// and hands the connection on, answers for it.
//
// Thread-safe.
class Callers {
 public:
  // Entries of allowed_sans that are not valid allow nobody.
  explicit Callers(CallerPolicy policy);

  const CallerPolicy& policy() const { return policy_; }

  // Connected reads who made the Unix connection `fd`, which gRPC is about to
  // be given.
  void Connected(int fd);

  // Identify returns who makes a call. It asks neither the kernel nor a file.
  //
  // A call whose connection has been closed may be taken for one of the
  // connection that has got its descriptor; there is nobody left to answer.
  Caller Identify(const grpc::ServerContextBase& context) const;

  // The number of Unix connections that are open. gRPC tells nobody when it
  // closes one, so this looks at each descriptor: for a scrape, not for a call.
  size_t unix_connections() const;

 private:
  struct Connection {
    Caller caller;
    ino_t inode = 0;  // of the socket, which tells it from its successors
  };

  bool Allows(int fd, uid_t uid, gid_t gid) const;

  const CallerPolicy policy_;
  const uid_t own_uid_;

  mutable base::Mutex mutex_;
  // By descriptor; closed connections stay until theirs is used again.
  std::unordered_map<int, Connection> connections_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_CALLER_H_
