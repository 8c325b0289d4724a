// Tests SignerClient with real servers.

#include "signer/client/signer_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "signer/client/channel.h"
#include "signer/dpop/inspect.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"

namespace proofmint {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::SizeIs;

const ProofRequest kRequest = {.htm = "POST",
                               .htu = "https://idp.example/token"};

std::unique_ptr<SignerClient> NewClient(const std::string& target,
                                        SignerClientOptions options = {}) {
  options.target = target;
  options.timeout = kRpcLimit;
  auto client = SignerClient::New(options);
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

TEST(SignerClientTest, GetsAProofAsRequested) {
  TestServer server;
  auto client = NewClient(server.unix_target());
  ProofRequest request = kRequest;
  request.algorithm = dpop::Algorithm::kEd25519;
  request.nonce = "nonce-1";
  request.return_key_handle = true;
  absl::StatusOr<Proof> proof =
      client->SignProof(request, absl::InfiniteFuture());
  ASSERT_THAT(proof, IsOk());
  absl::StatusOr<dpop::InspectedProof> inspected =
      dpop::InspectProof(proof->jwt);
  ASSERT_THAT(inspected, IsOk());
  EXPECT_TRUE(inspected->signature_valid);
  EXPECT_EQ(inspected->algorithm, dpop::Algorithm::kEd25519);
  EXPECT_EQ(inspected->jkt, proof->jkt);
  EXPECT_EQ(proof->iat, absl::ToUnixSeconds(TestTime()));
  EXPECT_THAT(proof->key_handle, SizeIs(78));

  // The handle signs with the same key.
  request.key_handle = proof->key_handle;
  absl::StatusOr<Proof> next =
      client->SignProof(request, absl::InfiniteFuture());
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->jkt, proof->jkt);
  EXPECT_NE(next->jwt, proof->jwt);
}

TEST(SignerClientTest, AnErrorNamesTheFieldOfTheRequest) {
  TestServer server;
  auto client = NewClient(server.unix_target());
  ProofRequest request = kRequest;
  request.htu = "no uri";
  absl::Status error =
      client->SignProof(request, absl::InfiniteFuture()).status();
  EXPECT_THAT(error, StatusIs(absl::StatusCode::kInvalidArgument,
                              ::testing::StartsWith("htu: ")));
  EXPECT_EQ(ReasonOf(error), "INVALID_HTU");
}

TEST(SignerClientTest, RetriesWhatFailsForAPassingReason) {
  TestServer server;
  auto client = NewClient(server.unix_target());
  server.entropy().FailAfter(/*successes=*/0, /*failures=*/2);
  EXPECT_THAT(client->SignProof(kRequest, absl::InfiniteFuture()), IsOk());
  EXPECT_EQ(client->stats().retries, 2u);
}

TEST(SignerClientTest, ADeadlineEndsRetriesWithTheErrorOfTheLast) {
  TestServer server;
  auto client = NewClient(server.unix_target());
  server.entropy().FailAfter(/*successes=*/0, /*failures=*/1'000'000);
  absl::Status error =
      client->SignProof(kRequest, absl::Now() + absl::Milliseconds(300))
          .status();
  EXPECT_EQ(ReasonOf(error), "KEY_GENERATION_FAILED");
}

TEST(SignerClientTest, ManyThreadsShareBatches) {
  constexpr size_t kThreads = 8;
  constexpr size_t kCalls = 50;
  TestServer server;
  auto client = NewClient(server.unix_target());
  std::vector<std::set<std::string>> keys(kThreads);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&client, &mine = keys[i]] {
      for (size_t call = 0; call < kCalls; ++call) {
        auto proof = client->SignProof(kRequest, absl::InfiniteFuture());
        ASSERT_THAT(proof, IsOk());
        mine.insert(proof->jkt);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (std::set<std::string>& mine : keys) all.merge(mine);
  EXPECT_THAT(all, SizeIs(kThreads * kCalls));
  const SignerClientStats stats = client->stats();
  EXPECT_EQ(stats.proofs, kThreads * kCalls);
  EXPECT_EQ(stats.batch_sizes.sum(), kThreads * kCalls);
  EXPECT_LT(stats.batches, kThreads * kCalls);
}

TEST(SignerClientTest, GetsTheCapabilities) {
  TestServer server;
  auto client = NewClient(server.unix_target());
  absl::StatusOr<Capabilities> capabilities =
      client->GetCapabilities(absl::InfiniteFuture());
  ASSERT_THAT(capabilities, IsOk());
  EXPECT_THAT(capabilities->dpop_signing_alg_values,
              ElementsAre("ES256", "Ed25519", "EdDSA"));
  EXPECT_EQ(capabilities->max_batch_size, 256u);
  EXPECT_EQ(capabilities->max_iat_offset, absl::Seconds(300));
  EXPECT_NE(capabilities->version, "");
  EXPECT_NE(capabilities->kernel, "");
}

TEST(SignerClientTest, WithoutASignerACallEndsAtItsDeadline) {
  auto client = NewClient("unix:/no/such/socket");
  const absl::Time deadline = absl::Now() + absl::Milliseconds(50);
  EXPECT_THAT(client->SignProof(kRequest, deadline),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_THAT(client->GetCapabilities(deadline),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
}

TEST(SignerClientTest, DestructionCancelsACallThatWaitsForASigner) {
  auto client = NewClient("unix:/no/such/socket");
  absl::StatusOr<Proof> result;
  client->SignProof(kRequest, absl::InfiniteFuture(),
                    [&](absl::StatusOr<Proof> proof) { result = proof; });
  client.reset();
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kCancelled, _));
}

TEST(SignerClientTest, SharesTheCallsAmongSeveralAddresses) {
  TestServer first;
  TestServer second;
  auto client =
      NewClient("ipv4:" + first.tcp_target() + "," + second.tcp_target());
  // Both draw entropy for their proofs.
  while (first.entropy().calls() == 0 || second.entropy().calls() == 0) {
    ASSERT_THAT(client->SignProof(kRequest, absl::InfiniteFuture()), IsOk());
  }
}

TEST(SignerClientTest, LeavesOutAServerThatIsDown) {
  TestServer up;
  auto down = std::make_unique<TestServer>();
  auto client = NewClient("ipv4:" + up.tcp_target() + "," + down->tcp_target());
  ASSERT_THAT(client->SignProof(kRequest, absl::InfiniteFuture()), IsOk());
  down.reset();
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(client->SignProof(kRequest, absl::InfiniteFuture()), IsOk());
  }
}

TEST(SignerClientTest, LeavesOutAServerThatIsAboutToStop) {
  TestServer staying;
  TestServer leaving;
  auto client =
      NewClient("ipv4:" + staying.tcp_target() + "," + leaving.tcp_target());
  while (leaving.entropy().calls() == 0) {
    ASSERT_THAT(client->SignProof(kRequest, absl::InfiniteFuture()), IsOk());
  }
  // Its health is NOT_SERVING, and it refuses calls; each refusal is a retry.
  std::thread drain(
      [&] { leaving.server().Drain(absl::Seconds(3), kRpcLimit); });
  const absl::Time end = absl::Now() + kRpcLimit;
  uint64_t before = 0;
  do {
    before = client->stats().retries;
    for (int i = 0; i < 20; ++i) {
      ASSERT_THAT(client->SignProof(kRequest, absl::InfiniteFuture()), IsOk());
    }
  } while (client->stats().retries != before && absl::Now() < end);
  EXPECT_EQ(client->stats().retries, before);
  drain.join();
}

}  // namespace
}  // namespace proofmint
