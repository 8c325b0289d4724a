#include "signer/tools/doctor/signer_reachability.h"

#include <grpcpp/client_context.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "signer/base/unique_fd.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"

namespace proofmint::doctor {
namespace {

// Returns the errno of a connection to the socket `path`, or 0.
int ConnectError(absl::string_view path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
  path.copy(address.sun_path, path.size());
  base::UniqueFd fd(
      socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
                 sizeof(address)) == 0
             ? 0
             : errno;
}

std::string SocketRemedy(int error) {
  switch (error) {
    case ENOENT:
      return "start the socket unit, systemctl start proofmintd.socket, or "
             "name the daemon's socket with --target=unix:PATH";
    case EACCES:
      return "add this user to the group of the socket, proofmint, and log in "
             "anew";
    case ECONNREFUSED:
      return "the socket is left over from a daemon that has ended; start one: "
             "systemctl start proofmintd.socket";
    case EAGAIN:
      return "the daemon does not accept connections; see its log: journalctl "
             "-u proofmintd -n 20";
    default:
      return "see \"No connection\" in operations.md";
  }
}

std::string CallRemedy(absl::string_view text, bool connected) {
  const std::string message = absl::AsciiStrToLower(text);
  if (absl::StrContains(message, "handshake") ||
      absl::StrContains(message, "ssl") ||
      absl::StrContains(message, "certificate")) {
    return "check --tls_certificate, --tls_key and --tls_ca: certificates that "
           "are valid today, the server's from --tls_ca, ours from its "
           "--tls_client_ca";
  }
  if (connected) {
    return "the daemon closed the connection at once; its log says "
           "\"connection "
           "refused\" and why: journalctl -u proofmintd -n 20. A user that may "
           "not call must be in --allowed_uids or --allowed_gids";
  }
  return "check that proofmintd runs and that --target names its address; one "
         "on TCP needs the three --tls_... flags, except with "
         "--allow_insecure_loopback";
}

void CannotReach(const SignerAccess& signer, absl::string_view problem,
                 std::string remedy, Report& report) {
  report.Unknown("signer.reachable", absl::StrCat(signer.target, ": ", problem),
                 "a connection to proofmintd", std::move(remedy));
}

}  // namespace

std::string DescribeCall(const grpc::Status& status) {
  const google::rpc::Status error = service::ToRpcStatus(status);
  const std::string reason = service::DecodeErrorDetails(error).reason;
  return absl::StrCat(service::CodeName(error.code()),
                      reason.empty() ? "" : " ", reason,
                      error.message().empty() ? "" : ": ", error.message());
}

std::optional<grpc::Status> CheckReachable(
    const SignerAccess& signer, grpc::health::v1::HealthCheckResponse& response,
    Report& report) {
  // The kernel's answer says more than gRPC's.
  absl::string_view path = signer.target;
  const bool is_unix = absl::StartsWith(path, "unix:");
  if (absl::ConsumePrefix(&path, "unix:")) {
    absl::ConsumePrefix(&path, "//");
    const int error = ConnectError(path);
    if (error != 0) {
      CannotReach(signer, std::strerror(error), SocketRemedy(error), report);
      return std::nullopt;
    }
  }
  auto stub = grpc::health::v1::Health::NewStub(signer.channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + signer.timeout));
  grpc::Status health = stub->Check(&context, {}, &response);
  if (health.error_code() == grpc::StatusCode::UNAVAILABLE ||
      health.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    CannotReach(
        signer, DescribeCall(health),
        CallRemedy(health.error_message(),
                   /*connected=*/is_unix &&
                       health.error_code() == grpc::StatusCode::UNAVAILABLE),
        report);
    return std::nullopt;
  }
  report.Ok("signer.reachable", signer.target);
  return health;
}

}  // namespace proofmint::doctor
