#include "bench/load/recorder.h"

#include <gmock/gmock.h>

#include "bench/load/clock.h"

namespace proofmint::load {
namespace {

using ::testing::IsEmpty;

constexpr int64_t kMs = kNanosecondsPerMillisecond;
constexpr int64_t kS = kNanosecondsPerSecond;
constexpr int64_t kStart = 1000 * kS;

CallResult Ok(int proofs) {
  CallResult result;
  result.ok = proofs;
  return result;
}

TEST(RecorderTest, MeasuresWhatIsDueInTheMeasuredTime) {
  Recorder recorder(/*batch=*/2, kStart, kStart + 10 * kS);
  // The calls are due in the warm-up, first, last and too late; the one of the
  // warm-up is done in the measured time.
  recorder.RecordCall({kStart - 1, kStart, kStart + kMs}, Ok(2));
  recorder.RecordCall({kStart, kStart + kMs, kStart + 3 * kMs}, Ok(2));
  recorder.RecordCall(
      {kStart + 10 * kS - 1, kStart + 10 * kS + 5 * kMs, kStart + 11 * kS},
      Ok(1));
  recorder.RecordCall({kStart + 10 * kS, kStart + 11 * kS, kStart + 12 * kS},
                      Ok(2));
  EXPECT_EQ(recorder.answered(), 7);
  Measurements measured = recorder.Take();
  EXPECT_EQ(measured.sent, 4);
  EXPECT_EQ(measured.ok, 3);
  EXPECT_EQ(measured.ok_in_time, 4);
  EXPECT_EQ(measured.late_sends, 2);
  EXPECT_EQ(measured.corrected.count(), 2u);
  EXPECT_EQ(measured.corrected.min(), 3 * kMs);
  EXPECT_EQ(measured.corrected.max(), kS + 1);
  EXPECT_EQ(measured.uncorrected.min(), 2 * kMs);
  EXPECT_EQ(measured.uncorrected.max(), kS - 5 * kMs);
}

TEST(RecorderTest, KeepsATimelineBySecond) {
  Recorder recorder(1, kStart, kStart + 10 * kS);
  for (int i = 1; i <= 100; ++i) {
    recorder.RecordCall({kStart, kStart, kStart + i * kMs}, Ok(1));
  }
  CallResult failed;
  failed.errors = {{"OVERLOADED", 1}};
  recorder.RecordCall({kStart + kMs, kStart + kMs, kStart + 2500 * kMs},
                      failed);
  Progress progress = recorder.ProgressAt(kStart + 3 * kS);
  EXPECT_EQ(progress.ok_rate, 0);
  EXPECT_EQ(progress.errors, 1);
  EXPECT_NEAR(static_cast<double>(progress.p99), 2499.0 * kMs, 2.5 * kMs);
  Measurements measured = recorder.Take();
  ASSERT_EQ(measured.timeline.size(), 3u);
  EXPECT_EQ(measured.timeline[0].sent, 101);
  EXPECT_EQ(measured.timeline[0].ok, 100);
  EXPECT_NEAR(static_cast<double>(measured.timeline[0].p50), 50.0 * kMs,
              0.1 * kMs);
  EXPECT_NEAR(static_cast<double>(measured.timeline[0].p99), 99.0 * kMs,
              0.1 * kMs);
  EXPECT_EQ(measured.timeline[1].ok, 0);
  EXPECT_EQ(measured.timeline[1].p99, 0);
  EXPECT_EQ(measured.timeline[2].errors, 1);
}

TEST(RecorderTest, ProgressIsOfTheLastSecond) {
  Recorder recorder(8, kStart, kStart + 10 * kS);
  recorder.RecordCall({kStart, kStart, kStart + kMs}, Ok(8));
  EXPECT_EQ(recorder.ProgressAt(kStart + kS / 2).ok_rate, 0);
  EXPECT_EQ(recorder.ProgressAt(kStart + kS).ok_rate, 8);
  // The server stalls, and the timeline continues without calls.
  EXPECT_EQ(recorder.ProgressAt(kStart + 2 * kS).ok_rate, 0);
}

TEST(RecorderTest, AnEarlyEndLeavesOutWhatWasDueLater) {
  Recorder recorder(1, kStart, kStart + 10 * kS);
  recorder.EndAt(kStart + kS);
  recorder.RecordCall({kStart + kS, kStart + kS, kStart + kS + kMs}, Ok(1));
  EXPECT_EQ(recorder.Take().sent, 0);
}

TEST(RecorderTest, WhatIsNotSentIsAnErrorWithItsWait) {
  Recorder recorder(4, kStart, kStart + kS);
  recorder.RecordNotSent(kStart - kMs, kStart + 2 * kS);
  recorder.RecordNotSent(kStart + kMs, kStart + 2 * kS);
  recorder.RecordRetry(kStart - kMs);
  recorder.RecordRetry(kStart);
  Measurements measured = recorder.Take();
  EXPECT_EQ(measured.sent, 0);
  EXPECT_EQ(measured.not_sent, 4);
  EXPECT_EQ(measured.errors.at(kNotSent), 4);
  EXPECT_EQ(measured.corrected.max(), 1999 * kMs);
  EXPECT_EQ(measured.uncorrected.count(), 0u);
  EXPECT_EQ(measured.retries, 4);
}

TEST(RecorderTest, NothingGivesNothing) {
  Measurements measured = Recorder(1, kStart, kStart + kS).Take();
  EXPECT_EQ(measured.error_count(), 0);
  EXPECT_THAT(measured.timeline, IsEmpty());
}

}  // namespace
}  // namespace proofmint::load
