#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bench/proof_text.h"
#include "bench/side.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::bench {
namespace {

absl::Status OkIf(bool done) {
  if (done) return absl::OkStatus();
  return absl::InternalError("a library failed");
}

// The bytes of the public key that its type has.
std::span<const uint8_t> PublicKeyOf(const LibraryKey& key) {
  return std::span(key.public_key)
      .first(key.type == KeyType::kP256 ? kPublicKeySize : kPublicKeySize / 2);
}

class LibrarySide : public Side {
 public:
  LibrarySide(const Work& work, Library& library, crypto::Entropy& entropy)
      : work_(work),
        key_type_(KeyTypeOf(work.algorithm)),
        library_(library),
        entropy_(entropy) {}

 protected:
  const Work work_;
  const KeyType key_type_;
  Library& library_;
  crypto::Entropy& entropy_;
};

class LibraryKeygen : public LibrarySide {
 public:
  using LibrarySide::LibrarySide;

  absl::Status Prepare() override {
    keys_.resize(work_.slice);
    return absl::OkStatus();
  }

  absl::Status Run() override {
    for (LibraryKey& key : keys_) {
      PROOFMINT_RETURN_IF_ERROR(OkIf(library_.Generate(key_type_, key)));
    }
    return absl::OkStatus();
  }

  absl::Status Collect(Results& results) override {
    for (LibraryKey& key : keys_) {
      std::array<uint8_t, kPrivateKeySize> private_key;
      PROOFMINT_RETURN_IF_ERROR(
          OkIf(library_.ExportPrivateKey(key, private_key)));
      results.AddKey(private_key, PublicKeyOf(key));
      library_.Free(key);
    }
    return absl::OkStatus();
  }

 private:
  std::vector<LibraryKey> keys_;
};

class LibrarySign : public LibrarySide {
 public:
  using LibrarySide::LibrarySide;

  absl::Status Prepare() override {
    items_.resize(work_.slice);
    for (Item& item : items_) {
      PROOFMINT_RETURN_IF_ERROR(OkIf(library_.Generate(key_type_, item.key)));
      item.input.resize(key_type_ == KeyType::kP256 ? crypto::kSha256Size
                                                    : kMessageSize);
      PROOFMINT_RETURN_IF_ERROR(entropy_.Fill(item.input));
    }
    return absl::OkStatus();
  }

  absl::Status Run() override {
    for (Item& item : items_) {
      PROOFMINT_RETURN_IF_ERROR(
          OkIf(library_.Sign(item.key, item.input, item.signature)));
    }
    return absl::OkStatus();
  }

  absl::Status Collect(Results& results) override {
    for (Item& item : items_) {
      results.AddSignature(PublicKeyOf(item.key), item.input, item.signature);
      library_.Free(item.key);
    }
    return absl::OkStatus();
  }

 private:
  struct Item {
    LibraryKey key;
    std::vector<uint8_t> input;
    std::array<uint8_t, kSignatureSize> signature;
  };
  std::vector<Item> items_;
};

class LibraryProof : public LibrarySide {
 public:
  using LibrarySide::LibrarySide;

  absl::Status Prepare() override {
    proofs_ = std::vector<std::string>(work_.slice);
    return absl::OkStatus();
  }

  absl::Status Run() override {
    for (std::string& proof : proofs_) {
      LibraryKey key;
      absl::Status minted = Mint(key, proof);
      library_.Free(key);
      PROOFMINT_RETURN_IF_ERROR(minted);
    }
    return absl::OkStatus();
  }

  absl::Status Collect(Results& results) override {
    for (std::string& proof : proofs_) results.AddProof(std::move(proof));
    return absl::OkStatus();
  }

 private:
  // Our header, thumbprint, claims and midstate; the library's key and
  // signature.
  absl::Status Mint(LibraryKey& key, std::string& proof) {
    PROOFMINT_RETURN_IF_ERROR(OkIf(library_.Generate(key_type_, key)));
    dpop::ProofKey described = Describe(key);
    dpop::HtuBuffer buffer;
    dpop::Claims claims;
    Jti jti;
    PROOFMINT_RETURN_IF_ERROR(entropy_.Fill(jti));
    PROOFMINT_RETURN_IF_ERROR(FillClaims(jti, buffer, claims));
    WriteSigningInput(described, claims, proof);
    std::array<uint8_t, kSignatureSize> signature;
    PROOFMINT_RETURN_IF_ERROR(
        OkIf(key_type_ == KeyType::kP256
                 ? library_.Sign(key, described.Digest(proof), signature)
                 : library_.Sign(key, crypto::AsBytes(proof), signature)));
    std::array<char, 1 + dpop::Base64UrlSize(kSignatureSize)> text;
    dpop::TextWriter writer(text);
    writer.Append(".").AppendBase64Url(signature);
    proof.append(text.data(), text.size());
    return absl::OkStatus();
  }

  // A key of ours with the public half only.
  dpop::ProofKey Describe(const LibraryKey& key) const {
    auto begin = key.public_key.begin();
    if (key_type_ == KeyType::kEd25519) {
      crypto::Ed25519KeyPair pair;
      std::copy_n(begin, pair.public_key.size(), pair.public_key.begin());
      return dpop::ProofKey(work_.algorithm, std::move(pair));
    }
    crypto::P256KeyPair pair;
    std::copy_n(begin, 32, pair.public_key.x.begin());
    std::copy_n(begin + 32, 32, pair.public_key.y.begin());
    return dpop::ProofKey(work_.algorithm, std::move(pair));
  }

  std::vector<std::string> proofs_;
};

}  // namespace

std::unique_ptr<Side> NewLibrarySide(const Work& work, Library& library,
                                     crypto::Entropy& entropy) {
  switch (work.operation) {
    case Operation::kKeygen:
      return std::make_unique<LibraryKeygen>(work, library, entropy);
    case Operation::kSign:
    case Operation::kUnary:
      return std::make_unique<LibrarySign>(work, library, entropy);
    case Operation::kProof:
      break;
  }
  return std::make_unique<LibraryProof>(work, library, entropy);
}

}  // namespace proofmint::bench
