// Tests that every way makes right proofs, and reports its errors.

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "bench/cost/way.h"
#include "bench/load/verifier.h"
#include "tests/bench/load/fake_signer.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::cost {
namespace {

using ::proofmint::testing::ErrorStatus;
using ::proofmint::testing::FakeSigner;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TestServer;
using ::testing::HasSubstr;

constexpr size_t kThreads = 2;

// What a call ended with.
struct Ended {
  absl::Status status;
  std::vector<v1::SignProofResponse> proofs;
};

Ended Call(Way& way, size_t thread) {
  Ended ended;
  absl::Notification done;
  way.Call(thread,
           [&](const absl::Status& status, std::span<const MadeProof> proofs) {
             ended.status = status;
             for (const MadeProof& made : proofs) {
               v1::SignProofResponse& proof = ended.proofs.emplace_back();
               proof.set_proof(std::string(made.jwt));
               proof.set_jkt(std::string(made.jkt));
               proof.set_iat(made.iat);
             }
             done.Notify();
           });
  done.WaitForNotification();
  return ended;
}

class WaysTest : public ::testing::TestWithParam<std::string> {};

TEST_P(WaysTest, MakesRightProofs) {
  TestServer server;
  absl::StatusOr<std::unique_ptr<Way>> way =
      NewWay(GetParam(), server.unix_target(), kThreads);
  ASSERT_THAT(way, IsOk());
  absl::StatusOr<std::unique_ptr<load::Verifier>> verifier =
      load::Verifier::Start(std::string(kNonce));
  ASSERT_THAT(verifier, IsOk());
  int64_t made = 0;
  for (size_t thread : {0, 1, 0}) {
    const Ended ended = Call(**way, thread);
    ASSERT_THAT(ended.status, IsOk());
    EXPECT_EQ(ended.proofs.size(), (*way)->proofs_per_call());
    for (const v1::SignProofResponse& proof : ended.proofs) {
      (*verifier)->Add(dpop::Algorithm::kEs256, proof);
      ++made;
    }
  }
  const load::Verifier::Counts counts = (*verifier)->Finish();
  EXPECT_EQ(counts.verified, made);
  EXPECT_EQ(counts.failures, 0) << counts.first_failure;
}

INSTANTIATE_TEST_SUITE_P(Ways, WaysTest,
                         ::testing::Values("openssl", "boringssl", "unary_stub",
                                           "batch_stub", "signer_client"),
                         [](const auto& test) { return test.param; });

TEST(NewWayTest, ArrivalsMakeNoProofs) {
  absl::StatusOr<std::unique_ptr<Way>> way = NewWay("arrivals", "", kThreads);
  ASSERT_THAT(way, IsOk());
  const Ended ended = Call(**way, 0);
  EXPECT_THAT(ended.status, IsOk());
  ASSERT_EQ(ended.proofs.size(), 1u);
  EXPECT_EQ(ended.proofs[0].proof(), "");
}

TEST(NewWayTest, RefusesAnotherName) {
  EXPECT_THAT(NewWay("gnutls", "", kThreads),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("way: got gnutls, want arrivals")));
}

TEST(StubWaysTest, ReportTheErrorOfACall) {
  FakeSigner server({.before = [](int) {
    return ErrorStatus(grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED");
  }});
  for (const char* name : {"unary_stub", "batch_stub"}) {
    absl::StatusOr<std::unique_ptr<Way>> way =
        NewWay(name, server.target(), kThreads);
    ASSERT_THAT(way, IsOk());
    EXPECT_EQ(Call(**way, 0).status.code(),
              absl::StatusCode::kResourceExhausted);
  }
}

TEST(StubWaysTest, ABatchFailsWithAnItemOrWithoutOne) {
  FakeSigner server(
      {.spoil_batch = [](int call, v1::BatchSignProofsResponse& response) {
        if (call == 1) {
          response.mutable_results(3)->mutable_error()->set_message("no key");
        } else {
          response.mutable_results()->RemoveLast();
        }
      }});
  absl::StatusOr<std::unique_ptr<Way>> way =
      NewWay("batch_stub", server.target(), kThreads);
  ASSERT_THAT(way, IsOk());
  EXPECT_THAT(Call(**way, 0).status,
              StatusIs(absl::StatusCode::kInternal, HasSubstr("no key")));
  EXPECT_THAT(Call(**way, 0).status, StatusIs(absl::StatusCode::kInternal,
                                              HasSubstr("got 63 results")));
}

}  // namespace
}  // namespace proofmint::cost
