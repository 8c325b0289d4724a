// Tests SignerClient with a daemon that is killed, restarted or overloaded: no
// call fails, no proof comes twice, and each callback is called once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/base/clock.h"
#include "signer/base/mutex.h"
#include "signer/client/proof_messages.h"
#include "signer/client/signer_client.h"
#include "tests/reliability/proof_checker.h"
#include "tests/testing/temp_dir.h"
#include "tests/tools/process.h"

namespace proofmint {
namespace {

using ::proofmint::testing::Process;
using ::proofmint::testing::TempDir;

// The timeout of a call: longer than any absence of the daemon here.
constexpr absl::Duration kTimeout = absl::Seconds(60);

// Caller keeps a number of calls in flight: each callback makes the next call.
class Caller {
 public:
  Caller(SignerClient& client, int in_flight) : client_(client) {
    for (int i = 0; i < in_flight; ++i) MakeCall();
  }

  // Waits until `count` more proofs have come, and returns whether they have.
  bool WaitForProofs(size_t count) {
    const absl::Duration end = base::MonotonicNow() + kTimeout;
    base::MutexLock lock(mutex_);
    const size_t goal = proofs_ + count;
    while (proofs_ < goal) {
      const absl::Duration left = end - base::MonotonicNow();
      if (left <= absl::ZeroDuration()) return false;
      ended_.WaitFor(mutex_, left);
    }
    return true;
  }

  // Makes no more calls, and waits for those in flight.
  void Stop() {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    while (in_flight_ > 0) ended_.Wait(mutex_);
  }

  // Expects a right proof for each call, once. After Stop, when the client has
  // been destroyed.
  void ExpectARightProofForEachCall() {
    base::MutexLock lock(mutex_);
    reliability::ProofChecker checker;
    for (Call& call : calls_) {
      ASSERT_EQ(call.results.size(), 1u);
      ASSERT_TRUE(call.results[0].ok()) << call.results[0].status();
      const Proof& proof = *call.results[0];
      v1::SignProofRequest request;
      client::ToProto(call.request, request);
      v1::SignProofResponse response;
      response.set_proof(proof.jwt);
      response.set_jkt(proof.jkt);
      response.set_iat(proof.iat);
      checker.Check(request, response, absl::Now());
    }
    const auto counts = checker.counts();
    EXPECT_EQ(counts.right, static_cast<int64_t>(calls_.size()))
        << counts.first_problem;
    EXPECT_EQ(counts.wrong, 0);
    EXPECT_EQ(counts.duplicates, 0);
  }

 private:
  struct Call {
    ProofRequest request;
    std::vector<absl::StatusOr<Proof>> results;
  };

  void MakeCall() {
    Call* call = nullptr;
    {
      base::MutexLock lock(mutex_);
      if (stopping_) return;
      ++in_flight_;
      call = &calls_.emplace_back();  // stays where it is
      call->request = {.htm = "POST",
                       .htu = "https://idp.example/token",
                       .nonce = absl::StrCat("call-", calls_.size())};
    }
    client_.SignProof(call->request, absl::InfiniteFuture(),
                      [this, call](absl::StatusOr<Proof> proof) {
                        MakeCall();
                        base::MutexLock lock(mutex_);
                        if (proof.ok()) ++proofs_;
                        call->results.push_back(std::move(proof));
                        --in_flight_;
                        ended_.NotifyAll();
                      });
  }

  SignerClient& client_;
  base::Mutex mutex_;
  base::ConditionVariable ended_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t proofs_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Call> calls_ ABSL_GUARDED_BY(mutex_);
};

class SignerClientDaemonTest : public ::testing::Test {
 protected:
  void StartDaemon(std::vector<std::string> more_flags = {}) {
    std::vector<std::string> command = {PROOFMINTD, "--listen=" + target()};
    command.insert(command.end(), more_flags.begin(), more_flags.end());
    daemon_ = std::make_unique<Process>(command);
    ASSERT_TRUE(daemon_->WaitForError(R"("message":"serving")"))
        << daemon_->Error();
  }

  std::string target() const {
    return "unix:" + directory_ / "proofmintd.sock";
  }

  std::unique_ptr<SignerClient> NewClient() {
    return SignerClient::New({.target = target(), .timeout = kTimeout}).value();
  }

  TempDir directory_;
  std::unique_ptr<Process> daemon_;
};

constexpr int kInFlight = 64;
constexpr size_t kProofs = 1000;

TEST_F(SignerClientDaemonTest, NoCallFailsWhenTheDaemonIsKilled) {
  StartDaemon();
  auto client = NewClient();
  Caller caller(*client, kInFlight);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(caller.WaitForProofs(kProofs));
    daemon_->Signal(SIGKILL);
    daemon_->Wait();
    StartDaemon();
  }
  ASSERT_TRUE(caller.WaitForProofs(kProofs));
  caller.Stop();
  EXPECT_GT(client->stats().retries, 0u);
  client.reset();
  caller.ExpectARightProofForEachCall();
}

TEST_F(SignerClientDaemonTest, NoCallFailsWhenTheDaemonIsRestarted) {
  StartDaemon();
  auto client = NewClient();
  Caller caller(*client, kInFlight);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(caller.WaitForProofs(kProofs));
    daemon_->Signal(SIGTERM);
    EXPECT_EQ(daemon_->Wait(), 0);
    StartDaemon();
  }
  ASSERT_TRUE(caller.WaitForProofs(kProofs));
  caller.Stop();
  client.reset();
  caller.ExpectARightProofForEachCall();
}

TEST_F(SignerClientDaemonTest, NoCallFailsWhenTheDaemonIsOverloaded) {
  // Two full batches are more than it takes.
  StartDaemon(
      {"--max_in_flight=256", "--enable_fault_injection", "--fault_delay=5ms"});
  auto client = NewClient();
  Caller caller(*client, /*in_flight=*/1500);
  ASSERT_TRUE(caller.WaitForProofs(5 * kProofs));
  caller.Stop();
  EXPECT_GT(client->stats().retries, 0u);
  client.reset();
  caller.ExpectARightProofForEachCall();
}

TEST_F(SignerClientDaemonTest, NoCallFailsWhenKeysAndSignaturesDoNowAndThen) {
  StartDaemon({"--enable_fault_injection",
               "--fault_key_generation_failure_rate=0.1",
               "--fault_signing_failure_rate=0.1"});
  auto client = NewClient();
  Caller caller(*client, kInFlight);
  ASSERT_TRUE(caller.WaitForProofs(kProofs));
  caller.Stop();
  EXPECT_GT(client->stats().retries, 0u);
  client.reset();
  caller.ExpectARightProofForEachCall();
}

}  // namespace
}  // namespace proofmint
