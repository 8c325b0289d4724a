#include "signer/service/proof_signer_service.h"

#include <google/protobuf/arena.h>

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"
#include "signer/service/batch_mint.h"
#include "signer/service/request_validation.h"
#include "signer/service/unary_call.h"

namespace proofmint::service {
namespace {

// Calls of a method that gRPC may hand out before the next is asked for; more
// wait in gRPC.
constexpr int kAwaitedCalls = 64;

class SignProofCall final : public UnaryCall, public MintQueue::Owner {
 public:
  SignProofCall(ProofSignerService& service, CallQueue& queue)
      : UnaryCall(queue), service_(service) {
    service.RequestSignProof(&context_, &request_bytes_, &writer_,
                             queue.events.get(), queue.events.get(), this);
  }

 private:
  void AwaitAnother() override { new SignProofCall(service_, queue_); }

  void Received() override {
    absl::Status parsed = ParseMessage(request_bytes_, request_);
    if (!parsed.ok()) return AnswerError(parsed);
    queue_.mints.Add(request_, response_, /*index=*/-1, *this);
  }

  void Minted(int, absl::Status status) override {
    status.ok() ? AnswerWith(response_) : AnswerError(status);
  }

  ProofSignerService& service_;
  v1::SignProofRequest request_;
  v1::SignProofResponse response_;
};

class BatchSignProofsCall final : public UnaryCall {
 public:
  BatchSignProofsCall(ProofSignerService& service, CallQueue& queue)
      : UnaryCall(queue), service_(service) {
    service.RequestBatchSignProofs(&context_, &request_bytes_, &writer_,
                                   queue.events.get(), queue.events.get(),
                                   this);
  }

 private:
  void AwaitAnother() override { new BatchSignProofsCall(service_, queue_); }

  void Received() override {
    absl::Status parsed = ParseMessage(request_bytes_, request_);
    if (!parsed.ok()) return AnswerError(parsed);
    mint_.Add(request_, response_, queue_.mints, [this](absl::Status status) {
      status.ok() ? AnswerWith(response_) : AnswerError(status);
    });
  }

  ProofSignerService& service_;
  google::protobuf::Arena arena_;
  v1::BatchSignProofsRequest& request_ =
      *google::protobuf::Arena::CreateMessage<v1::BatchSignProofsRequest>(
          &arena_);
  v1::BatchSignProofsResponse& response_ =
      *google::protobuf::Arena::CreateMessage<v1::BatchSignProofsResponse>(
          &arena_);
  BatchMint mint_;
};

class GetCapabilitiesCall final : public UnaryCall {
 public:
  GetCapabilitiesCall(ProofSignerService& service, CallQueue& queue)
      : UnaryCall(queue), service_(service) {
    service.RequestGetCapabilities(&context_, &request_bytes_, &writer_,
                                   queue.events.get(), queue.events.get(),
                                   this);
  }

 private:
  void AwaitAnother() override { new GetCapabilitiesCall(service_, queue_); }

  void Received() override {
    v1::GetCapabilitiesRequest request;
    absl::Status parsed = ParseMessage(request_bytes_, request);
    if (!parsed.ok()) return AnswerError(parsed);
    AnswerWith(service_.capabilities());
  }

  ProofSignerService& service_;
};

}  // namespace

ProofSignerService::ProofSignerService(crypto::Kernel kernel) {
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
