// Tests key handles through RPCs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>

#include "google/rpc/code.pb.h"
#include "signer/dpop/inspect.h"
#include "signer/keys/key_handle.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::IsFieldError;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::ValidRequest;

class KeyHandleRpcTest : public ::testing::TestWithParam<v1::Algorithm> {
 protected:
  // Each call is over a connection of its own.
  v1::SignProofResponse Sign(const v1::SignProofRequest& request) {
    v1::SignProofResponse response;
    grpc::Status status =
        server_.NewStub()->SignProof(NewContext().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  google::rpc::Status Refusal(const v1::SignProofRequest& request) {
    v1::SignProofResponse response;
    return DetailsOf(
        server_.NewStub()->SignProof(NewContext().get(), request, &response));
  }

  testing::TempDir directory_;
  absl::Time now_ = TestTime();
  TestServer server_{[this] { return now_; }};
};

TEST_P(KeyHandleRpcTest, SignsAgainWithTheKey) {
  v1::SignProofRequest request = ValidRequest(GetParam());
  request.set_return_key_handle(true);
  const v1::SignProofResponse first = Sign(request);
  EXPECT_EQ(first.key_handle().size(), keys::kKeyHandleSize);

  v1::SignProofRequest again = ValidRequest(GetParam());
  again.set_htm("GET");
  again.set_htu("https://idp.example/userinfo");
  again.set_access_token_sha256(std::string(32, 'a'));
  again.set_key_handle(first.key_handle());
  const v1::SignProofResponse second = Sign(again);
  EXPECT_EQ(second.jkt(), first.jkt());
  EXPECT_EQ(second.key_handle(), "");
  absl::StatusOr<dpop::InspectedProof> proof =
      dpop::InspectProof(second.proof());
  ASSERT_THAT(proof, IsOk());
  EXPECT_TRUE(proof->signature_valid);
  EXPECT_EQ(proof->jkt, first.jkt());
  EXPECT_EQ(proof->htu, "https://idp.example/userinfo");
  EXPECT_NE(proof->jti, dpop::InspectProof(first.proof())->jti);

  // A fresh handle for the same key.
  again.set_return_key_handle(true);
  const v1::SignProofResponse third = Sign(again);
  EXPECT_NE(third.key_handle(), first.key_handle());
  again.set_key_handle(third.key_handle());
  EXPECT_EQ(Sign(again).jkt(), first.jkt());
}

TEST_P(KeyHandleRpcTest, EveryBadHandleGetsTheSameError) {
  v1::SignProofRequest request = ValidRequest(GetParam());
  request.set_return_key_handle(true);
  const std::string handle = Sign(request).key_handle();
  v1::SignProofRequest bad = ValidRequest(GetParam());
  bad.set_key_handle(handle + "x");
  const google::rpc::Status expected = Refusal(bad);
  EXPECT_THAT(expected, IsFieldError(google::rpc::INVALID_ARGUMENT,
                                     "INVALID_KEY_HANDLE", "key_handle"));
  auto expect_the_same = [&](const std::string& text) {
    bad.set_key_handle(text);
    EXPECT_EQ(Refusal(bad).SerializeAsString(), expected.SerializeAsString());
  };
  for (size_t i = 0; i < handle.size(); i += 7) {
    std::string flipped = handle;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    expect_the_same(flipped);
  }
  expect_the_same(handle.substr(0, handle.size() - 1));
  // A server with a different KEK; other test servers draw the same one.
  const std::string kek_file = directory_ / "kek";
  std::ofstream(kek_file) << "proofmint-kek-v1:" << std::string(42, 'B') << "E";
  ASSERT_EQ(chmod(kek_file.c_str(), 0600), 0);
  ServerOptions options;
  options.key_handles.kek_file = kek_file;
  TestServer other([this] { return now_; }, options);
  v1::SignProofResponse response;
  ASSERT_TRUE(
      other.NewStub()->SignProof(NewContext().get(), request, &response).ok());
  expect_the_same(response.key_handle());
  // It ends at the next whole second after its lifetime.
  now_ += absl::Hours(24) + absl::Seconds(1);
  expect_the_same(handle);
  now_ -= absl::Hours(24) + absl::Seconds(1);
  bad.set_algorithm(GetParam() == v1::ALGORITHM_EDDSA ? v1::ALGORITHM_ED25519
                                                      : v1::ALGORITHM_EDDSA);
  expect_the_same(handle);
  bad.set_algorithm(GetParam());
  bad.set_key_handle(handle);
  EXPECT_NE(Sign(bad).proof(), "");
}

// A caller on plaintext TCP is not the caller on the Unix socket.
TEST_P(KeyHandleRpcTest, IsOfTheCallerThatGotIt) {
  v1::SignProofRequest request = ValidRequest(GetParam());
  request.set_return_key_handle(true);
  request.set_key_handle("");
  v1::SignProofRequest again = ValidRequest(GetParam());
  again.set_key_handle(Sign(request).key_handle());
  v1::SignProofResponse response;
  grpc::Status status =
      v1::ProofSigner::NewStub(testing::NewChannel(server_.tcp_target()))
          ->SignProof(NewContext().get(), again, &response);
  EXPECT_THAT(DetailsOf(status),
              IsFieldError(google::rpc::INVALID_ARGUMENT, "INVALID_KEY_HANDLE",
                           "key_handle"));
  EXPECT_EQ(Sign(again).jkt().size(), 43u);
}

TEST_P(KeyHandleRpcTest, WorksInABatchBesideFreshKeys) {
  v1::SignProofRequest request = ValidRequest(GetParam());
  request.set_return_key_handle(true);
  const v1::SignProofResponse first = Sign(request);
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < 9; ++i) {
    v1::SignProofRequest& item = *batch.add_requests() =
        ValidRequest(GetParam());
    if (i % 3 == 1) item.set_key_handle(first.key_handle());
    if (i % 3 == 2) item.set_return_key_handle(true);
  }
  batch.mutable_requests(4)->set_key_handle("no handle");
  v1::BatchSignProofsResponse response;
  ASSERT_TRUE(server_.NewStub()
                  ->BatchSignProofs(NewContext().get(), batch, &response)
                  .ok());
  for (int i = 0; i < 9; ++i) {
    const v1::SignProofResult& result = response.results(i);
    if (i == 4) {
      EXPECT_THAT(result.error(),
                  IsFieldError(google::rpc::INVALID_ARGUMENT,
                               "INVALID_KEY_HANDLE", "requests[4].key_handle"));
      continue;
    }
    absl::StatusOr<dpop::InspectedProof> proof =
        dpop::InspectProof(result.proof().proof());
    ASSERT_THAT(proof, IsOk());
    EXPECT_TRUE(proof->signature_valid);
    EXPECT_EQ(proof->jkt == first.jkt(), i % 3 == 1) << i;
    EXPECT_EQ(result.proof().key_handle().empty(), i % 3 != 2) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, KeyHandleRpcTest,
                         ::testing::Values(v1::ALGORITHM_ES256,
                                           v1::ALGORITHM_ED25519,
                                           v1::ALGORITHM_EDDSA));

}  // namespace
}  // namespace proofmint::service
