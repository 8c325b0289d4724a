// Tests that operations with secrets leave none in memory. They run on a thread
// whose whole stack is searched afterwards, so that scratch memory, copies that
// the compiler has made and spilled registers are all found. The tests are
// skipped with sanitizers, which change the layout of stack frames.

#include <gtest/gtest.h>
#include <openssl/aes.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/aes_gcm_siv.h"
#include "signer/crypto/ed25519_batch.h"
#include "signer/crypto/ed25519_kernel.h"
#include "signer/crypto/p256_batch.h"
#include "signer/crypto/p256_kernel.h"
#include "signer/crypto/scalar_field.h"
#include "tests/crypto/simd_targets.h"
#include "tests/crypto/stack_search.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/sanitizers.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::kHasSanitizer;

class WipingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kHasSanitizer) GTEST_SKIP() << "frames are not those of a release";
  }
};

// Adds the scalar and half of it, which the kernels recode.
void AddScalar(absl::string_view name, const Limbs256& scalar,
               Secrets& secrets) {
  secrets.Add(name, scalar);
  Limbs256 half;
  for (size_t i = 0; i < 4; ++i) {
    half[i] = scalar[i] >> 1 | (i < 3 ? scalar[i + 1] << 63 : 0);
  }
  secrets.Add(absl::StrCat(name, " / 2"), half);
}

std::string Draw(FakeEntropy& entropy, size_t size) {
  std::string bytes(size, '\0');
  EXPECT_TRUE(
      entropy.Fill({reinterpret_cast<uint8_t*>(bytes.data()), size}).ok());
  return bytes;
}

Limbs256 ReduceHash(const Sha512Digest& hash, bool p256) {
  std::array<uint64_t, 8> wide;
  std::memcpy(wide.data(), hash.data(), sizeof(wide));
  return p256 ? ScalarField<P256Order>::Reduce(wide)
              : ScalarField<Ed25519Order>::Reduce(wide);
}

std::vector<uint8_t> Join(std::span<const uint8_t> a,
                          std::span<const uint8_t> b,
                          std::span<const uint8_t> c = {}) {
  std::vector<uint8_t> joined;
  for (std::span<const uint8_t> part : {a, b, c}) {
    for (uint8_t byte : part) joined.push_back(byte);
  }
  return joined;
}

TEST_F(WipingTest, FindsWhatIsLeftOnAStack) {
  Stack stack;
  std::array<uint8_t, 16> secret;
  for (size_t i = 0; i < 16; ++i) secret[i] = static_cast<uint8_t>(0xa0 + i);
  Secrets secrets;
  secrets.Add("a secret", secret);
  stack.Run([&] {
    uint8_t copy[1 << 14];  // reaches below what the end of a thread overwrites
    std::copy(secret.begin(), secret.end(), copy);
    asm volatile("" : : "r"(copy) : "memory");
  });
  EXPECT_NE(secrets.FoundIn(stack.memory()), "");
}

TEST_F(WipingTest, P256BatchesLeaveNothingOnTheStack) {
  ForEachSimdTarget([](int64_t) {
    FakeEntropy entropy;
    std::vector<P256KeyPair> keys(kKernelBatchSize);
    // Drawn beforehand, since FakeEntropy leaves copies of the bytes it makes.
    entropy.GiveNext(Draw(entropy, kKernelBatchSize * 32));
    Stack key_stack;
    key_stack.Run([&] {
      ASSERT_TRUE(GenerateP256KeyPairs(Kernel::kSimd, entropy, keys).ok());
    });
    Secrets secrets;
    for (const P256KeyPair& key : keys) {
      secrets.Add("private scalar", key.private_scalar.ExposeSecret());
      AddScalar("private scalar",
                LimbsFromBigEndian(key.private_scalar.ExposeSecret()), secrets);
    }
    EXPECT_EQ(secrets.FoundIn(key_stack.memory()), "");

    std::vector<std::array<uint8_t, kP256SignatureSize>> signatures(
        kKernelBatchSize);
    std::vector<Es256Job> jobs;
    std::string random = Draw(entropy, kKernelBatchSize * 32);
    entropy.GiveNext(random);
    for (size_t i = 0; i < kKernelBatchSize; ++i) {
      jobs.push_back(
          {&keys[i], Sha256(AsBytes(absl::StrCat(i))), signatures[i].data()});
      std::span<const uint8_t> own = AsBytes(random).subspan(32 * i, 32);
      secrets.Add("entropy", own);
      Sha512Digest hash = Sha512(
          Join(keys[i].private_scalar.ExposeSecret(), jobs[i].digest, own));
      secrets.Add("hash of a nonce", hash);
      Limbs256 nonce = ReduceHash(hash, /*p256=*/true);
      AddScalar("nonce", nonce, secrets);
      Limbs256 scratch;
      ScalarField<P256Order>::InvertAll({&nonce, 1}, {&scratch, 1});
      secrets.Add("inverse of a nonce", nonce);
    }
    Stack signing_stack;
    signing_stack.Run([&] {
      ASSERT_TRUE(SignEs256Batch(Kernel::kSimd, entropy, jobs).ok());
    });
    EXPECT_EQ(secrets.FoundIn(signing_stack.memory()), "");
  });
}

