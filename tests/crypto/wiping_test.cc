// What the batch operations leave behind in memory: nothing. They run on a
// thread whose whole stack is searched afterwards, so that their scratch,
// copies of the compiler's making and spilled registers are all found.
// Sanitizers change stack frames beyond recognition: with them there is nothing
// to learn.

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/ed25519_batch.h"
#include "signer/crypto/ed25519_kernel.h"
#include "signer/crypto/p256_batch.h"
#include "signer/crypto/p256_kernel.h"
#include "signer/crypto/scalar_field.h"
#include "tests/crypto/simd_targets.h"
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

constexpr size_t kBatchSize = 64;
constexpr size_t kStackSize = 4 << 20;  // bytes

// Memory to run a function on.
class Stack {
 public:
  Stack()
      : memory_(
            static_cast<char*>(mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~Stack() { munmap(memory_, kStackSize); }

  void Run(std::function<void()> function) {
    pthread_attr_t attributes;
    ASSERT_EQ(pthread_attr_init(&attributes), 0);
    ASSERT_EQ(pthread_attr_setstack(&attributes, memory_, kStackSize), 0);
    pthread_t thread;
    ASSERT_EQ(pthread_create(
                  &thread, &attributes,
                  [](void* argument) -> void* {
                    (*static_cast<std::function<void()>*>(argument))();
                    return nullptr;
                  },
                  &function),
              0);
    ASSERT_EQ(pthread_join(thread, nullptr), 0);
    pthread_attr_destroy(&attributes);
  }

  absl::string_view memory() const { return {memory_, kStackSize}; }

  // How many bytes are not zero, as all were at first, below what a thread
  // itself needs.
  size_t CountNonZero() const {
    constexpr size_t kThreadSize = 10 << 10;
    return static_cast<size_t>(
        std::count_if(memory_, memory_ + kStackSize - kThreadSize,
                      [](char byte) { return byte != 0; }));
  }

 private:
  char* memory_;
};

// Every form in which parts of a secret may lie about: eight bytes of it are
// enough to be found.
class Secrets {
 public:
  void Add(absl::string_view name, std::span<const uint8_t> bytes) {
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      uint64_t forward;
      std::memcpy(&forward, bytes.data() + i, 8);
      Insert(name, forward);
      Insert(name, __builtin_bswap64(forward));
    }
  }
  void Add(absl::string_view name, const Limbs256& limbs) {
    for (uint64_t limb : limbs) Insert(name, limb);
  }

  // The names of the secrets that are in `memory`, at any offset.
  std::string FoundIn(absl::string_view memory) {
    std::sort(words_.begin(), words_.end());
    std::string found;
    for (size_t i = 0; i + 8 <= memory.size(); ++i) {
      uint64_t word;
      std::memcpy(&word, memory.data() + i, 8);
      auto it = std::lower_bound(words_.begin(), words_.end(),
                                 std::pair<uint64_t, std::string>(word, ""));
      if (it != words_.end() && it->first == word) {
        absl::StrAppend(&found, it->second, " at ", memory.size() - i,
                        " bytes below the top\n");
      }
    }
    return found;
  }

 private:
  void Insert(absl::string_view name, uint64_t word) {
    // Words of zeros and the like are everywhere.
    if (word > 0xffff'ffff && ~word > 0xffff'ffff) {
      words_.emplace_back(word, std::string(name));
    }
  }

  std::vector<std::pair<uint64_t, std::string>> words_;
};

// The halved scalar that the kernels recode, and the scalar itself.
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
    uint8_t copy[1 << 14];  // deeper than what ends a thread
    std::copy(secret.begin(), secret.end(), copy);
    asm volatile("" : : "r"(copy) : "memory");
  });
  EXPECT_NE(secrets.FoundIn(stack.memory()), "");
}

TEST_F(WipingTest, P256BatchesLeaveNothingOnTheStack) {
  ForEachSimdTarget([](int64_t) {
    FakeEntropy entropy;
    std::vector<P256KeyPair> keys(kBatchSize);
    // Drawn before, since FakeEntropy leaves copies of what it makes.
    entropy.GiveNext(Draw(entropy, kBatchSize * 32));
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

    std::vector<std::array<uint8_t, kP256SignatureSize>> signatures(kBatchSize);
    std::vector<Es256Job> jobs;
    std::string random = Draw(entropy, kBatchSize * 32);
    entropy.GiveNext(random);
    for (size_t i = 0; i < kBatchSize; ++i) {
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
    std::vector<Ed25519KeyPair> keys(kBatchSize);
    entropy.GiveNext(Draw(entropy, kBatchSize * 32));
    Stack key_stack;
    key_stack.Run([&] {
      ASSERT_TRUE(GenerateEd25519KeyPairs(Kernel::kSimd, entropy, keys).ok());
    });
    Secrets secrets;
    std::vector<std::array<uint8_t, kEd25519SignatureSize>> signatures(
        kBatchSize);
    std::vector<Ed25519Job> jobs;
    for (size_t i = 0; i < kBatchSize; ++i) {
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

// Digits, coordinates and differences of many scalars lie side by side in a
// kernel's scratch, in forms that no search for words finds. Return addresses
// are all that may be left of it.
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

// One at a time, which is BoringSSL's work with either kernel.
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

}  // namespace
}  // namespace proofmint::crypto
