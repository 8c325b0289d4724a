#include "signer/service/server/grpc_server.h"

#include <grpc/compression.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/base/errno_status.h"
#include "signer/base/status_macros.h"
#include "signer/base/thread.h"
#include "signer/base/unique_fd.h"
#include "signer/crypto/sha2.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/syntax.h"
#include "signer/service/contract/grpc_runtime.h"
#include "signer/service/contract/limits.h"
#include "signer/service/net/guard_self_test.h"
#include "signer/service/net/guarded_descriptor.h"
#include "signer/service/net/peer_address.h"
#include "signer/service/net/tls_probe.h"

namespace proofmint::service {
namespace {

using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

// The largest valid batch fits into a message. A key handle takes some 80 of
// the 128 bytes; the last term is for tags, sizes and the small fields.
constexpr size_t kMaxRequestSize = dpop::kMaxHtmSize + dpop::kMaxHtuSize +
                                   dpop::kMaxNonceSize + crypto::kSha256Size +
                                   128 + 64;
static_assert(kMaxBatchSize * kMaxRequestSize <= kMaxMessageSize);

// Memory for messages that clients have not sent completely, in bytes.
constexpr size_t kMaxMessageMemory = 112 << 20;

// Connections on which a client pings more often are closed.
constexpr absl::Duration kMinPingInterval = absl::Seconds(10);

// How long a TLS handshake may take.
constexpr absl::Duration kHandshakeTimeout = absl::Seconds(10);

// How long gRPC may take at the start to answer a handshake of our own.
constexpr absl::Duration kTlsProbeLimit = absl::Seconds(5);

// After how much silence on a TCP connection the server sends a keepalive ping,
// and how long the client may take to acknowledge it.
constexpr absl::Duration kKeepalive = absl::Seconds(60);
constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(20);

// Memory that gRPC may take while it starts, in bytes.
constexpr size_t kStartMemory = 32 << 20;

// Returns the number of threads that the daemon may need from here on: those of
// gRPC (the pool of its event engine, four others, and as many again under
// load), those of the calls and the listeners, three of the metrics server, and
// three for the periodic tasks and for stopping.
size_t ThreadsNeeded(const GrpcServerOptions& options) {
  constexpr size_t kFixed = 4 + 4 + 3 + 3;
  const size_t event_engine =
      std::clamp<size_t>(sysconf(_SC_NPROCESSORS_CONF), 2, 32);
  return event_engine + static_cast<size_t>(CallLoop::DefaultThreads()) +
         options.listen.size() + kFixed;
}

bool IsPlaintext(const TcpAddress& address, const GrpcServerOptions& options) {
  return address.loopback && options.allow_insecure_loopback;
}

// Returns an error if `options` neither allow plaintext at `address` nor have
// the TLS credentials and allowed callers that it needs.
absl::Status CheckTcp(const TcpAddress& address,
                      const GrpcServerOptions& options) {
  if (IsPlaintext(address, options)) return absl::OkStatus();
  if (options.tls == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "listen: got ", address.host_port, ", want ",
        address.loopback ? "--allow_insecure_loopback for plaintext, or " : "",
        "--tls_certificate, --tls_key and --tls_client_ca"));
  }
  if (options.callers == nullptr ||
      options.callers->policy().allowed_sans.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "allowed_sans: empty, but ", address.host_port,
        " is served with TLS, which needs the names of its callers"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::unique_ptr<UnixListener>>> SystemdListeners() {
  const int count = sd_listen_fds(/*unset_environment=*/0);
  if (count <= 0) {
    return absl::FailedPreconditionError(
        "listen: systemd passed no socket; a socket unit must pass at least "
        "one");
  }
  std::vector<std::unique_ptr<UnixListener>> listeners;
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
    PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<UnixListener> listener,
                               UnixListener::FromSystemd(base::UniqueFd(fd)));
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

std::unique_ptr<Acceptor> NewAcceptor(
    grpc::ServerBuilder& builder,
    std::shared_ptr<grpc::ServerCredentials> credentials) {
  return builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      std::move(credentials));
}

// Gives an accepted Unix connection to `server`, or closes it.
void ServeUnix(grpc::Server& server, const GrpcServerOptions& options,
               base::UniqueFd connection) {
  const int fd = connection.get();
  if (options.callers != nullptr) {
    const Caller caller = options.callers->RecordPeer(fd);
    if (options.limits != nullptr &&
        !options.limits->AdmitUnix(fd, caller.id, caller.allowed)) {
      return;
    }
    if (options.guard != nullptr &&
        !options.guard->AddPlaintext(fd, caller.id)) {
      return;
    }
  }
  grpc::AddInsecureChannelFromFd(&server, connection.Release());
}

void HandOver(Acceptor& acceptor, base::UniqueFd connection) {
  Acceptor::NewConnectionParameters parameters;
  parameters.fd = connection.Release();
  acceptor.HandleNewConnection(&parameters);
}

// Gives an accepted TCP connection to gRPC, or closes it.
void ServeTcp(Acceptor& acceptor, const GrpcServerOptions& options, bool tls,
              base::UniqueFd connection) {
  const int fd = connection.get();
  std::string address = PeerAddress(fd);
  if (options.limits != nullptr &&
      !options.limits->AdmitTcp(fd, address, tls)) {
    return;
  }
  const auto hand_over = [&] { HandOver(acceptor, std::move(connection)); };
  if (options.guard == nullptr) {
    hand_over();
  } else if (tls) {
    options.guard->HandOverTls(fd, std::move(address), hand_over);
  } else if (options.guard->AddPlaintext(fd, std::move(address))) {
    hand_over();
  }
}

// Proves once in a process that the guard works, with TLS if `tls`.
absl::Status CheckGuard(bool tls) {
  using Transport = GuardedDescriptor::Transport;
  static std::atomic<bool> works = false;
  static std::atomic<bool> works_with_tls = false;
  if (!works) {
    PROOFMINT_RETURN_IF_ERROR(TestConnectionGuard(Transport::kPlaintext));
    works = true;
  }
  if (tls && !works_with_tls) {
    PROOFMINT_RETURN_IF_ERROR(TestConnectionGuard(Transport::kTls));
    works_with_tls = true;
  }
  return absl::OkStatus();
}

// Fails if gRPC could not set up the port of `acceptor` with its TLS
// credentials, which it says in its log alone: it would then take connections
// and never answer or close them. So this begins a handshake.
absl::Status CheckTlsPort(Acceptor& acceptor, absl::string_view host_port) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                 ends) != 0) {
    return base::ErrnoStatus("listen: socketpair");
  }
  const base::UniqueFd client(ends[0]);
  HandOver(acceptor, base::UniqueFd(ends[1]));
  absl::Status answered = ExpectServerHello(client, kTlsProbeLimit);
  if (answered.ok()) return answered;
  return absl::InternalError(
      absl::StrCat("listen: ", host_port,
                   " does not answer TLS handshakes: ", answered.message()));
}

