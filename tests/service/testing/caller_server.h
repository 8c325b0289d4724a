// Runs a server that answers with the identity of the caller.

#ifndef PROOFMINT_TESTS_SERVICE_TESTING_CALLER_SERVER_H_
#define PROOFMINT_TESTS_SERVICE_TESTING_CALLER_SERVER_H_

#include <grpcpp/channel.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/clock.h"
#include "signer/service/gate/caller.h"
#include "signer/service/net/connection_guard.h"
#include "signer/service/net/connection_limits.h"
#include "signer/service/observe/connection_record.h"
#include "signer/service/server/grpc_server.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::testing {

// CallerServer answers GetCapabilities with the caller's id as the version and
// "allowed" or "refused" as the kernel.
class CallerServer {
 public:
  // The `callers` and the `guard` of `options` are replaced. Certificates are
  // judged by the time of `clock`.
  CallerServer(service::GrpcServerOptions options, service::CallerPolicy policy,
               base::Clock clock = absl::Now)
      : callers_(std::move(policy)),
        guard_(
            {.identify =
                 [this](const service::ClientCertificate& certificate) {
                   service::Caller caller = callers_.OfCertificate(
                       certificate.uris, certificate.dns_names);
                   return service::CertificateCaller{caller.id, caller.allowed};
                 },
             .penalized =
                 [this](absl::string_view caller) {
                   return limits_.Penalized(caller);
                 },
             .clock = std::move(clock)},
            record_) {
    options.callers = &callers_;
    options.guard = &guard_;
    auto server = service::GrpcServer::Start(options, {&service_}, nullptr);
    ABSL_RAW_CHECK(server.ok(), server.status().ToString().c_str());
    server_ = *std::move(server);
  }

  const service::Callers& callers() const { return callers_; }
  service::GrpcServer& server() { return *server_; }
  service::ConnectionGuard& guard() { return guard_; }
  // Gives `caller` so many points that its certificate is refused.
  void Penalize(const std::string& caller) {
    for (double points = 0; points <= service::ConnectionLimits::kMaxPoints;
         ++points) {
      limits_.Penalize(caller);
    }
  }
  // Returns what the guard has refused and closed.
  const service::ConnectionRecord& record() const { return record_; }
  // Returns the first address.
  const std::string& target() const { return server_->addresses()[0]; }

 private:
  class Service final : public v1::ProofSigner::CallbackService {
   public:
    explicit Service(const service::Callers& callers) : callers_(callers) {}

    grpc::ServerUnaryReactor* GetCapabilities(
        grpc::CallbackServerContext* context, const v1::GetCapabilitiesRequest*,
        v1::GetCapabilitiesResponse* response) override {
      service::Caller caller = callers_.Identify(*context);
      response->set_version(caller.id);
      response->set_kernel(caller.allowed ? "allowed" : "refused");
      grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }

   private:
    const service::Callers& callers_;
  };

  service::Callers callers_;
  service::ConnectionRecord record_;
  service::ConnectionLimits limits_{{}, record_};
  service::ConnectionGuard guard_;
  Service service_{callers_};
  std::unique_ptr<service::GrpcServer> server_;
};

// AskWhoIAm calls a CallerServer and returns "allowed ID", "refused ID" or, if
// the call fails, "failed CODE".
inline std::string AskWhoIAm(const std::shared_ptr<grpc::Channel>& channel) {
  v1::GetCapabilitiesResponse response;
  grpc::Status status = v1::ProofSigner::NewStub(channel)->GetCapabilities(
      NewContext().get(), {}, &response);
  return status.ok() ? absl::StrCat(response.kernel(), " ", response.version())
                     : absl::StrCat("failed ", status.error_code());
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_TESTING_CALLER_SERVER_H_
