#include "bench/cost/recorder.h"

#include <gmock/gmock.h>

#include <string>
#include <thread>
#include <vector>

namespace proofmint::cost {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// The measured time of these recorders.
constexpr int64_t kStart = 1000;
constexpr int64_t kEnd = 2000;
constexpr int kNoLimit = 1 << 20;

// Records a call that returns proofs with these texts.
void Return(Recorder& recorder, int64_t due, int64_t done,
            const std::vector<std::string>& texts) {
  std::vector<MadeProof> proofs;
  for (const std::string& text : texts) proofs.push_back({text, "jkt", 7});
  ASSERT_TRUE(recorder.TrySend(kNoLimit));
  recorder.RecordDone(due, done, absl::OkStatus(), proofs);
}

TEST(RecorderTest, KeepsTheLatencyOfCallsThatWereDueInTheMeasuredTime) {
  Recorder recorder(kStart, kEnd);
  Return(recorder, kStart - 1, kStart + 1, {"early"});
  Return(recorder, kStart, kStart + 10, {"first"});
  Return(recorder, kEnd - 1, kEnd - 1 + 30, {"last"});
  Return(recorder, kEnd, kEnd + 1, {"late"});
  EXPECT_EQ(recorder.returned(), 4);
  const Records records = recorder.Take();
  EXPECT_EQ(records.latency.count(), 2u);
  EXPECT_EQ(records.latency.min(), 10);
  EXPECT_EQ(records.latency.max(), 30);
  EXPECT_EQ(records.in_time, 1);
  EXPECT_THAT(records.sample, SizeIs(2));
}

TEST(RecorderTest, CountsProofsThatAreDueSentOrNot) {
  Recorder recorder(kStart, kEnd);
  for (int64_t due : {kStart - 1, kStart, kEnd - 1, kEnd}) {
    recorder.RecordDue(due, 64);
  }
  EXPECT_EQ(recorder.Take().due, 128);
}

TEST(RecorderTest, SamplesAllOfAFewProofs) {
  Recorder recorder(kStart, kEnd);
  Return(recorder, kStart, kStart, {"1", "2"});
  Return(recorder, kStart, kStart, {"3"});
  const Records records = recorder.Take();
  ASSERT_THAT(records.sample, SizeIs(3));
  EXPECT_EQ(records.sample[2].proof(), "3");
  EXPECT_EQ(records.sample[2].jkt(), "jkt");
  EXPECT_EQ(records.sample[2].iat(), 7);
}

TEST(RecorderTest, BoundsTheSampleOfManyProofsAndSpacesItEvenly) {
  Recorder recorder(kStart, kEnd);
  constexpr size_t kProofs = 9 * Recorder::kSampleSize;
  for (size_t i = 1; i <= kProofs; ++i) {
    Return(recorder, kStart, kStart, {std::to_string(i)});
  }
  const Records records = recorder.Take();
  EXPECT_GE(records.sample.size(), Recorder::kSampleSize / 2);
  EXPECT_LE(records.sample.size(), Recorder::kSampleSize);
  const auto number = [&](size_t place) {
    return std::stoi(records.sample[place].proof());
  };
  const size_t size = records.sample.size();
  EXPECT_LE(number(0), kProofs / 100);
  EXPECT_NEAR(number(size / 2), kProofs / 2, kProofs / 100);
  EXPECT_GE(number(size - 1), kProofs - kProofs / 100);
}

TEST(RecorderTest, KeepsTheFirstFailure) {
  Recorder recorder(kStart, kEnd);
  for (const char* message : {"first", "second"}) {
    ASSERT_TRUE(recorder.TrySend(kNoLimit));
    recorder.RecordDone(kStart, kStart + 1, absl::InternalError(message), {});
  }
  EXPECT_EQ(recorder.returned(), 0);
  const Records records = recorder.Take();
  EXPECT_EQ(records.failed, 2);
  EXPECT_EQ(records.first_failure, "INTERNAL: first");
  EXPECT_EQ(records.latency.count(), 0u);
  EXPECT_THAT(records.sample, IsEmpty());
}

TEST(RecorderTest, SendsNoMoreThanTheLimit) {
  Recorder recorder(kStart, kEnd);
  EXPECT_TRUE(recorder.TrySend(2));
  EXPECT_TRUE(recorder.TrySend(2));
  EXPECT_FALSE(recorder.TrySend(2));
  recorder.RecordDone(kStart, kStart, absl::OkStatus(), {});
  EXPECT_TRUE(recorder.TrySend(2));
}

TEST(RecorderTest, WaitsUntilNoCallIsInFlight) {
  Recorder recorder(kStart, kEnd);
  recorder.WaitUntilIdle();
  ASSERT_TRUE(recorder.TrySend(kNoLimit));
  std::thread sender([&] {
    const MadeProof proof = {"proof", "jkt", 7};
    recorder.RecordDone(kStart, kStart, absl::OkStatus(), {&proof, 1});
  });
  recorder.WaitUntilIdle();
  EXPECT_EQ(recorder.returned(), 1);
  sender.join();
}

}  // namespace
}  // namespace proofmint::cost
