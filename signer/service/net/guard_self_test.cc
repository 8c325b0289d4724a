#include "signer/service/net/guard_self_test.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/errno_status.h"
#include "signer/base/status_macros.h"
#include "signer/base/unique_fd.h"
#include "signer/service/net/connection_guard.h"
#include "signer/service/net/self_test_client.h"
#include "signer/service/observe/connection_record.h"

namespace proofmint::service {
namespace {

using Acceptor = grpc::experimental::ExternalConnectionAcceptor;
using Transport = GuardedDescriptor::Transport;

constexpr absl::Duration kLimit = absl::Seconds(10);

// What a client sends for one call: the preface, an empty SETTINGS frame and
// HEADERS with END_STREAM (RFC 9113), whose fields are not indexed (RFC 7541
// section 6.2.2). gRPC answers it with UNIMPLEMENTED.
std::string Request() {
  using std::string_literals::operator""s;
  const auto field = [](absl::string_view name, absl::string_view value) {
    return absl::StrCat("\0"s, std::string(1, static_cast<char>(name.size())),
                        name, std::string(1, static_cast<char>(value.size())),
                        value);
  };
  // :method POST and :scheme http are in HPACK's static table.
  const std::string fields = absl::StrCat(
      "\x83\x86", field(":path", "/self-test/Call"),
      field(":authority", SelfTestCertificate::kDnsName),
      field("content-type", "application/grpc"), field("te", "trailers"));
  return absl::StrCat("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\4\0\0\0\0\0"s,
                      "\0\0"s, std::string(1, static_cast<char>(fields.size())),
                      "\1\5\0\0\0\1"s, fields);
}

// Leaves out what linked libraries add to servers, such as reflection, which
// would start threads.
class WithoutPlugins : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>*
                         plugins) override {
    plugins->clear();
  }
};

// SelfTestServer is a server of gRPC's without services. The thread that calls
// Poll reads and answers its calls.
class SelfTestServer {
 public:
  // Serves with TLS and `certificate`, unless that is null.
  explicit SelfTestServer(const SelfTestCertificate* certificate) {
    grpc::ServerBuilder builder;
    builder.SetOption(std::make_unique<WithoutPlugins>());
    queue_ = builder.AddCompletionQueue();
    if (certificate != nullptr) {
      grpc::SslServerCredentialsOptions options(
          GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
      options.pem_root_certs = certificate->certificate_pem;
      options.pem_key_cert_pairs = {
          {certificate->key_pem, certificate->certificate_pem}};
      acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
          grpc::ServerBuilder::experimental_type::ExternalConnectionType::
              FROM_FD,
          grpc::SslServerCredentials(options));
    }
    server_ = builder.BuildAndStart();
  }

  ~SelfTestServer() {
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now());
    }
    queue_->Shutdown();
    void* tag;
    bool ok;
    while (queue_->Next(&tag, &ok)) {
    }
  }

  bool started() const { return server_ != nullptr; }

  // Gives gRPC the connection, under guard.
  void Serve(base::UniqueFd connection, ConnectionGuard& guard) {
    const int fd = connection.get();
    if (acceptor_ == nullptr) {
      if (guard.AddPlaintext(fd, "self-test")) {
        grpc::AddInsecureChannelFromFd(server_.get(), connection.Release());
      }
      return;
    }
    guard.HandOverTls(fd, "self-test", [&] {
      Acceptor::NewConnectionParameters parameters;
      parameters.fd = connection.Release();
      acceptor_->HandleNewConnection(&parameters);
    });
  }

  void Poll() {
    void* tag;
    bool ok;
    queue_->AsyncNext(
        &tag, &ok,
        std::chrono::system_clock::now() + std::chrono::milliseconds(1));
  }

 private:
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<Acceptor> acceptor_;  // null in plaintext
  std::unique_ptr<grpc::Server> server_;
};

// Returns whether the guard saw all of the one call.
bool SawTheCall(int fd, absl::string_view caller) {
  GuardedDescriptor* const descriptor = GuardedDescriptor::Find(fd);
  if (descriptor == nullptr) return false;
  const auto counts = descriptor->counts();
  return counts.has_value() && counts->calls == 1 && counts->open_calls == 0 &&
         counts->caller == caller;
}

}  // namespace

absl::Status TestConnectionGuard(Transport transport) {
  const bool tls = transport == Transport::kTls;
  SelfTestCertificate certificate;
  if (tls) {
    PROOFMINT_ASSIGN_OR_RETURN(certificate, MakeSelfTestCertificate());
  }
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                 pair) != 0) {
    return base::ErrnoStatus("guard: socketpair");
  }
  SelfTestClient client(base::UniqueFd(pair[0]), Request(),
                        tls ? &certificate : nullptr);
  base::UniqueFd connection(pair[1]);
  const int fd = connection.get();
  ConnectionRecord record;
  ConnectionGuard guard(
      {.identify =
           [](const ClientCertificate& shown) {
             return CertificateCaller{
                 .id = "certificate",
                 .allowed =
                     shown.dns_names ==
                     std::vector<std::string>{SelfTestCertificate::kDnsName}};
           }},
      record);
  SelfTestServer server(tls ? &certificate : nullptr);
  if (!server.started()) {
    return absl::InternalError("guard: gRPC could not start for the self-test");
  }
  server.Serve(std::move(connection), guard);
  const absl::string_view caller = tls ? "certificate" : "self-test";
  const absl::Duration end = base::MonotonicNow() + kLimit;
  while (!client.answered() && base::MonotonicNow() < end) {
    client.Step();
    server.Poll();
  }
  if (SawTheCall(fd, caller)) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(
      "guard: it does not see what gRPC reads and writes",
      tls ? " with TLS" : "",
      ", so this program must not serve; it was linked or loaded in a way that "
      "hides its functions from libgrpc"));
}

}  // namespace proofmint::service
