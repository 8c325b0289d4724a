// constant_time_check makes keys and signatures in batches, on every vector
// target of this machine, with all random bytes marked as undefined. When it
// runs under valgrind's memcheck, every branch and every address that depends
// on a secret is reported as an error. With the argument --plant_leak it makes
// one batch and branches on a private key, which memcheck must report: see
// constant_time_test.sh.

#include <hwy/highway.h>
#include <valgrind/memcheck.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "signer/crypto/constant_time.h"
#include "signer/crypto/ed25519_batch.h"
#include "signer/crypto/kernel.h"
#include "signer/crypto/p256_batch.h"
#include "tests/testing/fake_entropy.h"

namespace proofmint::crypto {
namespace {

class SecretEntropy : public Entropy {
 public:
  absl::Status Fill(std::span<uint8_t> out) override {
    absl::Status status = bytes_.Fill(out);
    MarkSecret(out);
    return status;
  }

 private:
  proofmint::testing::FakeEntropy bytes_;
};

// How memcheck has marked bytes; kNone outside valgrind.
enum class Marking { kNone, kSecret, kPublic, kMixed };

Marking MarkingOf(std::span<const uint8_t> bytes) {
  std::vector<uint8_t> undefined_bits(bytes.size());
  if (VALGRIND_GET_VBITS(bytes.data(), undefined_bits.data(), bytes.size()) !=
      1) {
    return Marking::kNone;
  }
  auto is = [&](uint8_t bits) {
    return std::all_of(undefined_bits.begin(), undefined_bits.end(),
                       [bits](uint8_t b) { return b == bits; });
  };
  return is(0xff) ? Marking::kSecret
         : is(0)  ? Marking::kPublic
                  : Marking::kMixed;
}

// Checks that the marks are not lost: memcheck reports nothing that depends on
// an unmarked secret.
void ExpectMarking(std::span<const uint8_t> bytes, Marking want) {
  Marking got = MarkingOf(bytes);
  ABSL_RAW_CHECK(got == want || got == Marking::kNone,
                 "a secret is marked public or the other way round");
}

void CheckP256(size_t size, bool plant_leak) {
  SecretEntropy entropy;
  std::vector<P256KeyPair> keys(size);
  ABSL_RAW_CHECK(GenerateP256KeyPairs(Kernel::kSimd, entropy, keys).ok(),
                 "no keys");
  std::vector<std::array<uint8_t, kP256SignatureSize>> signatures(size);
  std::vector<Es256Job> jobs;
  for (size_t i = 0; i < size; ++i) {
    ExpectMarking(keys[i].private_scalar.ExposeSecret(), Marking::kSecret);
    ExpectMarking(keys[i].public_key.x, Marking::kPublic);
    ExpectMarking(keys[i].public_key.y, Marking::kPublic);
    jobs.push_back({&keys[i], Sha256(AsBytes("input")), signatures[i].data()});
  }
  ABSL_RAW_CHECK(SignEs256Batch(Kernel::kSimd, entropy, jobs).ok(),
                 "no signatures");
  for (const auto& signature : signatures) {
    ExpectMarking(signature, Marking::kPublic);
  }
  if (plant_leak && (keys[0].private_scalar.ExposeSecret()[31] & 1) != 0) {
    std::printf("the first key is odd\n");
  }
}

void CheckEd25519(size_t size) {
  SecretEntropy entropy;
  std::vector<Ed25519KeyPair> keys(size);
  ABSL_RAW_CHECK(GenerateEd25519KeyPairs(Kernel::kSimd, entropy, keys).ok(),
                 "no keys");
  std::vector<std::array<uint8_t, kEd25519SignatureSize>> signatures(size);
  std::vector<Ed25519Job> jobs;
  for (size_t i = 0; i < size; ++i) {
    ExpectMarking(keys[i].seed.ExposeSecret(), Marking::kSecret);
    ExpectMarking(keys[i].public_key, Marking::kPublic);
    jobs.push_back({&keys[i], AsBytes("input"), signatures[i].data()});
  }
  ABSL_RAW_CHECK(SignEd25519Batch(Kernel::kSimd, jobs).ok(), "no signatures");
  for (const auto& signature : signatures) {
    ExpectMarking(signature, Marking::kPublic);
  }
}

}  // namespace
}  // namespace proofmint::crypto

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--plant_leak") == 0) {
    proofmint::crypto::CheckP256(6, /*plant_leak=*/true);
    return 0;
  }
  for (int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    const absl::string_view name =
        proofmint::crypto::KernelName(proofmint::crypto::Kernel::kSimd);
    // Valgrind takes ten times as long for the portable fallback, which no
    // program uses: it gets the smallest batch.
    const std::vector<size_t> sizes = target == HWY_EMU128
                                          ? std::vector<size_t>{6}
                                          : std::vector<size_t>{6, 17, 64};
    for (size_t size : sizes) {
      proofmint::crypto::CheckP256(size, /*plant_leak=*/false);
      proofmint::crypto::CheckEd25519(size);
    }
    std::printf("checked %.*s\n", static_cast<int>(name.size()), name.data());
  }
  return 0;
}
