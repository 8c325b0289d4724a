// Tests the checks of calls over real connections.

#include "signer/service/rpc/gated_call.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "signer/service/rpc/proof_signer_service.h"
#include "signer/service/server/grpc_server.h"
#include "tests/service/mint/minter_test.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/service_parts.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::IsRetryableErrorWithin;
using ::proofmint::testing::MinterTest;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::OpenGate;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::ValidRequest;
using ::testing::MatchesRegex;

class GatedCallTest : public MinterTest {
 protected:
  void SetUp() override { Start(*parts_, &parts_.callers); }

  // Replaces the server by one with another gate. Without `callers` no caller
  // is identified.
  void Start(const Gate& gate, Callers* callers) {
    server_ = nullptr;
    loop_ = nullptr;
    service_ =
        std::make_unique<ProofSignerService>(crypto::Kernel::kBoringSsl, gate);
    loop_ = std::make_unique<CallLoop>(
        minter_, /*threads=*/1,
        [this](CallQueue& queue) { service_->AwaitCalls(queue); });
    server_ = GrpcServer::Start({.listen = {UnixAddress{directory_ / "s"}},
                                 .callers = callers},
                                {service_.get()}, loop_.get())
                  .value();
    stub_ = v1::ProofSigner::NewStub(NewChannel("unix:" + (directory_ / "s")));
  }

  grpc::Status Sign(const v1::SignProofRequest& request = ValidRequest()) {
    return stub_->SignProof(NewContext().get(), request, &response_);
  }

  grpc::Status SignBatch(int size) {
    v1::BatchSignProofsRequest batch;
    for (int i = 0; i < size; ++i) *batch.add_requests() = ValidRequest();
    v1::BatchSignProofsResponse response;
    return stub_->BatchSignProofs(NewContext().get(), batch, &response);
  }

  static absl::string_view ReasonOfCall(const grpc::Status& status) {
    return ReasonOf(DetailsOf(status));
  }

  uint64_t CallsWith(Method method, absl::StatusCode code) const {
    return loop_->stats()[0]
        .calls[static_cast<size_t>(method)][static_cast<size_t>(code)]
        .value();
  }
  uint64_t ErrorsWith(absl::string_view reason) const {
    for (size_t i = 0; i < kReasons.size(); ++i) {
      if (kReasons[i] == reason) return loop_->stats()[0].errors[i].value();
    }
    return 0;
  }

  TempDir directory_;
  OpenGate parts_;
  std::unique_ptr<ProofSignerService> service_;
  std::unique_ptr<CallLoop> loop_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<v1::ProofSigner::Stub> stub_;
  v1::SignProofResponse response_;
};

TEST_F(GatedCallTest, CountsWhatItServes) {
  ASSERT_TRUE(Sign().ok());
  ASSERT_TRUE(SignBatch(5).ok());
  v1::SignProofRequest bad = ValidRequest();
  bad.set_htu("no URI");
  EXPECT_EQ(ReasonOfCall(Sign(bad)), kInvalidHtu);
  EXPECT_EQ(CallsWith(Method::kSignProof, absl::StatusCode::kOk), 1u);
  EXPECT_EQ(CallsWith(Method::kSignProof, absl::StatusCode::kInvalidArgument),
            1u);
  EXPECT_EQ(CallsWith(Method::kBatchSignProofs, absl::StatusCode::kOk), 1u);
  EXPECT_EQ(loop_->stats()[0].proofs.value(), 6u);
  EXPECT_EQ(ErrorsWith(kInvalidHtu), 1u);
  server_->Stop(absl::ZeroDuration());
  EXPECT_EQ(parts_.admission.in_flight(), 0u);
}

TEST_F(GatedCallTest, ShedsBeforeAnyCryptography) {
  auto others = parts_.admission.Admit("other", 1020, base::MonotonicNow());
  ASSERT_TRUE(others.ok());
  const int draws = entropy_.calls();
  grpc::Status status = SignBatch(5);
  EXPECT_EQ(ReasonOfCall(status), kOverloaded);
  EXPECT_THAT(DetailsOf(status), IsRetryableErrorWithin("OVERLOADED", 50, 150));
  EXPECT_EQ(entropy_.calls(), draws);
  EXPECT_EQ(ErrorsWith(kOverloaded), 1u);
  // A batch that fits the limit is served.
  EXPECT_TRUE(SignBatch(4).ok());
  others->Release();
  EXPECT_TRUE(SignBatch(256).ok());
}

TEST_F(GatedCallTest, RefusesABatchOfTheWrongSizeBeforeItIsAdmitted) {
  auto others = parts_.admission.Admit("other", 1024, base::MonotonicNow());
  ASSERT_TRUE(others.ok());
  EXPECT_EQ(ReasonOfCall(SignBatch(257)), kInvalidBatchSize);
  EXPECT_EQ(ReasonOfCall(SignBatch(1)), kOverloaded);
}

