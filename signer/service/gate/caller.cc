#include "signer/service/gate/caller.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "signer/base/status_macros.h"
#include "signer/service/gate/allowed_san.h"

namespace proofmint::service {
namespace {

// Enough for nearly every process.
constexpr size_t kUsualGroups = 64;

Caller Unknown() { return {.id = kUnknownCaller, .allowed = false}; }

template <typename Id>
bool Contains(const std::vector<Id>& ids, Id id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Returns the supplementary groups of the peer of the connection `fd`.
std::vector<gid_t> PeerGroups(int fd) {
  std::vector<gid_t> groups(kUsualGroups);
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int result =
        getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    if (result != 0 && errno != ERANGE) break;
    groups.resize(size / sizeof(gid_t));
    if (result == 0) return groups;
  }
  return {};
}

absl::string_view View(grpc::string_ref text) {
  return {text.data(), text.size()};
}

// Returns the id of a caller with the name `san`. URIs that are allowed have
// "://". Any other URI gets a prefix, so that it cannot look like an id of
// another kind, such as "uid:0".
std::string SanId(SanKind kind, absl::string_view san) {
  if (kind == SanKind::kDns) {
    return absl::StrCat("dns:", absl::AsciiStrToLower(san));
  }
  return absl::StrContains(san, "://") ? std::string(san)
                                       : absl::StrCat("uri:", san);
}

// NameChoice chooses the name of a caller among those of its certificate: the
// first one that is allowed or, for the log, the first of all.
class NameChoice {
 public:
  explicit NameChoice(const CallerPolicy& policy) : policy_(policy) {}

  void Add(SanKind kind, absl::string_view san) {
    if (caller_.allowed) return;
    const bool allowed =
        std::any_of(policy_.allowed_sans.begin(), policy_.allowed_sans.end(),
                    [kind, san](const std::string& entry) {
                      return SanMatches(entry, kind, san);
                    });
    if (allowed ||
        (caller_.id == kUnknownCaller && san.size() <= kMaxSanSize)) {
      caller_ = {.id = SanId(kind, san), .allowed = allowed};
    }
  }

  const Caller& caller() const { return caller_; }

 private:
  const CallerPolicy& policy_;
  Caller caller_ = Unknown();
};

Caller OfAuthContext(const grpc::AuthContext& context,
                     const CallerPolicy& policy) {
  NameChoice choice(policy);
  for (const auto& [kind, property] :
       {std::pair{SanKind::kUri, GRPC_PEER_URI_PROPERTY_NAME},
        {SanKind::kDns, GRPC_PEER_DNS_PROPERTY_NAME}}) {
    for (const grpc::string_ref& value : context.FindPropertyValues(property)) {
      choice.Add(kind, View(value));
    }
  }
  return choice.caller();
}

bool IsTls(const grpc::AuthContext& context) {
  const std::vector<grpc::string_ref> types =
      context.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return types.size() == 1 && types[0] == GRPC_SSL_TRANSPORT_SECURITY_TYPE;
}

// Returns whether `peer` is a loopback address. gRPC escapes the brackets, as
// in a URI.
bool IsLoopbackPeer(absl::string_view peer) {
  return absl::StartsWith(peer, "ipv4:127.") ||
         absl::StartsWith(peer, "ipv6:%5B::1%5D:") ||
         absl::StartsWith(peer, "ipv6:[::1]:");
}

CallerPolicy WithoutInvalidSans(CallerPolicy policy) {
  std::erase_if(policy.allowed_sans, [](const std::string& entry) {
    return !ValidateAllowedSan(entry).ok();
  });
  return policy;
}

}  // namespace

absl::Status ValidateCallerPolicy(const CallerPolicy& policy) {
  for (const std::string& entry : policy.allowed_sans) {
    PROOFMINT_RETURN_IF_ERROR(ValidateAllowedSan(entry));
  }
  return absl::OkStatus();
}

Callers::Callers(CallerPolicy policy)
    : policy_(WithoutInvalidSans(std::move(policy))), own_uid_(geteuid()) {}

Caller Callers::RecordPeer(int fd) {
  Caller caller = Unknown();
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
    caller = {.id = absl::StrCat("uid:", peer.uid),
              .allowed = Allows(fd, peer.uid, peer.gid)};
  }
  base::MutexLock lock(mutex_);
  peers_.insert_or_assign(fd, caller);
  return caller;
}

bool Callers::Allows(int fd, uid_t uid, gid_t gid) const {
  if (policy_.allowed_uids.empty() && policy_.allowed_gids.empty()) return true;
  if (uid == own_uid_ || Contains(policy_.allowed_uids, uid) ||
      Contains(policy_.allowed_gids, gid)) {
    return true;
  }
  if (policy_.allowed_gids.empty()) return false;
  const std::vector<gid_t> groups = PeerGroups(fd);
  return std::any_of(groups.begin(), groups.end(), [this](gid_t group) {
    return Contains(policy_.allowed_gids, group);
  });
}

Caller Callers::Identify(const grpc::ServerContextBase& context) const {
  const std::string peer = context.peer();
  absl::string_view number = peer;
  if (absl::ConsumePrefix(&number, "fd:")) {
    int fd;
    if (!absl::SimpleAtoi(number, &fd)) return Unknown();
    base::MutexLock lock(mutex_);
    auto found = peers_.find(fd);
    return found == peers_.end() ? Unknown() : found->second;
  }
  const std::shared_ptr<const grpc::AuthContext> auth_context =
      context.auth_context();
  if (IsTls(*auth_context)) return OfAuthContext(*auth_context, policy_);
  if (IsLoopbackPeer(peer)) return {.id = "loopback", .allowed = true};
  return Unknown();
}

Caller Callers::OfCertificate(const std::vector<std::string>& uris,
                              const std::vector<std::string>& dns_names) const {
  NameChoice choice(policy_);
  for (const std::string& uri : uris) choice.Add(SanKind::kUri, uri);
  for (const std::string& name : dns_names) choice.Add(SanKind::kDns, name);
  return choice.caller();
}

}  // namespace proofmint::service
