#include "signer/service/rpc/proof_signer_service.h"

#include <google/protobuf/arena.h>

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"
#include "signer/service/contract/duration.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/limits.h"
#include "signer/service/mint/batch_collector.h"
#include "signer/service/rpc/message_bytes.h"
#include "signer/service/rpc/unary_call.h"

namespace proofmint::service {
namespace {

// The number of calls of a method that are awaited at the same time. When more
// arrive at once, they wait in gRPC.
constexpr int kAwaitedCalls = 64;

class SignProofCall final : public UnaryCall, private MintQueue::Owner {
 public:
  SignProofCall(ProofSignerService& service, CallQueue& queue)
      : UnaryCall(queue),
        service_(service),
        gated_call_(service.gate(), Method::kSignProof, queue, context_) {
    service.RequestSignProof(&context_, &request_bytes_, &writer_,
                             queue.events.get(), queue.events.get(), tag());
  }

 private:
  void AwaitNext() override { new SignProofCall(service_, queue_); }

  absl::Duration OnArrival() override {
    return gated_call_.Begin(arrived(), peer_);
  }

  void Serve() override {
    absl::Status refusal = gated_call_.Check();
    if (refusal.ok()) refusal = ParseMessage(request_bytes_, request_);
    if (refusal.ok()) refusal = gated_call_.Admit(1);
    if (!refusal.ok()) {
      gated_call_.CountRefusal(refusal);
      return Answer(refusal);
    }
    queue_.mint_queue.Add({.request = &request_,
                           .response = &response_,
                           .call = &gated_call_.call_info(),
                           .owner = this});
  }

  void OnMinted(int, absl::Status status) override { Answer(status); }

  void Answer(const absl::Status& status) {
    gated_call_.End(status, [&](AuditEntry& entry) {
      if (status.ok()) {
        entry.AddProof(request_, response_);
      } else if (!request_.htu().empty()) {
        entry.AddFailure(request_);
      }
    });
    status.ok() ? AnswerWith(response_) : AnswerError(status);
    // Frees what a caller that does not read its answer would keep in memory.
    request_ = v1::SignProofRequest();
    response_ = v1::SignProofResponse();
  }

  ProofSignerService& service_;
  GatedCall gated_call_;
  v1::SignProofRequest request_;
  v1::SignProofResponse response_;
};

class BatchSignProofsCall final : public UnaryCall {
 public:
  BatchSignProofsCall(ProofSignerService& service, CallQueue& queue)
      : UnaryCall(queue),
        service_(service),
        gated_call_(service.gate(), Method::kBatchSignProofs, queue, context_) {
    service.RequestBatchSignProofs(&context_, &request_bytes_, &writer_,
                                   queue.events.get(), queue.events.get(),
                                   tag());
  }

 private:
  void AwaitNext() override { new BatchSignProofsCall(service_, queue_); }

  absl::Duration OnArrival() override {
    return gated_call_.Begin(arrived(), peer_);
  }

  void Serve() override {
    absl::Status refusal = gated_call_.Check();
    if (refusal.ok()) refusal = ParseMessage(request_bytes_, request_);
    if (refusal.ok()) refusal = CheckBatchSize(request_);
    if (refusal.ok()) {
      refusal =
          gated_call_.Admit(static_cast<size_t>(request_.requests_size()));
    }
    if (!refusal.ok()) {
      gated_call_.CountRefusal(refusal);
      return Answer(refusal);
    }
    collector_.Add(request_, response_, queue_.mint_queue,
                   gated_call_.call_info(),
                   [this] { Answer(absl::OkStatus()); });
  }

  void Answer(const absl::Status& status) {
    gated_call_.End(status, [this](AuditEntry& entry) {
      for (int i = 0; i < response_.results_size(); ++i) {
        const v1::SignProofResult& result = response_.results(i);
        result.has_proof()
            ? entry.AddProof(request_.requests(i), result.proof())
            : entry.AddFailure(request_.requests(i), ReasonOf(result.error()));
      }
    });
    status.ok() ? AnswerWith(response_) : AnswerError(status);
    // Frees what a caller that does not read its answer would keep in memory.
    // This destroys the request and the response.
    arena_.Reset();
  }

  ProofSignerService& service_;
  GatedCall gated_call_;
  google::protobuf::Arena arena_;
  v1::BatchSignProofsRequest& request_ =
      *google::protobuf::Arena::CreateMessage<v1::BatchSignProofsRequest>(
          &arena_);
  v1::BatchSignProofsResponse& response_ =
      *google::protobuf::Arena::CreateMessage<v1::BatchSignProofsResponse>(
          &arena_);
  BatchCollector collector_;
};

class GetCapabilitiesCall final : public UnaryCall {
 public:
  GetCapabilitiesCall(ProofSignerService& service, CallQueue& queue)
      : UnaryCall(queue),
        service_(service),
        gated_call_(service.gate(), Method::kGetCapabilities, queue, context_) {
    service.RequestGetCapabilities(&context_, &request_bytes_, &writer_,
                                   queue.events.get(), queue.events.get(),
                                   tag());
  }

 private:
  void AwaitNext() override { new GetCapabilitiesCall(service_, queue_); }

  absl::Duration OnArrival() override {
    return gated_call_.Begin(arrived(), peer_);
  }

  void Serve() override {
    v1::GetCapabilitiesRequest request;
    absl::Status status = gated_call_.Check();
    if (status.ok()) status = ParseMessage(request_bytes_, request);
    if (!status.ok()) gated_call_.CountRefusal(status);
    gated_call_.End(status, [](AuditEntry&) {});
    status.ok() ? AnswerWith(service_.capabilities()) : AnswerError(status);
  }

  ProofSignerService& service_;
  GatedCall gated_call_;
};

}  // namespace

ProofSignerService::ProofSignerService(crypto::Kernel kernel, const Gate& gate)
    : gate_(gate) {
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    capabilities_.add_dpop_signing_alg_values(
        std::string(dpop::AlgorithmName(algorithm)));
  }
  capabilities_.set_max_batch_size(kMaxBatchSize);
  *capabilities_.mutable_max_iat_offset() = ToProto(kMaxIatOffset);
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
