// Tests that a bad key handle fails its own request and no other one of its
// run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "google/rpc/code.pb.h"
#include "signer/crypto/kernel.h"
#include "signer/keys/key_handle.h"
#include "signer/keys/key_handles.h"
#include "signer/service/contract/errors.h"
#include "tests/keys/kek_files.h"
#include "tests/service/mint/minter_test.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsFieldError;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kAlgorithms;
using ::proofmint::testing::MinterTest;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::ValidRequest;

constexpr char kCaller[] = "uid:1";
constexpr size_t kHeaderSize = 18;  // of a key handle
constexpr char kOrderOfP256[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

class BadKeyHandlesTest : public MinterTest {
 protected:
  BadKeyHandlesTest() {
    keys::WriteKekFile(directory_ / "kek", keys::LinesOf({1}));
    kek_handles_ =
        keys::KeyHandles::New({.kek_file = directory_ / "kek"}, entropy_)
            .value();
  }

  // Returns a request of this algorithm with the key handle `handle`.
  static v1::SignProofRequest WithHandle(v1::Algorithm algorithm,
                                         const std::string& handle) {
    v1::SignProofRequest request = ValidRequest(algorithm);
    request.set_key_handle(handle);
    return request;
  }

  // Returns a good handle of `minter`.
  static std::string Handle(const ProofMinter& minter,
                            v1::Algorithm algorithm) {
    v1::SignProofRequest request = ValidRequest(algorithm);
    request.set_return_key_handle(true);
    v1::SignProofResponse response;
    EXPECT_THAT(minter.Mint(request, response, kCaller), IsOk());
    return response.key_handle();
  }

  // Returns requests with every kind of bad handle, some of which only an owner
  // of the KEK can make.
  std::vector<v1::SignProofRequest> BadRequests(const ProofMinter& minter) {
    const std::unique_ptr<const keys::KeyEncryptionKeys> keks =
        keys::KeyEncryptionKeys::New(keys::TestKeks({1})).value();
    const std::string order = absl::HexStringToBytes(kOrderOfP256);
    std::string beyond = order;
    ++beyond.back();
    std::vector<v1::SignProofRequest> bad;
    for (v1::Algorithm algorithm : kAlgorithms) {
      const std::string good = Handle(minter, algorithm);
      const std::string header = good.substr(0, kHeaderSize);
      auto forge = [&](std::string of_header, const std::string& key) {
        return WithHandle(
            algorithm, keys::ForgeHandle(keks->sealing_key(),
                                         std::move(of_header), key, kCaller));
      };
      std::string version = header;
      version[0] = 2;
      std::string flipped = good;
      flipped.back() = static_cast<char>(flipped.back() ^ 1);
      bad.push_back(forge(header, std::string(32, 0)));
      bad.push_back(forge(version, std::string(32, 1)));
      bad.push_back(WithHandle(algorithm, flipped));
      bad.push_back(WithHandle(algorithm, good + "x"));
      bad.push_back(WithHandle(algorithm, good.substr(1)));
      bad.push_back(WithHandle(algorithm == v1::ALGORITHM_EDDSA
                                   ? v1::ALGORITHM_ED25519
                                   : v1::ALGORITHM_EDDSA,
                               good));
      if (good[1] == 1) {  // ES256
        bad.push_back(forge(header, order));
        bad.push_back(forge(header, beyond));
        bad.push_back(forge(header, std::string(32, '\xff')));
      }
    }
    return bad;
  }

  TempDir directory_;
  std::unique_ptr<keys::KeyHandles> kek_handles_;
};

TEST_F(BadKeyHandlesTest, FailAlone) {
  for (crypto::Kernel kernel :
       {crypto::Kernel::kSimd, crypto::Kernel::kBoringSsl}) {
    const ProofMinter minter(kernel, *key_pool_, *kek_handles_, entropy_,
                             [this] { return now_; });
    for (const v1::SignProofRequest& bad : BadRequests(minter)) {
      // Neighbours of every algorithm, with and without a handle.
      std::vector<v1::SignProofRequest> requests = {bad};
      for (v1::Algorithm algorithm : kAlgorithms) {
        requests.push_back(ValidRequest(algorithm));
        requests.push_back(WithHandle(algorithm, Handle(minter, algorithm)));
      }
      std::vector<v1::SignProofResponse> responses(requests.size());
      std::vector<ProofMinter::Job> jobs;
      for (size_t i = 0; i < requests.size(); ++i) {
        jobs.push_back(
            {&requests[i], &responses[i], kCaller, absl::OkStatus()});
      }
      minter.MintBatch(jobs);
      EXPECT_THAT(ToRpcStatus(jobs[0].status),
                  IsFieldError(google::rpc::INVALID_ARGUMENT,
                               "INVALID_KEY_HANDLE", "key_handle"));
      for (size_t i = 1; i < jobs.size(); ++i) {
        EXPECT_THAT(jobs[i].status, IsOk());
        EXPECT_NE(responses[i].proof(), "");
      }
    }
  }
}

}  // namespace
}  // namespace proofmint::service
