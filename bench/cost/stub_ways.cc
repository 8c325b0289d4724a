#include "bench/cost/stub_ways.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/async_unary_call.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/load/request_set.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/status_macros.h"
#include "signer/base/thread.h"
#include "signer/service/contract/grpc_runtime.h"

namespace proofmint::cost {
namespace {

std::chrono::system_clock::time_point Deadline() {
  return absl::ToChronoTime(absl::Now() + kTimeout);
}

absl::Status ToAbslStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
}

MadeProof ToMadeProof(const v1::SignProofResponse& response) {
  return {response.proof(), response.jkt(), response.iat()};
}

// The two methods: what they are called with, how, and what they return.
struct Unary {
  using Response = v1::SignProofResponse;
  static constexpr int kProofs = 1;

  Unary() { Fill(request); }

  static void Fill(v1::SignProofRequest& request) {
    request.set_algorithm(v1::ALGORITHM_ES256);
    request.set_htm(load::kHtm);
    request.set_htu(load::kHtu);
    request.set_nonce(std::string(kNonce));
  }
  auto Start(v1::ProofSigner::Stub& stub, grpc::ClientContext& context,
             grpc::CompletionQueue& queue) const {
    return stub.AsyncSignProof(&context, request, &queue);
  }
  static void Finish(const Response& response, const Way::Done& done) {
    const MadeProof made = ToMadeProof(response);
    done(absl::OkStatus(), {&made, 1});
  }

  v1::SignProofRequest request;
};

struct Batch {
  using Response = v1::BatchSignProofsResponse;
  static constexpr int kProofs = kBatchSize;

  Batch() {
    for (int i = 0; i < kProofs; ++i) Unary::Fill(*request.add_requests());
  }

  auto Start(v1::ProofSigner::Stub& stub, grpc::ClientContext& context,
             grpc::CompletionQueue& queue) const {
    return stub.AsyncBatchSignProofs(&context, request, &queue);
  }
  static void Finish(const Response& response, const Way::Done& done) {
    if (response.results_size() != kProofs) {
      return done(absl::InternalError(absl::StrCat(
                      "got ", response.results_size(), " results")),
                  {});
    }
    std::array<MadeProof, kProofs> made;
    for (int i = 0; i < kProofs; ++i) {
      const v1::SignProofResult& result = response.results(i);
      if (!result.has_proof()) {
        return done(absl::InternalError(result.error().message()), {});
      }
      made[i] = ToMadeProof(result.proof());
    }
    done(absl::OkStatus(), made);
  }

  v1::BatchSignProofsRequest request;
};

template <typename Method>
class StubWay : public Way {
 public:
  // Fails with RESOURCE_EXHAUSTED if the system has no thread to give.
  static absl::StatusOr<std::unique_ptr<Way>> Start(
      const std::shared_ptr<grpc::Channel>& channel) {
    std::unique_ptr<StubWay> way(new StubWay(channel));
    PROOFMINT_ASSIGN_OR_RETURN(
        way->poller_,
        base::Thread::Start("cost-poller", [way = way.get()] { way->Poll(); }));
    return way;
  }
  ~StubWay() override {
    queue_.Shutdown();  // Next returns false when the calls are done
    poller_.Join();
  }

  void Call(size_t, Done done) override {
    auto* call = new PendingCall;
    call->done = std::move(done);
    call->context.set_deadline(Deadline());
    call->reader = method_.Start(*stub_, call->context, queue_);
    call->reader->Finish(&call->response, &call->status, call);
  }

  bool in_process() const override { return false; }
  int proofs_per_call() const override { return Method::kProofs; }

 private:
  using Response = typename Method::Response;

  explicit StubWay(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::ProofSigner::NewStub(channel)) {}

  struct PendingCall {
    grpc::ClientContext context;
    Response response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
    Done done;
  };

  void Poll() {
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
      std::unique_ptr<PendingCall> call(static_cast<PendingCall*>(tag));
      if (call->status.ok()) {
        Method::Finish(call->response, call->done);
      } else {
        call->done(ToAbslStatus(call->status), {});
      }
    }
  }

  const Method method_;
  const std::unique_ptr<v1::ProofSigner::Stub> stub_;
  grpc::CompletionQueue queue_;
  base::Thread poller_;  // last, because it uses the other members
};

template <typename Method>
absl::StatusOr<std::unique_ptr<Way>> NewStubWay(const std::string& target) {
  service::KeepGrpcInitialized();
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel(target, grpc::InsecureChannelCredentials());
  if (!channel->WaitForConnected(Deadline())) {
    return absl::UnavailableError(absl::StrCat(
        "target: got ", target, ", want a signer that can be reached"));
  }
  return StubWay<Method>::Start(channel);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Way>> NewUnaryStub(const std::string& target) {
  return NewStubWay<Unary>(target);
}

absl::StatusOr<std::unique_ptr<Way>> NewBatchStub(const std::string& target) {
  return NewStubWay<Batch>(target);
}

}  // namespace proofmint::cost
