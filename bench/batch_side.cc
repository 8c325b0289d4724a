#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench/proof_text.h"
#include "bench/side.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/ed25519_batch.h"
#include "signer/crypto/p256_batch.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"

namespace proofmint::bench {
namespace {

using crypto::Ed25519KeyPair;
using crypto::P256KeyPair;

// The two types of keys by one set of names.
absl::Status GenerateKeys(crypto::Kernel kernel, crypto::Entropy& entropy,
                          std::span<P256KeyPair> keys) {
  return crypto::GenerateP256KeyPairs(kernel, entropy, keys);
}
absl::Status GenerateKeys(crypto::Kernel kernel, crypto::Entropy& entropy,
                          std::span<Ed25519KeyPair> keys) {
  return crypto::GenerateEd25519KeyPairs(kernel, entropy, keys);
}

std::array<uint8_t, kPublicKeySize> PublicKeyOf(const P256KeyPair& key) {
  std::array<uint8_t, kPublicKeySize> bytes;
  std::copy(key.public_key.x.begin(), key.public_key.x.end(), bytes.begin());
  std::copy(key.public_key.y.begin(), key.public_key.y.end(),
            bytes.begin() + key.public_key.x.size());
  return bytes;
}
crypto::Ed25519PublicKey PublicKeyOf(const Ed25519KeyPair& key) {
  return key.public_key;
}

std::span<const uint8_t> PrivateKeyOf(const P256KeyPair& key) {
  return key.private_scalar.ExposeSecret();
}
std::span<const uint8_t> PrivateKeyOf(const Ed25519KeyPair& key) {
  return key.seed.ExposeSecret();
}

class BatchSide : public Side {
 public:
  BatchSide(const Work& work, size_t batch, crypto::Kernel kernel,
            crypto::Entropy& entropy)
      : work_(work), batch_(batch), kernel_(kernel), entropy_(entropy) {}

 protected:
  const Work work_;
  const size_t batch_;
  const crypto::Kernel kernel_;
  crypto::Entropy& entropy_;
};

template <typename KeyPair>
class BatchKeygen : public BatchSide {
 public:
  using BatchSide::BatchSide;

  absl::Status Prepare() override {
    keys_ = std::vector<KeyPair>(work_.slice);
    return absl::OkStatus();
  }

  absl::Status Run() override {
    for (size_t i = 0; i < work_.slice; i += batch_) {
      PROOFMINT_RETURN_IF_ERROR(
          GenerateKeys(kernel_, entropy_, std::span(keys_).subspan(i, batch_)));
    }
    return absl::OkStatus();
  }

  absl::Status Collect(Results& results) override {
    for (const KeyPair& key : keys_) {
      results.AddKey(PrivateKeyOf(key), PublicKeyOf(key));
    }
    keys_.clear();
    return absl::OkStatus();
  }

 private:
  std::vector<KeyPair> keys_;
};

template <typename KeyPair>
class BatchSign : public BatchSide {
 public:
  using BatchSide::BatchSide;

  absl::Status Prepare() override {
    keys_ = std::vector<KeyPair>(work_.slice);
    messages_.resize(work_.slice);
    signatures_.resize(work_.slice);
    for (Message& message : messages_) {
      PROOFMINT_RETURN_IF_ERROR(entropy_.Fill(message));
    }
    return GenerateKeys(kernel_, entropy_, keys_);
  }

  absl::Status Run() override {
    for (size_t i = 0; i < work_.slice; i += batch_) {
      std::vector<Job> jobs(batch_);
      for (size_t j = 0; j < batch_; ++j) {
        jobs[j] = {&keys_[i + j], messages_[i + j], signatures_[i + j].data()};
      }
      PROOFMINT_RETURN_IF_ERROR(SignBatch(jobs));
    }
    return absl::OkStatus();
  }

