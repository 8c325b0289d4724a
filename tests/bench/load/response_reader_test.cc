#include "bench/load/response_reader.h"

#include <gmock/gmock.h>
#include <grpcpp/support/slice.h>

#include <string>
#include <vector>

#include "tests/bench/load/fake_signer.h"

namespace proofmint::load {
namespace {

using ::proofmint::testing::ErrorStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kDefault = absl::Milliseconds(77);

v1::SignProofResponse Proof() {
  v1::SignProofResponse response;
  response.set_proof("a.b.c");
  response.set_jkt(std::string(43, 'A'));
  response.set_iat(1);
  return response;
}

struct Read {
  CallResult result;
  std::vector<int> places;
};

Read ReadBytes(int batch, const std::string& bytes) {
  grpc::Slice slice(bytes);
  grpc::ByteBuffer buffer(&slice, 1);
  Read read;
  read.result = ResponseReader(batch).Read(
      buffer, [&](int place, const v1::SignProofResponse& proof) {
        EXPECT_EQ(proof.proof(), "a.b.c");
        read.places.push_back(place);
      });
  return read;
}

TEST(ResponseReaderTest, ReadsOneProof) {
  Read read = ReadBytes(1, Proof().SerializeAsString());
  EXPECT_EQ(read.result.ok, 1);
  EXPECT_THAT(read.result.errors, IsEmpty());
  EXPECT_THAT(read.places, ElementsAre(0));
}

TEST(ResponseReaderTest, ReadsABatchWithErrors) {
  v1::BatchSignProofsResponse batch;
  *batch.add_results()->mutable_proof() = Proof();
  batch.add_results()->mutable_error()->set_code(14);
  *batch.add_results()->mutable_proof() = Proof();
  batch.add_results()->mutable_error()->set_code(14);
  Read read = ReadBytes(4, batch.SerializeAsString());
  EXPECT_EQ(read.result.ok, 2);
  EXPECT_EQ(read.result.wrong, 0);
  ASSERT_EQ(read.result.errors.size(), 1u);
  EXPECT_EQ(read.result.errors[0].reason, "UNAVAILABLE");
  EXPECT_EQ(read.result.errors[0].proofs, 2);
  EXPECT_THAT(read.places, ElementsAre(0, 2));
}

TEST(ResponseReaderTest, FindsWhatBreaksTheContract) {
  EXPECT_EQ(ReadBytes(1, "").result.wrong, 1);
  EXPECT_EQ(ReadBytes(1, "\xff").result.wrong, 1);
  EXPECT_EQ(ReadBytes(2, "\xff").result.wrong, 2);
  v1::BatchSignProofsResponse batch;
  *batch.add_results()->mutable_proof() = Proof();
  EXPECT_EQ(ReadBytes(2, batch.SerializeAsString()).result.wrong, 2);
  batch.add_results();  // neither a proof nor an error
  EXPECT_EQ(ReadBytes(2, batch.SerializeAsString()).result.wrong, 1);
  batch.mutable_results(1)->mutable_error();  // an error with code OK
  EXPECT_EQ(ReadBytes(2, batch.SerializeAsString()).result.wrong, 1);
  *batch.mutable_results(1)->mutable_proof() = Proof();
  EXPECT_EQ(ReadBytes(2, batch.SerializeAsString()).result.wrong, 0);
  *batch.add_results()->mutable_proof() = Proof();
  Read read = ReadBytes(2, batch.SerializeAsString());
  EXPECT_EQ(read.result.wrong, 2);
  EXPECT_EQ(read.result.ok, 0);
  EXPECT_EQ(read.result.errors.at(0).reason, kWrongResponse);
}

TEST(DescribeFailureTest, PrefersTheReason) {
  Failure failure =
      DescribeFailure(ErrorStatus(grpc::StatusCode::UNAVAILABLE, "OVERLOADED",
                                  absl::Milliseconds(12)),
                      kDefault);
  EXPECT_EQ(failure.reason, "OVERLOADED");
  EXPECT_EQ(failure.retry_delay, absl::Milliseconds(12));
}

TEST(DescribeFailureTest, NamesTheCodeOtherwise) {
  auto describe = [](grpc::StatusCode code) {
    return DescribeFailure(grpc::Status(code, "message"), kDefault);
  };
  EXPECT_EQ(describe(grpc::StatusCode::UNAVAILABLE).reason, "UNAVAILABLE");
  EXPECT_EQ(describe(grpc::StatusCode::UNAVAILABLE).retry_delay, kDefault);
  EXPECT_EQ(describe(grpc::StatusCode::CANCELLED).retry_delay, kDefault);
  EXPECT_EQ(describe(grpc::StatusCode::INTERNAL).reason, "INTERNAL");
  EXPECT_FALSE(describe(grpc::StatusCode::INTERNAL).retry_delay.has_value());
  EXPECT_FALSE(
      describe(grpc::StatusCode::DEADLINE_EXCEEDED).retry_delay.has_value());
}

}  // namespace
}  // namespace proofmint::load
