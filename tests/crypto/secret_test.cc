#include "signer/crypto/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <ostream>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace proofmint::crypto {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

using Secret = SecretBytes<32>;

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

constexpr std::array<uint8_t, 32> kPattern = {
    0xa5, 0x5a, 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,  14,
    15,   16,   17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 254, 255};

// Returns the bytes in memory, whether or not an object exists there.
std::vector<uint8_t> MemoryOf(const void* place, size_t size) {
  const auto* bytes = static_cast<const volatile uint8_t*>(place);
  return std::vector<uint8_t>(bytes, bytes + size);
}

TEST(SecretBytesTest, CannotBeCopied) {
  EXPECT_FALSE(std::is_copy_constructible_v<Secret>);
  EXPECT_FALSE(std::is_copy_assignable_v<Secret>);
  EXPECT_FALSE((std::is_constructible_v<Secret, Secret&>));
}

TEST(SecretBytesTest, MovesWithoutThrowing) {
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<Secret>);
  EXPECT_TRUE(std::is_nothrow_move_assignable_v<Secret>);
}

TEST(SecretBytesTest, CannotBePrinted) {
  EXPECT_TRUE(Printable<int>);
  EXPECT_FALSE(Printable<Secret>);
  EXPECT_FALSE(Printable<SecretBytes<1>>);
}

TEST(SecretBytesTest, IsNeitherConvertedNorComparedSilently) {
  EXPECT_FALSE((std::is_convertible_v<std::span<const uint8_t, 32>, Secret>));
  EXPECT_FALSE((std::is_convertible_v<Secret, std::span<const uint8_t>>));
  EXPECT_FALSE((std::equality_comparable<Secret>));
}

TEST(SecretBytesTest, LivesInPlace) { EXPECT_EQ(sizeof(Secret), 32u); }

TEST(SecretBytesTest, StartsAsZeros) {
  std::vector<uint8_t> storage(sizeof(Secret), 0xff);
  auto* secret = new (storage.data()) Secret;
  EXPECT_THAT(secret->ExposeSecret(), Each(0));
  std::destroy_at(secret);
}

TEST(SecretBytesTest, KeepsWhatItIsGiven) {
  const Secret secret(kPattern);
  EXPECT_THAT(secret.ExposeSecret(), ElementsAreArray(kPattern));
}

TEST(SecretBytesTest, ExposesItsBytesForWriting) {
  Secret secret;
  secret.ExposeSecret()[31] = 7;
  EXPECT_EQ(std::as_const(secret).ExposeSecret()[31], 7);
}

TEST(SecretBytesTest, IsWipedWhenDestroyed) {
  alignas(Secret) uint8_t storage[sizeof(Secret)];
  auto* secret = new (storage) Secret(kPattern);
  ASSERT_THAT(MemoryOf(storage, sizeof(storage)), ElementsAreArray(kPattern));
  std::destroy_at(secret);
  EXPECT_THAT(MemoryOf(storage, sizeof(storage)), Each(0));
}

TEST(SecretBytesTest, MoveConstructionTakesTheBytesAndWipesTheSource) {
  Secret source(kPattern);
  Secret target(std::move(source));
  EXPECT_THAT(target.ExposeSecret(), ElementsAreArray(kPattern));
  EXPECT_THAT(MemoryOf(&source, sizeof(source)), Each(0));
}

TEST(SecretBytesTest, MoveAssignmentTakesTheBytesAndWipesTheSource) {
  Secret source(kPattern);
  Secret target;
  target.ExposeSecret()[0] = 99;
  target = std::move(source);
  EXPECT_THAT(target.ExposeSecret(), ElementsAreArray(kPattern));
  EXPECT_THAT(MemoryOf(&source, sizeof(source)), Each(0));
}

TEST(SecretBytesTest, KnowsWhetherItIsWiped) {
  EXPECT_TRUE(Secret().IsWiped());
  for (size_t i = 0; i < kPattern.size(); ++i) {
    Secret secret;
    secret.ExposeSecret()[i] = 0x80;
    EXPECT_FALSE(secret.IsWiped()) << i;
  }
}

TEST(SecretBytesTest, AssignmentToItselfKeepsTheBytes) {
  Secret secret(kPattern);
  Secret& same = secret;
  secret = std::move(same);
  EXPECT_THAT(secret.ExposeSecret(), ElementsAreArray(kPattern));
}

TEST(SecretBytesTest, AVectorThatGrowsLeavesNothingBehind) {
  std::vector<Secret> secrets;
  secrets.reserve(1);
  secrets.emplace_back(kPattern);
  secrets.emplace_back(kPattern);
  EXPECT_THAT(secrets[0].ExposeSecret(), ElementsAreArray(kPattern));
  EXPECT_THAT(secrets[1].ExposeSecret(), ElementsAreArray(kPattern));
}

TEST(WipeMemoryTest, WipesExactlyWhatItIsGiven) {
  std::array<uint8_t, 5> bytes = {1, 2, 3, 4, 5};
  WipeMemory(std::span(bytes).subspan(1, 3));
  EXPECT_THAT(bytes, ElementsAre(1, 0, 0, 0, 5));
}

TEST(WipeMemoryTest, AcceptsNothing) { WipeMemory({}); }

// The pattern goes into registers before the call, and what they hold comes out
// after it; nothing between uses vectors.
TEST(WipeRegistersTest, LeavesNothingInVectorRegisters) {
  alignas(64) std::array<uint8_t, 64> pattern;
  pattern.fill(0xa5);
  std::array<std::array<uint8_t, 64>, 4> after;
  for (auto& bytes : after) bytes.fill(0);
  void (*volatile wipe)() = WipeRegisters;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    asm volatile(
        "vmovdqu64 (%0), %%zmm0\n\tvmovdqu64 (%0), %%zmm15\n\t"
        "vmovdqu64 (%0), %%zmm16\n\tvmovdqu64 (%0), %%zmm31" ::"r"(&pattern)
        : "xmm0", "xmm15", "memory");
    wipe();
    asm volatile(
        "vmovdqu64 %%zmm0, (%0)\n\tvmovdqu64 %%zmm15, 64(%0)\n\t"
        "vmovdqu64 %%zmm16, 128(%0)\n\tvmovdqu64 %%zmm31, 192(%0)" ::"r"(&after)
        : "memory");
  } else {
    asm volatile("movdqu (%0), %%xmm0\n\tmovdqu (%0), %%xmm15" ::"r"(&pattern)
                 : "xmm0", "xmm15", "memory");
    wipe();
    asm volatile("movdqu %%xmm0, (%0)\n\tmovdqu %%xmm15, 64(%0)" ::"r"(&after)
                 : "memory");
  }
#else
  asm volatile("ld1 {v0.16b}, [%0]\n\tld1 {v31.16b}, [%0]" ::"r"(&pattern)
               : "v0", "v31", "memory");
  wipe();
  asm volatile("st1 {v0.16b}, [%0]\n\tstr q31, [%0, #64]" ::"r"(&after)
               : "memory");
#endif
  for (const auto& bytes : after) EXPECT_THAT(bytes, Each(0));
}

}  // namespace
}  // namespace proofmint::crypto