  absl::Status Collect(Results& results) override {
    for (size_t i = 0; i < work_.slice; ++i) {
      results.AddSignature(PublicKeyOf(keys_[i]), messages_[i], signatures_[i]);
    }
    keys_.clear();
    return absl::OkStatus();
  }

 private:
  static constexpr bool kIsP256 = std::is_same_v<KeyPair, P256KeyPair>;
  using Job = std::conditional_t<kIsP256, crypto::Es256Job, crypto::Ed25519Job>;
  using Message = std::conditional_t<kIsP256, crypto::Sha256Digest,
                                     std::array<uint8_t, kMessageSize>>;

  absl::Status SignBatch(std::span<const crypto::Es256Job> jobs) {
    return crypto::SignEs256Batch(kernel_, entropy_, jobs);
  }
  absl::Status SignBatch(std::span<const crypto::Ed25519Job> jobs) {
    return crypto::SignEd25519Batch(kernel_, jobs);
  }

  std::vector<KeyPair> keys_;
  std::vector<Message> messages_;
  std::vector<std::array<uint8_t, kSignatureSize>> signatures_;
};

class BatchProof : public BatchSide {
 public:
  using BatchSide::BatchSide;

  absl::Status Prepare() override {
    proofs_ = std::vector<std::string>(work_.slice);
    return absl::OkStatus();
  }

  absl::Status Run() override {
    for (size_t i = 0; i < work_.slice; i += batch_) {
      PROOFMINT_RETURN_IF_ERROR(Mint(std::span(proofs_).subspan(i, batch_)));
    }
    return absl::OkStatus();
  }

  absl::Status Collect(Results& results) override {
    for (std::string& proof : proofs_) results.AddProof(std::move(proof));
    return absl::OkStatus();
  }

 private:
  // The keys are made and wiped in here.
  absl::Status Mint(std::span<std::string> proofs) {
    std::vector<dpop::ProofKey> keys(proofs.size());
    std::vector<dpop::ProofJob> jobs(proofs.size());
    PROOFMINT_RETURN_IF_ERROR(
        GenerateProofKeys(kernel_, work_.algorithm, entropy_, keys));
    // As the service does: one draw for all jti.
    std::vector<Jti> jtis(proofs.size());
    PROOFMINT_RETURN_IF_ERROR(
        entropy_.Fill(std::span(jtis[0].data(), jtis.size() * sizeof(Jti))));
    for (size_t i = 0; i < proofs.size(); ++i) {
      dpop::HtuBuffer buffer;
      dpop::Claims claims;
      PROOFMINT_RETURN_IF_ERROR(FillClaims(jtis[i], buffer, claims));
      WriteSigningInput(keys[i], claims, proofs[i]);
      jobs[i] = {&keys[i], &proofs[i]};
    }
    return SignProofs(kernel_, entropy_, jobs);
  }

  std::vector<std::string> proofs_;
};

}  // namespace

std::unique_ptr<Side> NewBatchSide(const Work& work, size_t batch,
                                   crypto::Kernel kernel,
                                   crypto::Entropy& entropy) {
  bool is_p256 = KeyTypeOf(work.algorithm) == KeyType::kP256;
  switch (work.operation) {
    case Operation::kKeygen:
      if (is_p256) {
        return std::make_unique<BatchKeygen<P256KeyPair>>(work, batch, kernel,
                                                          entropy);
      }
      return std::make_unique<BatchKeygen<Ed25519KeyPair>>(work, batch, kernel,
                                                           entropy);
    case Operation::kSign:
      if (is_p256) {
        return std::make_unique<BatchSign<P256KeyPair>>(work, batch, kernel,
                                                        entropy);
      }
      return std::make_unique<BatchSign<Ed25519KeyPair>>(work, batch, kernel,
                                                         entropy);
    case Operation::kProof:
    case Operation::kUnary:
      break;
  }
  return std::make_unique<BatchProof>(work, batch, kernel, entropy);
}

}  // namespace proofmint::bench
