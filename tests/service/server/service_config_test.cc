// Tests deploy/service_config.json, the retry policy for callers, with a plain
// generated client.

#include <gmock/gmock.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "signer/base/mutex.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::IsRetryableError;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::ValidRequest;

constexpr int kMaxAttempts = 5;

std::string ServiceConfig() {
  std::ifstream file(PROOFMINT_SERVICE_CONFIG);
  std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(text, "") << PROOFMINT_SERVICE_CONFIG;
  return text;
}

// Returns a client that uses the policy of the file.
std::unique_ptr<v1::ProofSigner::Stub> NewConfiguredStub(
    const std::string& target) {
  return v1::ProofSigner::NewStub(NewChannel(target, ServiceConfig()));
}

grpc::Status Call(v1::ProofSigner::Stub& stub,
                  const v1::SignProofRequest& request = ValidRequest()) {
  v1::SignProofResponse response;
  return stub.SignProof(NewContext().get(), request, &response);
}

// ScriptedSigner is a signer that answers as a test decides.
class ScriptedSigner : public v1::ProofSigner::Service {
 public:
  ScriptedSigner() { Start(); }
  // With `path`, it starts only when Start is called.
  explicit ScriptedSigner(std::string path) : path_(std::move(path)) {}

  void Start() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  std::string target() const { return "unix:" + path_; }

  // Makes the next `times` attempts fail with `code`, and with that pushback if
  // it is not empty; later attempts get a proof.
  void Fail(grpc::StatusCode code, int times,
            const std::string& pushback = "") {
    base::MutexLock lock(mutex_);
    code_ = code;
    failures_ = times;
    pushback_ = pushback;
    attempts_ = 0;
  }

  // Returns the number of attempts since the last Fail.
  int attempts() const {
    base::MutexLock lock(mutex_);
    return attempts_;
  }

  grpc::Status SignProof(grpc::ServerContext* context,
                         const v1::SignProofRequest*,
                         v1::SignProofResponse*) override {
    base::MutexLock lock(mutex_);
    if (attempts_++ >= failures_) return grpc::Status::OK;
    if (!pushback_.empty()) {
      context->AddTrailingMetadata("grpc-retry-pushback-ms", pushback_);
    }
    return grpc::Status(code_, "as told");
  }

