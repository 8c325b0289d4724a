#include "signer/keys/locked_arena.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/keys/mapping.h"
#include "tests/testing/child_process.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::keys {
namespace {

using proofmint::testing::RefuseSystemCall;
using proofmint::testing::RunInChild;
using proofmint::testing::StatusIs;
using ::testing::Contains;
using ::testing::HasSubstr;

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

bool AllZero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](uint8_t byte) { return byte == 0; });
}

TEST(LockedArenaTest, IsZeroedPageAlignedMemory) {
  for (size_t size : {size_t{1}, PageSize(), PageSize() + 1}) {
    LockedArena arena = LockedArena::New(size).value();
    EXPECT_EQ(arena.bytes().size(),
              size <= PageSize() ? PageSize() : 2 * PageSize());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.bytes().data()) % PageSize(),
              0u);
    EXPECT_TRUE(AllZero(arena.bytes()));
  }
}

TEST(LockedArenaTest, IsLockedUndumpedAndWipedOnFork) {
  LockedArena arena = LockedArena::New(1).value();
  EXPECT_TRUE(arena.locked());
  EXPECT_TRUE(arena.wiped_on_fork());
  Mapping mapping = MappingOf(arena.bytes().data());
  EXPECT_EQ(mapping.permissions, "rw-p");
  EXPECT_THAT(mapping.flags, Contains("lo"));
  EXPECT_THAT(mapping.flags, Contains("dd"));
  EXPECT_THAT(mapping.flags, Contains("wf"));
}

TEST(LockedArenaTest, LiesBetweenPagesThatCannotBeTouched) {
  LockedArena arena = LockedArena::New(3 * PageSize()).value();
  EXPECT_EQ(MappingOf(arena.bytes().data() - 1).permissions, "---p");
  EXPECT_EQ(MappingOf(&arena.bytes().back() + 1).permissions, "---p");
}

TEST(LockedArenaTest, FailsWhenThereIsNotEnoughMemory) {
  for (size_t size : {SIZE_MAX, SIZE_MAX - 3 * PageSize(), SIZE_MAX / 4}) {
    EXPECT_THAT(
        LockedArena::New(size),
        StatusIs(absl::StatusCode::kResourceExhausted,
                 HasSubstr("key memory: mmap: Cannot allocate memory")));
  }
}

TEST(LockedArenaTest, MovesItsMemory) {
  std::optional<LockedArena> source = LockedArena::New(1).value();
  source->bytes()[0] = 7;
  LockedArena target = *std::move(source);
  source.reset();
  EXPECT_EQ(target.bytes()[0], 7);
  EXPECT_TRUE(target.locked());
  EXPECT_TRUE(target.wiped_on_fork());
}

TEST(LockedArenaTest, IsZerosInAForkedChild) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  LockedArena arena = LockedArena::New(2 * PageSize()).value();
  std::fill(arena.bytes().begin(), arena.bytes().end(), uint8_t{7});
  EXPECT_EQ(RunInChild([&] { return AllZero(arena.bytes()) ? 0 : 1; }), 0);
  EXPECT_EQ(arena.bytes().back(), 7);
}

TEST(LockedArenaTest, IsWipedBeforeItIsGivenBack) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              std::optional<LockedArena> arena =
                  LockedArena::New(2 * PageSize()).value();
              std::span<uint8_t> bytes = arena->bytes();
              std::fill(bytes.begin(), bytes.end(), uint8_t{7});
              uint32_t mapped = static_cast<uint32_t>(4 * PageSize());
              if (!RefuseSystemCall(SYS_munmap, 1, mapped, EPERM)) return 2;
              arena.reset();
              return AllZero(bytes) ? 0 : 1;
            }),
            0);
}

TEST(LockedArenaTest, GivesItsMemoryBack) {
  std::optional<LockedArena> arena = LockedArena::New(1).value();
  uint8_t* place = arena->bytes().data();
  ASSERT_EQ(msync(place, 1, MS_ASYNC), 0);
  arena.reset();
  EXPECT_EQ(msync(place, 1, MS_ASYNC), -1);
  EXPECT_EQ(errno, ENOMEM);
}

TEST(LockedArenaTest, ReportsWhatTheSystemDoesNotGrant) {
  PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED();
  EXPECT_EQ(RunInChild([] {
              if (!RefuseSystemCall(SYS_madvise, 2, MADV_WIPEONFORK, EINVAL)) {
                return 2;
              }
              absl::StatusOr<LockedArena> arena = LockedArena::New(1);
              return arena.ok() && !arena->wiped_on_fork() ? 0 : 1;
            }),
            0);
  EXPECT_EQ(RunInChild([] {
              if (!RefuseSystemCall(SYS_madvise, 2, MADV_DONTDUMP, EINVAL)) {
                return 2;
              }
              return LockedArena::New(1).ok() ? 1 : 0;
            }),
            0);
}

}  // namespace
}  // namespace proofmint::keys
