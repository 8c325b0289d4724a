// The fixture of tests of minting.

#ifndef PROOFMINT_TESTS_SERVICE_MINT_MINTER_TEST_H_
#define PROOFMINT_TESTS_SERVICE_MINT_MINTER_TEST_H_

#include <gtest/gtest.h>

#include <memory>

#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/keys/key_pool.h"
#include "signer/service/mint/proof_minter.h"
#include "tests/service/testing/service_parts.h"
#include "tests/testing/fake_entropy.h"

namespace proofmint::testing {

inline constexpr v1::Algorithm kAlgorithms[] = {
    v1::ALGORITHM_UNSPECIFIED, v1::ALGORITHM_ES256, v1::ALGORITHM_ED25519,
    v1::ALGORITHM_EDDSA};

// A minter that makes its keys with BoringSSL, one at a time.
class MinterTest : public ::testing::Test {
 protected:
  FakeEntropy entropy_;
  absl::Time now_ = absl::FromUnixSeconds(1767323045);
  // Without keys in stock, so that entropy is drawn only when a proof is made.
  std::unique_ptr<keys::KeyPool> key_pool_ =
      keys::KeyPool::New({.kernel = crypto::Kernel::kBoringSsl, .capacity = 0},
                         entropy_)
          .value();
  TestKeyHandles handles_;
  service::ProofMinter minter_ =
      service::ProofMinter(crypto::Kernel::kBoringSsl, *key_pool_, *handles_,
                           entropy_, [this] { return now_; });
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_MINT_MINTER_TEST_H_