TEST_F(GatedCallTest, TellsACallerOfItsQuota) {
  Admission admission(
      {.max_in_flight = 1024, .caller_rate = 0.001, .caller_burst = 256});
  Start({.callers = parts_.callers,
         .state = parts_.state,
         .admission = admission},
        &parts_.callers);
  EXPECT_TRUE(SignBatch(255).ok());
  EXPECT_TRUE(Sign().ok());
  grpc::Status status = Sign();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOfCall(status), kCallerQuotaExceeded);
  google::rpc::QuotaFailure quota;
  ASSERT_TRUE(DetailsOf(status).details(1).UnpackTo(&quota));
  EXPECT_THAT(quota.violations(0).subject(), MatchesRegex("uid:[0-9]+"));
  server_ = nullptr;  // before the admission
}

TEST_F(GatedCallTest, SaysThatItIsNotReadyDrainsOrIsBroken) {
  parts_.state.SetReady(false);
  EXPECT_THAT(DetailsOf(Sign()), IsRetryableErrorWithin("NOT_READY", 500, 500));
  v1::GetCapabilitiesResponse capabilities;
  EXPECT_EQ(ReasonOfCall(
                stub_->GetCapabilities(NewContext().get(), {}, &capabilities)),
            kNotReady);
  parts_.state.SetReady(true);
  EXPECT_TRUE(Sign().ok());
  parts_.state.Drain(base::MonotonicNow());
  EXPECT_EQ(ReasonOfCall(SignBatch(1)), kDraining);

  OpenGate broken;
  broken.state.Break();
  Start(*broken, &broken.callers);
  EXPECT_EQ(Sign().error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(ReasonOfCall(Sign()), kCryptoSelfTestFailed);
  server_ = nullptr;
}

TEST_F(GatedCallTest, RefusesAnUnidentifiedCaller) {
  Start(*parts_, /*callers=*/nullptr);
  for (int i = 0; i < 2; ++i) {
    grpc::Status status = i == 0 ? Sign() : SignBatch(300);
    EXPECT_EQ(ReasonOfCall(status), kCallerNotAllowed);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
  v1::GetCapabilitiesResponse capabilities;
  EXPECT_EQ(ReasonOfCall(
                stub_->GetCapabilities(NewContext().get(), {}, &capabilities)),
            kCallerNotAllowed);
  EXPECT_EQ(capabilities.version(), "");
  EXPECT_EQ(ErrorsWith(kCallerNotAllowed), 3u);
}

// The server's own limit of the deadline is earlier than the caller's deadline.
TEST_F(GatedCallTest, RefusesWhatWouldBeTooLate) {
  Gate impatient = *parts_;
  impatient.max_deadline = absl::Milliseconds(20);
  impatient.fault_delay = absl::Milliseconds(30);
  Start(impatient, &parts_.callers);
  const int draws = entropy_.calls();
  grpc::Status status = Sign();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(ReasonOfCall(status), kDeadlineTooShort);
  EXPECT_EQ(entropy_.calls(), draws);
  // It was refused without waiting in the queue.
  EXPECT_EQ(loop_->stats()[0].queue.sum_nanoseconds(), 0u);
}

TEST_F(GatedCallTest, ADelayOnPurposeIsOfEachCallAndNotOfTheServer) {
  Gate slow = *parts_;
  slow.fault_delay = absl::Milliseconds(50);
  Start(slow, &parts_.callers);
  constexpr int kCalls = 20;
  grpc::CompletionQueue answers;
  struct Call {
    std::unique_ptr<grpc::ClientContext> context = NewContext();
    v1::SignProofResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::SignProofResponse>>
        reader;
  };
  std::vector<Call> calls(kCalls);
  const absl::Time start = absl::Now();
  for (Call& call : calls) {
    call.reader =
        stub_->AsyncSignProof(call.context.get(), ValidRequest(), &answers);
    call.reader->Finish(&call.response, &call.status, &call);
  }
  void* tag;
  bool ok;
  for (int i = 0; i < kCalls; ++i) ASSERT_TRUE(answers.Next(&tag, &ok));
  const absl::Duration time = absl::Now() - start;
  EXPECT_GE(time, absl::Milliseconds(50));
  EXPECT_LT(time, kCalls * absl::Milliseconds(50));
  for (const Call& call : calls) EXPECT_TRUE(call.status.ok());
}

TEST_F(GatedCallTest, WritesALineForEachCall) {
  const std::string path = directory_ / "audit";
  auto audit_log = AuditLog::Open(path).value();
  Gate audited = *parts_;
  audited.audit_log = audit_log.get();
  Start(audited, &parts_.callers);
  auto context = NewContext();
  context->AddMetadata(
      "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_TRUE(stub_->SignProof(context.get(), ValidRequest(), &response_).ok());
  ASSERT_TRUE(SignBatch(3).ok());
  parts_.state.Drain(base::MonotonicNow());
  EXPECT_FALSE(Sign().ok());
  server_ = nullptr;
  loop_ = nullptr;
  audit_log = nullptr;

  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::vector<std::string> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3u);
  auto first = nlohmann::json::parse(lines[0]);
  EXPECT_EQ(first["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(first["proofs"][0]["jkt"], response_.jkt());
  EXPECT_THAT(first["caller"], MatchesRegex("uid:[0-9]+"));
  EXPECT_EQ(nlohmann::json::parse(lines[1])["proofs"].size(), 3u);
  EXPECT_EQ(nlohmann::json::parse(lines[2])["reason"], "DRAINING");
}

}  // namespace
}  // namespace proofmint::service
