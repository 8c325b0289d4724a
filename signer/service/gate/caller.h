// Identifies callers, and decides by a policy whether they are allowed.

#ifndef PROOFMINT_SIGNER_SERVICE_GATE_CALLER_H_
#define PROOFMINT_SIGNER_SERVICE_GATE_CALLER_H_

#include <grpcpp/server_context.h>
#include <sys/types.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "signer/base/mutex.h"

namespace proofmint::service {

// The id of a caller that could not be identified. It is never allowed.
inline constexpr char kUnknownCaller[] = "unknown";

// Caller is the identity of the peer that makes a call.
struct Caller {
  // "uid:1000" for a Unix connection; "spiffe://trust.domain/broker" or
  // "dns:broker.example", a name in the client certificate, for TLS; "loopback"
  // for all of plaintext TCP, where peers cannot be told apart; or
  // kUnknownCaller. Ids of different kinds never coincide.
  std::string id;
  bool allowed = false;
};

// CallerPolicy lists the callers that are allowed.
struct CallerPolicy {
  // Over Unix sockets: processes with one of these uids, with one of these gids
  // as their group or a supplementary group, or with the uid of this process.
  // If both lists are empty, every process that can connect to the socket.
  std::vector<uid_t> allowed_uids = {};
  std::vector<gid_t> allowed_gids = {};
  // Over TLS: entries as ValidateAllowedSan takes them.
  std::vector<std::string> allowed_sans = {};
};

// ValidateCallerPolicy returns INVALID_ARGUMENT if an entry is not valid.
absl::Status ValidateCallerPolicy(const CallerPolicy& policy);

// Callers identifies the peer of each connection. For Unix connections it takes
// the peer credentials from the kernel, which are those of the process that
// connected, at that moment. A process that passes its connection on to another
// is still the caller.
//
// Thread-safe.
class Callers {
 public:
  // Entries of allowed_sans that are not valid allow no caller.
  explicit Callers(CallerPolicy policy);

  const CallerPolicy& policy() const { return policy_; }

  // RecordPeer reads the peer credentials of the Unix connection `fd`, before
  // gRPC is given it, returns the caller and keeps it for Identify. Runs on an
  // accept loop.
  Caller RecordPeer(int fd);

  // Identify returns the caller of the call with `context`. It makes no system
  // call and reads no file.
  //
  // If the connection of the call is closed already, the caller may be that of
  // a new connection with the same descriptor. No peer then gets the answer.
  Caller Identify(const grpc::ServerContextBase& context) const;

  // OfCertificate returns the caller whose certificate has these
  // subjectAltNames: the first one that is allowed, URIs before DNS names, or
  // else the first of all.
  Caller OfCertificate(const std::vector<std::string>& uris,
                       const std::vector<std::string>& dns_names) const;

 private:
  bool Allows(int fd, uid_t uid, gid_t gid) const;

  const CallerPolicy policy_;
  const uid_t own_uid_;

  mutable base::Mutex mutex_;
  // By descriptor. A closed connection stays until its descriptor is reused.
  std::unordered_map<int, Caller> peers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_GATE_CALLER_H_