void SetMilliseconds(grpc::ServerBuilder& builder, const char* argument,
                     absl::Duration duration) {
  constexpr int64_t kForever = std::numeric_limits<int>::max();
  builder.AddChannelArgument(
      argument, static_cast<int>(
                    std::min(absl::ToInt64Milliseconds(duration), kForever)));
}

// Limits the memory, streams, pings and time that a client may use. gRPC has
// only limits of a whole server: one that serves both TCP and Unix sockets
// applies the limits of TCP to Unix sockets as well.
void SetLimits(grpc::ServerBuilder& builder, const GrpcServerOptions& options) {
  builder.SetMaxReceiveMessageSize(kMaxMessageSize);
  // gRPC checks the size of a compressed message only before it unpacks it, to
  // a thousand times as much. Messages here are too small to gain anything.
  for (grpc_compression_algorithm algorithm :
       {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  }
  grpc::ResourceQuota memory("proofmint");
  memory.Resize(kMaxMessageMemory);
  builder.SetResourceQuota(memory);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             kMaxConcurrentStreams);
  SetMilliseconds(builder, GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                  kHandshakeTimeout);
  SetMilliseconds(builder,
                  GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                  kMinPingInterval);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  bool tcp = false;
  bool tls = false;
  for (const ListenAddress& address : options.listen) {
    const auto* tcp_address = std::get_if<TcpAddress>(&address);
    if (tcp_address == nullptr) continue;
    tcp = true;
    tls |= !IsPlaintext(*tcp_address, options);
  }
  if (tcp) {
    SetMilliseconds(builder, GRPC_ARG_KEEPALIVE_TIME_MS, kKeepalive);
    SetMilliseconds(builder, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeout);
  }
  if (tls) {
    SetMilliseconds(builder, GRPC_ARG_MAX_CONNECTION_AGE_MS,
                    options.max_connection_age);
    SetMilliseconds(builder, GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                    kConnectionAgeGrace);
  }
}

// Prepares gRPC for the process. Enabling reflection is not thread-safe and
// must come before the first ServerBuilder.
void PrepareGrpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    // The library would enable itself when it is loaded, but linkers leave out
    // a library of which no function is called.
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    KeepGrpcInitialized();
  });
}

