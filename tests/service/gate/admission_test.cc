#include "signer/service/gate/admission.h"

#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/service/contract/errors.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::RetryDelayOf;

TEST(AdmissionTest, CountsProofsAndNotCalls) {
  Admission admission({.max_in_flight = 300});
  auto first = admission.Admit("a", 256, absl::Seconds(1));
  EXPECT_THAT(first, IsOk());
  auto second = admission.Admit("b", 44, absl::Seconds(1));
  EXPECT_THAT(second, IsOk());
  EXPECT_EQ(admission.in_flight(), 300u);
  EXPECT_EQ(ReasonOf(admission.Admit("c", 1, absl::Seconds(1)).status()),
            kOverloaded);
  EXPECT_EQ(admission.in_flight(), 300u);
  second->Release();
  EXPECT_EQ(ReasonOf(admission.Admit("c", 45, absl::Seconds(1)).status()),
            kOverloaded);
  EXPECT_THAT(admission.Admit("c", 44, absl::Seconds(1)), IsOk());
}

TEST(AdmissionTest, ATicketGivesItsProofsBackOnce) {
  Admission admission({.max_in_flight = 300});
  {
    Admission::Ticket ticket = *admission.Admit("a", 20, absl::Seconds(1));
    Admission::Ticket moved = std::move(ticket);
    EXPECT_EQ(admission.in_flight(), 20u);
    moved = *admission.Admit("a", 7, absl::Seconds(1));
    EXPECT_EQ(admission.in_flight(), 7u);
    moved.Release();
    moved.Release();
    EXPECT_EQ(admission.in_flight(), 0u);
    moved = *admission.Admit("a", 30, absl::Seconds(1));
  }
  EXPECT_EQ(admission.in_flight(), 0u);
}

TEST(AdmissionTest, NeverLetsMoreInFromManyThreads) {
  Admission admission({.max_in_flight = 50});
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        auto ticket = admission.Admit("a", 20, absl::Seconds(1));
        if (!ticket.ok()) continue;
        int in_flight = static_cast<int>(admission.in_flight());
        int seen = most;
        while (in_flight > seen && !most.compare_exchange_weak(seen, in_flight))
          ;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admission.in_flight(), 0u);
  EXPECT_GE(most, 20);
}

TEST(AdmissionTest, ACallerHasABurstAndThenItsRate) {
  Admission admission(
      {.max_in_flight = 10'000, .caller_rate = 100, .caller_burst = 256});
  absl::Duration now = absl::Hours(5);
  auto first = admission.Admit("uid:1", 256, now);
  EXPECT_THAT(first, IsOk());
  absl::Status refused = admission.Admit("uid:1", 50, now).status();
  EXPECT_EQ(ReasonOf(refused), kCallerQuotaExceeded);
  EXPECT_EQ(RetryDelayOf(ToRpcStatus(refused)), absl::Milliseconds(500));
  EXPECT_EQ(admission.in_flight(), 256u);

  now += absl::Milliseconds(490);
  EXPECT_EQ(ReasonOf(admission.Admit("uid:1", 50, now).status()),
            kCallerQuotaExceeded);
  now += absl::Milliseconds(20);
  EXPECT_THAT(admission.Admit("uid:1", 50, now), IsOk());
  // After a long time without requests: the burst again, and no more.
  now += absl::Hours(1);
  EXPECT_THAT(admission.Admit("uid:1", 256, now), IsOk());
  EXPECT_EQ(ReasonOf(admission.Admit("uid:1", 1, now).status()),
            kCallerQuotaExceeded);
}

TEST(AdmissionTest, OneCallerDoesNotSpendTheQuotaOfAnother) {
  Admission admission(
      {.max_in_flight = 10'000, .caller_rate = 1, .caller_burst = 256});
  EXPECT_THAT(admission.Admit("uid:1", 256, absl::Seconds(9)), IsOk());
  EXPECT_EQ(ReasonOf(admission.Admit("uid:1", 1, absl::Seconds(9)).status()),
            kCallerQuotaExceeded);
  EXPECT_THAT(admission.Admit("uid:2", 256, absl::Seconds(9)), IsOk());
}

TEST(AdmissionTest, ACallerRefusedForTheLoadKeepsItsQuota) {
  Admission admission(
      {.max_in_flight = 256, .caller_rate = 1, .caller_burst = 256});
  auto first = admission.Admit("uid:1", 200, absl::Seconds(9));
  EXPECT_THAT(first, IsOk());
  EXPECT_EQ(ReasonOf(admission.Admit("uid:2", 200, absl::Seconds(9)).status()),
            kOverloaded);
  first->Release();
  EXPECT_THAT(admission.Admit("uid:2", 200, absl::Seconds(9)), IsOk());
}

TEST(AdmissionTest, ForgetsOnlyCallersWithAFullQuota) {
  Admission admission(
      {.max_in_flight = 1 << 20, .caller_rate = 1, .caller_burst = 256});
  EXPECT_THAT(admission.Admit("spent", 256, absl::Seconds(1)), IsOk());
  for (int i = 0; i < 5000; ++i) {
    EXPECT_THAT(admission.Admit(absl::StrCat("uid:", i), 1, absl::Seconds(1)),
                IsOk());
  }
  EXPECT_EQ(
      ReasonOf(admission.Admit("spent", 256, absl::Seconds(200)).status()),
      kCallerQuotaExceeded);
}

}  // namespace
}  // namespace proofmint::service
