#include "signer/crypto/self_test.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"

namespace proofmint::crypto {
namespace {

// The test uses two keys of each type in turn: with one, it would not notice
// lanes that are mixed up.
struct KnownP256 {
  const char* scalar;
  const char* x;
  const char* y;
};
constexpr KnownP256 kP256[2] = {
    // RFC 6979 appendix A.2.5.
    {"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
     "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"},
    // The base point, SEC 2 section 2.4.2.
    {"0000000000000000000000000000000000000000000000000000000000000001",
     "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
     "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"}};

// RFC 8032 section 7.1, tests 1 and 2.
struct KnownEd25519 {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};
constexpr KnownEd25519 kEd25519[2] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"}};

// The sizes are: one that goes to BoringSSL, one that goes to AVX2 on a CPU
// with AVX-512, one that fills vectors partly, and a full batch.
constexpr size_t kBatchSizes[] = {1, 5, 21, 64};

bool Equals(std::span<const uint8_t> bytes, const char* hex) {
  const std::string want = absl::HexStringToBytes(hex);
  return std::equal(bytes.begin(), bytes.end(), want.begin(), want.end(),
                    [](uint8_t a, char b) { return a == uint8_t(b); });
}

// KnownEntropy returns two known secrets in turn.
class KnownEntropy : public Entropy {
 public:
  KnownEntropy(const char* first, const char* second)
      : bytes_(absl::HexStringToBytes(absl::StrCat(first, second))) {}
  absl::Status Fill(std::span<uint8_t> out) override {
    for (uint8_t& byte : out) {
      byte = static_cast<uint8_t>(bytes_[position_++ % bytes_.size()]);
    }
    return absl::OkStatus();
  }

 private:
  const std::string bytes_;
  size_t position_ = 0;
};

absl::Status WrongAnswer(absl::string_view what, Kernel kernel, size_t size) {
  return absl::InternalError(absl::StrCat("self-test: wrong ", what, " from ",
                                          KernelName(kernel), " in a batch of ",
                                          size));
}

absl::Status TestEs256(const BatchFunctions& functions, Kernel kernel,
                       Entropy& entropy, size_t size) {
  KnownEntropy known(kP256[0].scalar, kP256[1].scalar);
  std::vector<P256KeyPair> keys(size);
  PROOFMINT_RETURN_IF_ERROR(functions.generate_p256(kernel, known, keys));
  std::vector<std::array<uint8_t, kP256SignatureSize>> signatures(size);
  std::vector<Es256Job> jobs;
  for (size_t i = 0; i < size; ++i) {
    if (!Equals(keys[i].public_key.x, kP256[i % 2].x) ||
        !Equals(keys[i].public_key.y, kP256[i % 2].y)) {
      return WrongAnswer("P-256 public key", kernel, size);
    }
    jobs.push_back(
        {&keys[i], Sha256(AsBytes(absl::StrCat(i))), signatures[i].data()});
  }
  PROOFMINT_RETURN_IF_ERROR(functions.sign_es256(kernel, entropy, jobs));
  for (size_t i = 0; i < size; ++i) {
    if (!VerifyEs256(keys[i].public_key, jobs[i].digest, signatures[i])) {
      return WrongAnswer("ES256 signature", kernel, size);
    }
  }
  return absl::OkStatus();
}

absl::Status TestEd25519(const BatchFunctions& functions, Kernel kernel,
                         size_t size) {
  KnownEntropy known(kEd25519[0].seed, kEd25519[1].seed);
  std::vector<Ed25519KeyPair> keys(size);
  PROOFMINT_RETURN_IF_ERROR(functions.generate_ed25519(kernel, known, keys));
  const std::string messages[2] = {absl::HexStringToBytes(kEd25519[0].message),
                                   absl::HexStringToBytes(kEd25519[1].message)};
  std::vector<std::array<uint8_t, kEd25519SignatureSize>> signatures(size);
  std::vector<Ed25519Job> jobs;
  for (size_t i = 0; i < size; ++i) {
    if (!Equals(keys[i].public_key, kEd25519[i % 2].public_key)) {
      return WrongAnswer("Ed25519 public key", kernel, size);
    }
    jobs.push_back({&keys[i], AsBytes(messages[i % 2]), signatures[i].data()});
  }
  PROOFMINT_RETURN_IF_ERROR(functions.sign_ed25519(kernel, jobs));
  for (size_t i = 0; i < size; ++i) {
    if (!Equals(signatures[i], kEd25519[i % 2].signature)) {
      return WrongAnswer("Ed25519 signature", kernel, size);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RunSelfTest(Kernel kernel, Entropy& entropy) {
  return RunSelfTestOf(BatchFunctions(), kernel, entropy);
}

absl::Status RunSelfTestOf(const BatchFunctions& functions, Kernel kernel,
                           Entropy& entropy) {
  for (size_t size : kBatchSizes) {
    PROOFMINT_RETURN_IF_ERROR(TestEs256(functions, kernel, entropy, size));
    PROOFMINT_RETURN_IF_ERROR(TestEd25519(functions, kernel, size));
  }
  return absl::OkStatus();
}

}  // namespace proofmint::crypto