// Removes reflection from one server. gRPC enables it in every server of a
// process that links the library.
class WithoutReflection : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) {
      return plugin->name() == "proto_server_reflection";
    });
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcServerOptions& options,
    const std::vector<grpc::Service*>& services, CallLoop* loop) {
  if (options.listen.empty()) {
    return absl::InvalidArgumentError("listen: no address given");
  }
  // gRPC does not report a thread that it could not start, and then hangs.
  PROOFMINT_RETURN_IF_ERROR(
      base::CheckThreads(ThreadsNeeded(options), kStartMemory));
  PrepareGrpc();
  std::unique_ptr<GrpcServer> server(new GrpcServer(loop));
  grpc::ServerBuilder builder;
  for (grpc::Service* service : services) builder.RegisterService(service);
  if (loop != nullptr) loop->AddQueues(builder);
  if (!options.enable_reflection) {
    builder.SetOption(std::make_unique<WithoutReflection>());
  }
  SetLimits(builder, options);

  bool systemd = false;
  struct TcpTarget {
    std::shared_ptr<Acceptor> acceptor;
    bool tls;
  };
  std::vector<TcpTarget> tcp_targets;  // of tcp_listeners_
  for (const ListenAddress& address : options.listen) {
    if (const auto* unix_address = std::get_if<UnixAddress>(&address)) {
      PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<UnixListener> listener,
                                 UnixListener::Bind(unix_address->path));
      server->AddUnixListener(std::move(listener));
    } else if (const auto* tcp_address = std::get_if<TcpAddress>(&address)) {
      PROOFMINT_RETURN_IF_ERROR(CheckTcp(*tcp_address, options));
      PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<TcpListener> listener,
                                 TcpListener::Bind(tcp_address->host_port));
      server->addresses_.push_back(listener->host_port());
      server->tcp_listeners_.push_back(std::move(listener));
      const bool tls = !IsPlaintext(*tcp_address, options);
      tcp_targets.push_back(
          {.acceptor =
               NewAcceptor(builder, tls ? options.tls->NewServerCredentials()
                                        : grpc::InsecureServerCredentials()),
           .tls = tls});
    } else if (std::exchange(systemd, true)) {
      return absl::InvalidArgumentError(
          "listen: systemd was given more than once");
    } else {
      PROOFMINT_ASSIGN_OR_RETURN(auto listeners, SystemdListeners());
      for (auto& listener : listeners) {
        server->AddUnixListener(std::move(listener));
      }
    }
  }

  if (options.guard != nullptr) {
    PROOFMINT_RETURN_IF_ERROR(CheckGuard(
        std::any_of(tcp_targets.begin(), tcp_targets.end(),
                    [](const TcpTarget& target) { return target.tls; })));
  }
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    return absl::InternalError("server: gRPC could not start");
  }

  if (loop != nullptr) PROOFMINT_RETURN_IF_ERROR(loop->Start());
  base::MutexLock lock(server->mutex_);
  for (auto& listener : server->unix_listeners_) {
    PROOFMINT_RETURN_IF_ERROR(
        listener->Start([grpc_server = server->server_.get(),
                         options](base::UniqueFd connection) {
          ServeUnix(*grpc_server, options, std::move(connection));
        }));
  }
  for (size_t i = 0; i < tcp_targets.size(); ++i) {
    if (tcp_targets[i].tls) {
      PROOFMINT_RETURN_IF_ERROR(CheckTlsPort(
          *tcp_targets[i].acceptor, server->tcp_listeners_[i]->host_port()));
    }
    PROOFMINT_RETURN_IF_ERROR(
        server->tcp_listeners_[i]->Start([target = std::move(tcp_targets[i]),
                                          options](base::UniqueFd connection) {
          ServeTcp(*target.acceptor, options, target.tls,
                   std::move(connection));
        }));
  }
  return server;
}

GrpcServer::~GrpcServer() { Stop(absl::ZeroDuration()); }

void GrpcServer::AddUnixListener(std::unique_ptr<UnixListener> listener) {
  addresses_.push_back(absl::StrCat("unix:", listener->path()));
  base::MutexLock lock(mutex_);
  unix_listeners_.push_back(std::move(listener));
}

void GrpcServer::MaintainSockets() {
  base::MutexLock lock(mutex_);
  for (auto& listener : unix_listeners_) listener->Maintain();
}

void GrpcServer::ReleaseSystemdSockets() {
  base::MutexLock lock(mutex_);
  std::erase_if(unix_listeners_,
                [](const auto& listener) { return listener->from_systemd(); });
}

void GrpcServer::StopListening() {
  {
    base::MutexLock lock(mutex_);
    unix_listeners_.clear();
  }
  tcp_listeners_.clear();
}

void GrpcServer::Stop(absl::Duration grace) {
  StopListening();
  if (server_ != nullptr) {
    server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
    server_->Wait();
  }
  if (loop_ != nullptr) loop_->Stop();
  server_ = nullptr;
}

}  // namespace proofmint::service
