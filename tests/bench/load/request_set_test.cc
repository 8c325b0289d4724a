#include "bench/load/request_set.h"

#include <gmock/gmock.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <map>

#include "proofmint/v1/proof_signer.pb.h"

namespace proofmint::load {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

template <typename Message>
Message Parse(const PreparedRequest& request) {
  grpc::ByteBuffer bytes = request.bytes;
  grpc::ProtoBufferReader reader(&bytes);
  Message message;
  EXPECT_TRUE(message.ParseFromZeroCopyStream(&reader));
  return message;
}

TEST(RequestSetTest, AsksForOneProof) {
  Options options;
  options.nonce = "n-1";
  RequestSet requests(options);
  EXPECT_EQ(MethodName(1), "/proofmint.v1.ProofSigner/SignProof");
  const PreparedRequest& request = requests.Next();
  auto message = Parse<v1::SignProofRequest>(request);
  EXPECT_EQ(message.algorithm(), v1::ALGORITHM_ES256);
  EXPECT_EQ(message.htm(), kHtm);
  EXPECT_EQ(message.htu(), kHtu);
  EXPECT_EQ(message.nonce(), "n-1");
  EXPECT_THAT(request.algorithms, ElementsAre(dpop::Algorithm::kEs256));
}

TEST(RequestSetTest, MixesAlgorithmsEvenlyAcrossBatches) {
  Options options;
  options.batch = 16;
  options.algorithms = {{dpop::Algorithm::kEs256, 7},
                        {dpop::Algorithm::kEd25519, 2},
                        {dpop::Algorithm::kEdDsa, 1}};
  RequestSet requests(options);
  EXPECT_EQ(MethodName(16), "/proofmint.v1.ProofSigner/BatchSignProofs");
  std::map<v1::Algorithm, int> counts;
  int proofs = 0;
  for (int call = 0; call < 20; ++call) {
    const PreparedRequest& request = requests.Next();
    auto batch = Parse<v1::BatchSignProofsRequest>(request);
    ASSERT_EQ(batch.requests_size(), 16);
    ASSERT_EQ(request.algorithms.size(), 16u);
    for (int i = 0; i < 16; ++i) {
      ++counts[batch.requests(i).algorithm()];
      ++proofs;
      // Each share is at most one proof off at every place.
      ASSERT_NEAR(counts[v1::ALGORITHM_ES256], proofs * 0.7, 1);
      ASSERT_NEAR(counts[v1::ALGORITHM_ED25519], proofs * 0.2, 1);
      EXPECT_EQ(request.algorithms[i] == dpop::Algorithm::kEs256,
                batch.requests(i).algorithm() == v1::ALGORITHM_ES256);
    }
  }
  EXPECT_THAT(counts, UnorderedElementsAre(std::pair(v1::ALGORITHM_ES256, 224),
                                           std::pair(v1::ALGORITHM_ED25519, 64),
                                           std::pair(v1::ALGORITHM_EDDSA, 32)));
}

}  // namespace
}  // namespace proofmint::load
