#include "signer/keys/key_encryption_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "signer/crypto/secret.h"
#include "tests/keys/kek_files.h"
#include "tests/keys/mapping.h"
#include "tests/testing/child_process.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/hex.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::keys {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::RefuseSystemCall;
using proofmint::testing::RunInChild;
using proofmint::testing::StatusIs;
using proofmint::testing::ToHex;
using ::testing::Contains;
using ::testing::Each;

std::unique_ptr<const KeyEncryptionKeys> NewKeys(
    std::initializer_list<uint8_t> firsts) {
  return KeyEncryptionKeys::New(TestKeks(firsts)).value();
}

bool Seals(const KeyEncryptionKeys::Key& key) {
  std::array<uint8_t, crypto::kAesGcmSivNonceSize> nonce = {};
  std::array<uint8_t, crypto::kAesGcmSivTagSize> sealed;
  return key.cipher.Seal(nonce, {}, {}, sealed).ok();
}

// printf 'proofmint kek id v1\0' and the 32 bytes | sha256sum
TEST(KekTest, HasAnIdThatIsAHashOfIt) {
  EXPECT_EQ(ToHex(IdOf(TestKek(0))), "583465db27c025a3");
  EXPECT_NE(IdOf(TestKek(1)), IdOf(TestKek(0)));
}

TEST(KekTest, ComesFromTheEntropyAndFailsAsItDoes) {
  FakeEntropy entropy;
  entropy.GiveNext(std::string(32, 'k'));
  EXPECT_THAT(GenerateKek(entropy)->ExposeSecret(), Each('k'));
  entropy.FailAfter(0, 1);
  EXPECT_THAT(GenerateKek(entropy), StatusIs(absl::StatusCode::kUnavailable,
                                             "entropy: injected failure"));
}

TEST(KeyEncryptionKeysTest, SealsWithTheFirstAndFindsEach) {
  std::vector<Kek> keks;
  for (size_t i = 0; i < kMaxKeks; ++i) {
    keks.push_back(TestKek(static_cast<uint8_t>(i)));
    std::unique_ptr<const KeyEncryptionKeys> keys =
        KeyEncryptionKeys::New(keks).value();
    EXPECT_EQ(keys->sealing_key().id, IdOf(TestKek(0)));
    for (const Kek& kek : keks) {
      const KeyEncryptionKeys::Key* key = keys->Find(IdOf(kek));
      ASSERT_NE(key, nullptr);
      EXPECT_EQ(key->id, IdOf(kek));
      EXPECT_TRUE(Seals(*key));
    }
    EXPECT_EQ(keys->Find(IdOf(TestKek(static_cast<uint8_t>(i + 1)))), nullptr);
    EXPECT_EQ(keys->Find(KekId{}), nullptr);
  }
}

TEST(KeyEncryptionKeysTest, KnowsItsKeysAndTheirOrder) {
  std::unique_ptr<const KeyEncryptionKeys> keys = NewKeys({1, 2});
  EXPECT_TRUE(keys->AreThoseOf(TestKeks({1, 2})));
  EXPECT_FALSE(keys->AreThoseOf(TestKeks({2, 1})));
  EXPECT_FALSE(keys->AreThoseOf(TestKeks({1})));
  EXPECT_FALSE(keys->AreThoseOf(TestKeks({1, 2, 3})));
  EXPECT_FALSE(keys->AreThoseOf(TestKeks({1, 3})));
  EXPECT_FALSE(keys->AreThoseOf({}));
}

TEST(KeyEncryptionKeysTest, IsLockedUndumpedAndWipedOnFork) {
  std::unique_ptr<const KeyEncryptionKeys> keys = NewKeys({1, 2});
  EXPECT_TRUE(keys->memory_locked());
  for (uint8_t first : {uint8_t{1}, uint8_t{2}}) {
    Mapping mapping = MappingOf(keys->Find(IdOf(TestKek(first))));
    EXPECT_THAT(mapping.flags, Contains("lo"));
    EXPECT_THAT(mapping.flags, Contains("dd"));
    EXPECT_THAT(mapping.flags, Contains("wf"));
  }
}

TEST(KeyEncryptionKeysTest, DoesNothingInAForkedChild) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  std::unique_ptr<const KeyEncryptionKeys> keys = NewKeys({1});
  EXPECT_EQ(RunInChild([&] {
              if (keys->Find(IdOf(TestKek(1))) != nullptr) return 2;
              if (Seals(keys->sealing_key())) return 3;
              keys.reset();
              return 0;
            }),
            0);
  EXPECT_TRUE(Seals(keys->sealing_key()));
}

TEST(KeyEncryptionKeysTest, IsZerosAfterItIsDestroyed) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              std::unique_ptr<const KeyEncryptionKeys> keys = NewKeys({1, 2});
              const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
              std::span<const uint8_t> memory(
                  reinterpret_cast<const uint8_t*>(&keys->sealing_key()), page);
              auto copy = [&] {
                return std::string(memory.begin(), memory.end());
              };
              const std::string full = copy();
              if (!RefuseSystemCall(SYS_munmap, 1,
                                    static_cast<uint32_t>(3 * page), EPERM)) {
                return 2;
              }
              keys.reset();
              const std::string nothing(page, '\0');
              return full != nothing && copy() == nothing ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace proofmint::keys
