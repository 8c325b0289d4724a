#include "tests/bench/load/fake_signer.h"

#include <grpcpp/server_builder.h>
#include <grpcpp/support/error_details.h>

#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"

namespace proofmint::testing {

FakeSigner::FakeSigner(
    Faults faults, const std::shared_ptr<grpc::ServerCredentials>& credentials)
    : faults_(std::move(faults)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  ABSL_RAW_CHECK(server_ != nullptr && port_ != 0, "FakeSigner");
}

FakeSigner::~FakeSigner() {
  server_->Shutdown(absl::ToChronoTime(absl::UnixEpoch()));
}

std::string FakeSigner::target() const {
  return absl::StrCat("127.0.0.1:", port_);
}

int FakeSigner::calls() {
  base::MutexLock lock(mutex_);
  return calls_;
}

template <typename Response, typename Forward>
grpc::Status FakeSigner::Answer(
    Response& response, const std::function<void(int call, Response&)>& spoil,
    Forward forward) {
  base::MutexLock lock(mutex_);
  const int call = ++calls_;
  if (faults_.before) {
    grpc::Status status = faults_.before(call);
    if (!status.ok()) return status;
  }
  grpc::Status status = forward();
  if (spoil) spoil(call, response);
  return status;
}

grpc::Status FakeSigner::SignProof(grpc::ServerContext*,
                                   const v1::SignProofRequest* request,
                                   v1::SignProofResponse* response) {
  return Answer(*response, faults_.spoil, [&] {
    return stub_->SignProof(NewContext().get(), *request, response);
  });
}

grpc::Status FakeSigner::BatchSignProofs(
    grpc::ServerContext*, const v1::BatchSignProofsRequest* request,
    v1::BatchSignProofsResponse* response) {
  return Answer(*response, faults_.spoil_batch, [&] {
    return stub_->BatchSignProofs(NewContext().get(), *request, response);
  });
}

grpc::Status ErrorStatus(grpc::StatusCode code, const std::string& reason,
                         absl::Duration retry_delay) {
  google::rpc::Status error;
  error.set_code(code);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("proofmint");
  error.add_details()->PackFrom(info);
  if (retry_delay > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(retry_delay)));
    error.add_details()->PackFrom(retry);
  }
  grpc::Status status;
  grpc::SetErrorDetails(error, &status);
  return status;
}

}  // namespace proofmint::testing
