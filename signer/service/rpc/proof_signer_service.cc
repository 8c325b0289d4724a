#include "signer/service/rpc/proof_signer_service.h"

#include <google/protobuf/arena.h>

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/limits.h"
#include "signer/service/contract/request_validation.h"
#include "signer/service/mint/batch_collector.h"

namespace proofmint::service {
namespace {

// Calls of a method that gRPC may hand out before the next is asked for; more
// wait in gRPC.
constexpr int kAwaitedCalls = 64;

class SignProofCall final : public ServiceCall, public MintQueue::Owner {
 public:
  SignProofCall(ProofSignerService& service, CallQueue& queue)
      : ServiceCall(service.frontend(), Method::kSignProof, queue),
        service_(service) {
    service.RequestSignProof(&context_, &request_bytes_, &writer_,
                             queue.events.get(), queue.events.get(), tag());
  }

 private:
  void AwaitAnother() override { new SignProofCall(service_, queue_); }

  void Serve() override {
    absl::Status status = ParseMessage(request_bytes_, request_);
    if (status.ok()) status = Admit(1);
    if (!status.ok()) return Refuse(status);
    queue_.mints.Add({.request = &request_,
                      .response = &response_,
                      .call = &call(),
                      .owner = this});
  }

  void OnMinted(int, absl::Status status) override {
    status.ok() ? Succeed(response_) : Fail(status);
  }

  void Describe(AuditEntry& entry) const override {
    if (!response_.proof().empty()) {
      entry.AddProof(request_, response_);
    } else if (!request_.htu().empty()) {
      entry.AddFailure(request_);
    }
  }

  ProofSignerService& service_;
  v1::SignProofRequest request_;
  v1::SignProofResponse response_;
};

class BatchSignProofsCall final : public ServiceCall {
 public:
  BatchSignProofsCall(ProofSignerService& service, CallQueue& queue)
      : ServiceCall(service.frontend(), Method::kBatchSignProofs, queue),
        service_(service) {
    service.RequestBatchSignProofs(&context_, &request_bytes_, &writer_,
                                   queue.events.get(), queue.events.get(),
                                   tag());
  }

 private:
  void AwaitAnother() override { new BatchSignProofsCall(service_, queue_); }

  void Serve() override {
    absl::Status status = ParseMessage(request_bytes_, request_);
    if (status.ok()) status = CheckBatchSize(request_);
    if (status.ok()) {
      status = Admit(static_cast<size_t>(request_.requests_size()));
    }
    if (!status.ok()) return Refuse(status);
    collector_.Add(request_, response_, queue_.mints, call(),
                   [this] { Succeed(response_); });
  }

  void Describe(AuditEntry& entry) const override {
    for (int i = 0; i < response_.results_size(); ++i) {
      const v1::SignProofResult& result = response_.results(i);
      result.has_proof()
          ? entry.AddProof(request_.requests(i), result.proof())
          : entry.AddFailure(request_.requests(i), ReasonOf(result.error()));
    }
  }

  ProofSignerService& service_;
  google::protobuf::Arena arena_;
  v1::BatchSignProofsRequest& request_ =
      *google::protobuf::Arena::CreateMessage<v1::BatchSignProofsRequest>(
          &arena_);
  v1::BatchSignProofsResponse& response_ =
      *google::protobuf::Arena::CreateMessage<v1::BatchSignProofsResponse>(
          &arena_);
  BatchCollector collector_;
};

class GetCapabilitiesCall final : public ServiceCall {
 public:
  GetCapabilitiesCall(ProofSignerService& service, CallQueue& queue)
      : ServiceCall(service.frontend(), Method::kGetCapabilities, queue),
        service_(service) {
    service.RequestGetCapabilities(&context_, &request_bytes_, &writer_,
                                   queue.events.get(), queue.events.get(),
                                   tag());
  }

 private:
  void AwaitAnother() override { new GetCapabilitiesCall(service_, queue_); }

  void Serve() override {
    v1::GetCapabilitiesRequest request;
    absl::Status parsed = ParseMessage(request_bytes_, request);
    if (!parsed.ok()) return Refuse(parsed);
    Succeed(service_.capabilities());
  }

  void Describe(AuditEntry&) const override {}

  ProofSignerService& service_;
};

}  // namespace

ProofSignerService::ProofSignerService(crypto::Kernel kernel,
                                       const Frontend& frontend)
    : frontend_(frontend) {
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    capabilities_.add_dpop_signing_alg_values(
        std::string(dpop::AlgorithmName(algorithm)));
  }
  capabilities_.set_max_batch_size(kMaxBatchSize);
  capabilities_.mutable_max_iat_offset()->set_seconds(
      absl::ToInt64Seconds(kMaxIatOffset));
  capabilities_.set_version(PROOFMINT_VERSION);
  capabilities_.set_kernel(std::string(crypto::KernelName(kernel)));
}

void ProofSignerService::AwaitCalls(CallQueue& queue) {
  for (int i = 0; i < kAwaitedCalls; ++i) {
    new SignProofCall(*this, queue);
    new BatchSignProofsCall(*this, queue);
  }
  new GetCapabilitiesCall(*this, queue);
}

}  // namespace proofmint::service