TEST_F(WipingTest, Ed25519BatchesLeaveNothingOnTheStack) {
  ForEachSimdTarget([](int64_t) {
    FakeEntropy entropy;
    std::vector<Ed25519KeyPair> keys(kKernelBatchSize);
    entropy.GiveNext(Draw(entropy, kKernelBatchSize * 32));
    Stack key_stack;
    key_stack.Run([&] {
      ASSERT_TRUE(GenerateEd25519KeyPairs(Kernel::kSimd, entropy, keys).ok());
    });
    Secrets secrets;
    std::vector<std::array<uint8_t, kEd25519SignatureSize>> signatures(
        kKernelBatchSize);
    std::vector<Ed25519Job> jobs;
    for (size_t i = 0; i < kKernelBatchSize; ++i) {
      jobs.push_back({&keys[i], AsBytes("a message"), signatures[i].data()});
      secrets.Add("seed", keys[i].seed.ExposeSecret());
      Sha512Digest expanded = Sha512(keys[i].seed.ExposeSecret());
      secrets.Add("expanded key", expanded);
      AddScalar("scalar",
                LimbsFromLittleEndian(std::span(expanded).first<32>()),
                secrets);
      Sha512Digest hash =
          Sha512(Join(std::span(expanded).last<32>(), jobs[i].message));
      secrets.Add("hash of a nonce", hash);
      AddScalar("nonce", ReduceHash(hash, /*p256=*/false), secrets);
    }
    EXPECT_EQ(secrets.FoundIn(key_stack.memory()), "");
    Stack signing_stack;
    signing_stack.Run(
        [&] { ASSERT_TRUE(SignEd25519Batch(Kernel::kSimd, jobs).ok()); });
    EXPECT_EQ(secrets.FoundIn(signing_stack.memory()), "");
  });
}

// In a kernel's scratch, digits, coordinates and differences of many scalars
// are interleaved, so that a search for words cannot find them. So the test
// counts bytes that are not zero: only return addresses may be left.
TEST_F(WipingTest, KernelsLeaveZerosOnTheStack) {
  ForEachSimdTarget([](int64_t) {
    for (size_t size : {3, 9, 33, 64}) {
      SCOPED_TRACE(size);
      FakeEntropy entropy;
      std::vector<Limbs256> scalars;
      while (scalars.size() < size) {
        const std::string bytes = Draw(entropy, 32);
        scalars.push_back(ScalarField<Ed25519Order>::Reduce(
            LimbsFromBigEndian(AsBytes(bytes).first<32>())));
      }
      std::vector<P256PublicKey> p256(size);
      Stack p256_stack;
      p256_stack.Run([&] { ASSERT_TRUE(MultiplyP256Base(scalars, p256)); });
      EXPECT_LT(p256_stack.CountNonZero(), 512u);

      std::vector<Ed25519PublicKey> ed25519(size);
      Stack ed25519_stack;
      ed25519_stack.Run([&] { MultiplyEd25519Base(scalars, ed25519); });
      EXPECT_LT(ed25519_stack.CountNonZero(), 512u);
    }
  });
}

