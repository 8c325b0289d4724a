#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "bench/proof_text.h"
#include "bench/side.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/status_macros.h"
#include "signer/keys/key_handles.h"
#include "signer/keys/key_pool.h"
#include "signer/service/mint/proof_minter.h"

namespace proofmint::bench {
namespace {

class UnarySide : public Side {
 public:
  UnarySide(const Work& work, std::unique_ptr<keys::KeyPool> pool,
            std::unique_ptr<keys::KeyHandles> handles, crypto::Kernel kernel,
            crypto::Entropy& entropy)
      : work_(work),
        pool_(std::move(pool)),
        handles_(std::move(handles)),
        minter_(kernel, *pool_, *handles_, entropy, absl::Now) {}

  absl::Status Prepare() override {
    v1::SignProofRequest request;
    request.set_algorithm(work_.algorithm == dpop::Algorithm::kEs256
                              ? v1::ALGORITHM_ES256
                              : v1::ALGORITHM_ED25519);
    request.set_htm(std::string(kHtm));
    request.set_htu(std::string(kHtu));
    request.set_nonce(std::string(kNonce));
    request_ = request.SerializeAsString();
    responses_ = std::vector<std::string>(work_.slice);
    pool_->WaitUntilFull();
    return absl::OkStatus();
  }

  absl::Status Run() override {
    for (std::string& bytes : responses_) {
      v1::SignProofRequest request;
      request.ParseFromString(request_);
      v1::SignProofResponse response;
      PROOFMINT_RETURN_IF_ERROR(minter_.Mint(request, response));
      response.SerializeToString(&bytes);
    }
    return absl::OkStatus();
  }

  absl::Status Collect(Results& results) override {
    for (const std::string& bytes : responses_) {
      v1::SignProofResponse response;
      response.ParseFromString(bytes);
      results.AddProof(std::move(*response.mutable_proof()));
    }
    if (pool_->GetStats(work_.algorithm).missed == 0) return absl::OkStatus();
    return absl::InternalError("unary: got keys minted on demand, want none");
  }

 private:
  const Work work_;
  std::unique_ptr<keys::KeyPool> pool_;
  std::unique_ptr<keys::KeyHandles> handles_;
  service::ProofMinter minter_;
  std::string request_;
  std::vector<std::string> responses_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Side>> NewUnarySide(const Work& work,
                                                   crypto::Kernel kernel,
                                                   crypto::Entropy& entropy) {
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<keys::KeyPool> pool,
                             keys::KeyPool::New({.kernel = kernel}, entropy));
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<keys::KeyHandles> handles,
                             keys::KeyHandles::New({}, entropy));
  return std::make_unique<UnarySide>(work, std::move(pool), std::move(handles),
                                     kernel, entropy);
}

}  // namespace proofmint::bench
