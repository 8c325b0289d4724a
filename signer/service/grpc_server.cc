#include "signer/service/grpc_server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <list>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/crypto/status_macros.h"

namespace proofmint::service {
namespace {

using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

// A loopback address on its way through the builder, which reports the port
// that it got, or 0, through a pointer.
struct TcpPort {
  std::string host_port;
  int bound_port = 0;
};

void HandOver(Acceptor& acceptor, UniqueFd connection) {
  Acceptor::NewConnectionParameters parameters;
  parameters.fd = connection.Release();
  acceptor.HandleNewConnection(&parameters);
}

// What is switched on for the process, by a call that is not thread-safe,
// before a builder exists.
void PrepareGrpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    // The library does so itself when it is loaded, but a linker leaves out a
    // library of which nothing is called.
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // Never shut down again: when its last object goes away, gRPC 1.51 now and
    // then waits 10 s for a thread of its own.
    grpc_init();
  });
}

// gRPC turns reflection on in every server of a process that has its library;
// this takes it out of one again.
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
    return absl::InvalidArgumentError("listen: got no address, want one");
  }
  PrepareGrpc();
  std::unique_ptr<GrpcServer> server(new GrpcServer(loop));
  grpc::ServerBuilder builder;
  for (grpc::Service* service : services) builder.RegisterService(service);
  if (loop != nullptr) loop->AddQueues(builder);
  if (!options.enable_reflection) {
    builder.SetOption(std::make_unique<WithoutReflection>());
  }
  // Without this a second server could share our port unnoticed.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);

  std::vector<std::unique_ptr<Acceptor>> acceptors;
  std::list<TcpPort> tcp_ports;  // The builder keeps pointers into it.
  for (const ListenAddress& address : options.listen) {
    if (const auto* unix_address = std::get_if<UnixAddress>(&address)) {
      PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<UnixListener> listener,
                                 UnixListener::Bind(unix_address->path));
      server->unix_listeners_.push_back(std::move(listener));
      acceptors.push_back(builder.experimental().AddExternalConnectionAcceptor(
          grpc::ServerBuilder::experimental_type::ExternalConnectionType::
              FROM_FD,
          grpc::InsecureServerCredentials()));
      server->addresses_.push_back(absl::StrCat("unix:", unix_address->path));
    } else {
      TcpPort& port = tcp_ports.emplace_back();
      port.host_port = std::get<LoopbackAddress>(address).host_port;
      builder.AddListeningPort(
          port.host_port, grpc::InsecureServerCredentials(), &port.bound_port);
    }
  }

  server->server_ = builder.BuildAndStart();
  for (const TcpPort& port : tcp_ports) {
    if (port.bound_port == 0) {
      return absl::AlreadyExistsError(absl::StrCat(
          "listen: got ", port.host_port,
          ", which cannot be bound, want a free port of this host"));
    }
    absl::string_view host =
        absl::string_view(port.host_port).substr(0, port.host_port.rfind(':'));
    server->addresses_.push_back(absl::StrCat(host, ":", port.bound_port));
  }
  if (server->server_ == nullptr) {
    return absl::InternalError("server: got no gRPC server, want one");
  }

  if (loop != nullptr) loop->Start();
  for (size_t i = 0; i < acceptors.size(); ++i) {
    server->unix_listeners_[i]->Start(
        [acceptor = std::shared_ptr<Acceptor>(std::move(acceptors[i]))](
            UniqueFd connection) {
          HandOver(*acceptor, std::move(connection));
        });
  }
  return server;
}

GrpcServer::~GrpcServer() { Stop(absl::ZeroDuration()); }

void GrpcServer::Stop(absl::Duration grace) {
  unix_listeners_.clear();
  if (server_ != nullptr) {
    server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
    server_->Wait();
  }
  if (loop_ != nullptr) loop_->Stop();
  server_ = nullptr;
}

}  // namespace proofmint::service