// Single keys and signatures are computed with BoringSSL by either kernel.
TEST_F(WipingTest, SingleKeysLeaveNothingOnTheStack) {
  for (Kernel kernel : {Kernel::kSimd, Kernel::kBoringSsl}) {
    FakeEntropy entropy;
    Secrets secrets;
    P256KeyPair p256;
    entropy.GiveNext(Draw(entropy, 32));
    Stack p256_key_stack;
    p256_key_stack.Run([&] {
      ASSERT_TRUE(GenerateP256KeyPairs(kernel, entropy, {&p256, 1}).ok());
    });
    AddScalar("private scalar",
              LimbsFromBigEndian(p256.private_scalar.ExposeSecret()), secrets);
    secrets.Add("private scalar", p256.private_scalar.ExposeSecret());
    EXPECT_EQ(secrets.FoundIn(p256_key_stack.memory()), "");

    std::array<uint8_t, kP256SignatureSize> signature;
    const Es256Job es256 = {&p256, Sha256(AsBytes("a message")),
                            signature.data()};
    if (kernel == Kernel::kSimd) entropy.GiveNext(Draw(entropy, 32));
    Stack es256_stack;
    es256_stack.Run([&] {
      ASSERT_TRUE(SignEs256Batch(kernel, entropy, {&es256, 1}).ok());
    });
    EXPECT_EQ(secrets.FoundIn(es256_stack.memory()), "");

    Ed25519KeyPair ed25519;
    entropy.GiveNext(Draw(entropy, 32));
    Stack ed25519_key_stack;
    ed25519_key_stack.Run([&] {
      ASSERT_TRUE(GenerateEd25519KeyPairs(kernel, entropy, {&ed25519, 1}).ok());
    });
    Sha512Digest expanded = Sha512(ed25519.seed.ExposeSecret());
    secrets.Add("seed", ed25519.seed.ExposeSecret());
    secrets.Add("expanded key", expanded);
    AddScalar("scalar", LimbsFromLittleEndian(std::span(expanded).first<32>()),
              secrets);
    EXPECT_EQ(secrets.FoundIn(ed25519_key_stack.memory()), "");

    const Ed25519Job job = {&ed25519, AsBytes("a message"), signature.data()};
    Sha512Digest hash =
        Sha512(Join(std::span(expanded).last<32>(), job.message));
    secrets.Add("hash of a nonce", hash);
    AddScalar("nonce", ReduceHash(hash, /*p256=*/false), secrets);
    Stack ed25519_stack;
    ed25519_stack.Run([&] {
      ASSERT_TRUE(SignEd25519Batch(kernel, {&job, 1}).ok());
    });
    EXPECT_EQ(secrets.FoundIn(ed25519_stack.memory()), "");
  }
}

// Returns the keys of one message (RFC 8452 section 4): the authentication key
// and the encryption key.
std::array<uint8_t, 48> MessageKeys(std::span<const uint8_t, 32> key,
                                    std::span<const uint8_t, 12> nonce) {
  AES_KEY schedule;
  AES_set_encrypt_key(key.data(), 256, &schedule);
  std::array<uint8_t, 48> keys;
  for (uint8_t i = 0; i < 6; ++i) {
    std::array<uint8_t, 16> block = {i};
    std::copy(nonce.begin(), nonce.end(), block.begin() + 4);
    AES_encrypt(block.data(), block.data(), &schedule);
    std::copy_n(block.begin(), 8, keys.begin() + 8 * i);
  }
  return keys;
}

TEST_F(WipingTest, AesGcmSivLeavesNothingOnTheStack) {
  FakeEntropy entropy;
  const std::string key = Draw(entropy, 32);
  const std::string nonce = Draw(entropy, 12);
  const std::string plaintext = Draw(entropy, 32);
  std::optional<AesGcmSiv> cipher;
  Stack key_stack;
  key_stack.Run([&] { cipher.emplace(AsBytes(key).first<32>()); });

  Secrets secrets;
  secrets.Add("key", AsBytes(key));
  secrets.Add("plaintext", AsBytes(plaintext));
  // The key schedule follows the pointer to the algorithm.
  secrets.Add(
      "key schedule",
      std::span(reinterpret_cast<const uint8_t*>(&*cipher), sizeof(AesGcmSiv))
          .subspan(sizeof(void*)));
  std::array<uint8_t, 48> message_keys =
      MessageKeys(AsBytes(key).first<32>(), AsBytes(nonce).first<12>());
  secrets.Add("key of a message", message_keys);
  AES_KEY schedule;
  AES_set_encrypt_key(message_keys.data() + 16, 256, &schedule);
  secrets.Add(
      "key schedule of a message",
      std::span(reinterpret_cast<const uint8_t*>(&schedule), sizeof(schedule)));
  EXPECT_EQ(secrets.FoundIn(key_stack.memory()), "");

  std::array<uint8_t, 48> sealed;
  Stack sealing_stack;
  sealing_stack.Run([&] {
    ASSERT_TRUE(cipher
                    ->Seal(AsBytes(nonce).first<12>(), AsBytes(plaintext),
                           AsBytes("a caller"), sealed)
                    .ok());
  });
  EXPECT_EQ(secrets.FoundIn(sealing_stack.memory()), "");

  std::array<uint8_t, 32> opened;
  for (const char* caller : {"a caller", "another caller"}) {
    Stack opening_stack;
    opening_stack.Run([&] {
      EXPECT_EQ(cipher->Open(AsBytes(nonce).first<12>(), sealed,
                             AsBytes(caller), opened),
                caller == std::string("a caller"));
    });
    EXPECT_EQ(secrets.FoundIn(opening_stack.memory()), "");
  }
}

}  // namespace
}  // namespace proofmint::crypto