 private:
  TempDir directory_;
  const std::string path_ = directory_ / "signer.sock";
  mutable base::Mutex mutex_;
  grpc::StatusCode code_ ABSL_GUARDED_BY(mutex_) = grpc::StatusCode::OK;
  std::string pushback_ ABSL_GUARDED_BY(mutex_);
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
  int attempts_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST(ServiceConfigTest, APassingFailureIsNotSeen) {
  TestServer server;
  auto stub = NewConfiguredStub(server.unix_target());
  server.entropy().FailAfter(/*successes=*/0, /*failures=*/kMaxAttempts - 1);
  grpc::Status status = Call(*stub, ValidRequest(v1::ALGORITHM_ED25519));
  EXPECT_TRUE(status.ok()) << status.error_message();
  // Four that failed, and then a key and a jti; Ed25519 draws no nonce.
  EXPECT_EQ(server.entropy().calls(), kMaxAttempts - 1 + 2);
}

TEST(ServiceConfigTest, AFailureThatDoesNotPassIsSeenAfterFiveAttempts) {
  TestServer server;
  auto stub = NewConfiguredStub(server.unix_target());
  server.entropy().FailAfter(/*successes=*/0, /*failures=*/100);
  EXPECT_THAT(DetailsOf(Call(*stub)),
              IsRetryableError("KEY_GENERATION_FAILED"));
  EXPECT_EQ(server.entropy().calls(), kMaxAttempts);
}

TEST(ServiceConfigTest, ARefusalIsNotRetried) {
  TestServer server;
  auto stub = NewConfiguredStub(server.unix_target());
  v1::SignProofRequest request = ValidRequest();
  request.set_nonce("no nonce");
  EXPECT_EQ(Call(*stub, request).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(server.entropy().calls(), 0);
}

// A plain Shutdown ends calls in flight with CANCELLED (docs/reliability.md).
TEST(ServiceConfigTest, RetriesWhatARestartMakesOfCalls) {
  ScriptedSigner signer;
  auto stub = NewConfiguredStub(signer.target());
  for (grpc::StatusCode code :
       {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED}) {
    signer.Fail(code, /*times=*/2);
    grpc::Status status = Call(*stub);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(signer.attempts(), 3);
  }
}

TEST(ServiceConfigTest, RetriesNothingElse) {
  ScriptedSigner signer;
  auto stub = NewConfiguredStub(signer.target());
  for (grpc::StatusCode code :
       {grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::PERMISSION_DENIED,
        grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::RESOURCE_EXHAUSTED,
        grpc::StatusCode::DEADLINE_EXCEEDED, grpc::StatusCode::INTERNAL,
        grpc::StatusCode::UNIMPLEMENTED, grpc::StatusCode::UNKNOWN}) {
    signer.Fail(code, /*times=*/1);
    EXPECT_EQ(Call(*stub).error_code(), code);
    EXPECT_EQ(signer.attempts(), 1);
  }
}

TEST(ServiceConfigTest, WaitsForASignerThatIsNotThereYet) {
  TempDir directory;
  ScriptedSigner signer(directory / "signer.sock");
  auto channel = NewChannel(signer.target(), ServiceConfig());
  auto stub = v1::ProofSigner::NewStub(channel);
  grpc::Status status;
  std::thread caller([&] { status = Call(*stub); });
  // The call has found no server; without waitForReady it would fail.
  const auto limit = absl::ToChronoTime(absl::Now() + kRpcLimit);
  for (auto state = channel->GetState(/*try_to_connect=*/false);
       state != GRPC_CHANNEL_TRANSIENT_FAILURE &&
       channel->WaitForStateChange(state, limit);) {
    state = channel->GetState(/*try_to_connect=*/false);
  }
  EXPECT_EQ(channel->GetState(/*try_to_connect=*/false),
            GRPC_CHANNEL_TRANSIENT_FAILURE);
  signer.Start();
  caller.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

// Five attempts with their backoffs take some two seconds.
TEST(ServiceConfigTest, WaitsUntilTheDeadlineForASignerThatDoesNotCome) {
  TempDir directory;
  auto stub = NewConfiguredStub("unix:" + (directory / "signer.sock"));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(3)));
  v1::SignProofResponse response;
  EXPECT_EQ(stub->SignProof(&context, ValidRequest(), &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

// A draining signer answers all calls in flight with UNAVAILABLE at once, which
// must not use up the retry tokens of a caller.
TEST(ServiceConfigTest, ManyFailuresAtOnceAreStillRetried) {
  ScriptedSigner signer;
  auto stub = NewConfiguredStub(signer.target());
  for (int i = 0; i < 100; ++i) {
    signer.Fail(grpc::StatusCode::UNAVAILABLE, /*times=*/kMaxAttempts - 1,
                /*pushback=*/"1");
    grpc::Status status = Call(*stub);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(signer.attempts(), kMaxAttempts);
  }
}

TEST(ServiceConfigTest, ASignerThatAlwaysFailsIsLeftAlone) {
  ScriptedSigner signer;
  auto stub = NewConfiguredStub(signer.target());
  signer.Fail(grpc::StatusCode::UNAVAILABLE, /*times=*/100'000,
              /*pushback=*/"1");
  // Five attempts a call use up the tokens down to half; then it is one.
  for (int i = 0; i < 110; ++i) EXPECT_FALSE(Call(*stub).ok());
  const int before = signer.attempts();
  EXPECT_FALSE(Call(*stub).ok());
  EXPECT_EQ(signer.attempts(), before + 1);
}

}  // namespace
}  // namespace proofmint::service
