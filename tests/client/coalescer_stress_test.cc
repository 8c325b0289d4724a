// Runs a Coalescer from many threads against a signer that fails at random.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/client/coalescer.h"
#include "signer/service/contract/errors.h"
#include "tests/client/fake_transport.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::client {
namespace {

using ::proofmint::testing::ErrorResult;
using ::proofmint::testing::FakeTransport;
using ::proofmint::testing::ProofFor;
using ::proofmint::testing::RequestNamed;

constexpr int kThreads = 4;
constexpr int kCallsPerThread = 2000;

// Ends `batch` as a signer does that is overloaded, and killed now and then.
void AnswerAtRandom(FakeTransport::Batch& batch, std::mt19937& random) {
  auto percent = [&](unsigned p) { return random() % 100 < p; };
  if (percent(5)) return batch.Fail(absl::CancelledError("killed"));
  if (percent(5)) {
    return batch.Fail(service::DrainingError(absl::Milliseconds(1)));
  }
  std::vector<v1::SignProofResult> results;
  for (const v1::SignProofRequest& request : batch.request.requests()) {
    results.push_back(
        percent(5)   ? ErrorResult(service::InvalidKeyHandleError("key_handle"))
        : percent(5) ? ErrorResult(absl::UnavailableError("overloaded"))
                     : ProofFor(request));
  }
  batch.Answer(std::move(results));
}

class CoalescerStressTest : public ::testing::Test {
 protected:
  struct Outcome {
    std::atomic<int> callbacks = 0;
    std::atomic<int> wrong = 0;
  };

  CoalescerStressTest() {
    auto transport = std::make_unique<FakeTransport>();
    transport_ = transport.get();
    coalescer_ =
        Coalescer::Start(
            {.max_batch_delay = absl::Microseconds(200),
             .max_batch_size = 64,
             .max_batches_in_flight = 2,
             .max_queued = 500,
             .retry = {.initial_backoff = kBackoff, .max_backoff = kBackoff}},
            std::move(transport))
            .value();
  }

  // Makes calls from several threads, some of them with short deadlines.
  void MakeCalls() {
    for (int thread = 0; thread < kThreads; ++thread) {
      callers_.emplace_back([this, thread] {
        for (int i = 0; i < kCallsPerThread; ++i) {
          const int number = thread * kCallsPerThread + i;
          const std::string name = absl::StrCat(number);
          coalescer_->Add(
              RequestNamed(name),
              i % 10 == 0 ? absl::Milliseconds(1) : absl::Hours(1),
              [this, number, name](absl::StatusOr<Proof> proof) {
                ++outcomes_[number].callbacks;
                if (proof.ok() && proof->jwt != "proof of " + name) {
                  ++outcomes_[number].wrong;
                }
                ++ended_;
              });
        }
      });
    }
  }

  void JoinCallers() {
    for (std::thread& caller : callers_) caller.join();
  }

  void ExpectEachCallbackOnce() {
    for (const Outcome& outcome : outcomes_) {
      ASSERT_EQ(outcome.callbacks, 1);
      ASSERT_EQ(outcome.wrong, 0);
    }
  }

  static constexpr absl::Duration kBackoff = absl::Microseconds(500);
  static constexpr int kCalls = kThreads * kCallsPerThread;

  std::vector<Outcome> outcomes_ = std::vector<Outcome>(kCalls);
  std::atomic<int> ended_ = 0;
  FakeTransport* transport_;
  std::vector<std::thread> callers_;
  std::unique_ptr<Coalescer> coalescer_;
};

TEST_F(CoalescerStressTest, EveryCallEndsOnceWithItsOwnProof) {
  MakeCalls();
  std::thread signer([this] {
    std::mt19937 random(1);
    while (ended_ < kCalls) {
      if (transport_->waiting() == 0) {
        std::this_thread::yield();
        continue;
      }
      FakeTransport::Batch batch = transport_->Take();
      AnswerAtRandom(batch, random);
    }
  });
  JoinCallers();
  signer.join();
  const SignerClientStats stats = coalescer_->stats();
  EXPECT_EQ(stats.calls, static_cast<uint64_t>(kCalls));
  uint64_t failures = 0;
  for (const auto& [reason, count] : stats.failures) failures += count;
  EXPECT_EQ(stats.proofs + failures, stats.calls);
  EXPECT_GT(stats.retries, 0u);
  EXPECT_LT(stats.batches, stats.batch_sizes.sum());
  coalescer_.reset();
  ExpectEachCallbackOnce();
}

TEST_F(CoalescerStressTest, DestructionEndsEveryCallOnce) {
  MakeCalls();
  std::thread signer([&] {
    std::mt19937 random(1);
    for (int batches = 0; batches < 5; ++batches) {
      FakeTransport::Batch batch = transport_->Take();
      AnswerAtRandom(batch, random);
    }
  });
  JoinCallers();
  signer.join();
  coalescer_.reset();
  ExpectEachCallbackOnce();
}

}  // namespace
}  // namespace proofmint::client
