#include "signer/crypto/entropy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <set>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::crypto {
namespace {

using proofmint::testing::IsOk;
using ::testing::ExitedWithCode;

using Draw = std::array<uint8_t, 16>;

std::unique_ptr<Entropy> NewSource() {
  absl::StatusOr<std::unique_ptr<Entropy>> entropy = NewSystemEntropy();
  EXPECT_THAT(entropy, IsOk());
  return std::move(entropy).value();
}

Draw DrawFrom(Entropy& entropy) {
  Draw draw = {};
  EXPECT_THAT(entropy.Fill(draw), IsOk());
  return draw;
}

TEST(SystemEntropyTest, NeverRepeatsADraw) {
  std::unique_ptr<Entropy> entropy = NewSource();
  std::set<Draw> draws;
  for (int i = 0; i < 1000; ++i) draws.insert(DrawFrom(*entropy));
  EXPECT_EQ(draws.size(), 1000u);
}

TEST(SystemEntropyTest, FillsEveryByteAndNoneBeyond) {
  std::unique_ptr<Entropy> entropy = NewSource();
  for (size_t size : {0, 1, 31, 32, 33, 64, 255, 5000}) {
    std::vector<uint8_t> seen(size + 2, 0);
    // A byte that stays zero in 40 draws was not written (2^-320 by chance).
    for (int round = 0; round < 40; ++round) {
      std::vector<uint8_t> buffer(size + 2, 0);
      ASSERT_THAT(entropy->Fill(std::span(buffer).subspan(1, size)), IsOk());
      for (size_t i = 0; i < seen.size(); ++i) seen[i] |= buffer[i];
    }
    EXPECT_EQ(seen.front(), 0) << size;
    EXPECT_EQ(seen.back(), 0) << size;
    EXPECT_EQ(std::count(seen.begin() + 1, seen.end() - 1, 0), 0) << size;
  }
}

TEST(SystemEntropyTest, MayBeSharedByThreads) {
  std::unique_ptr<Entropy> entropy = NewSource();
  constexpr int kThreads = 4;
  constexpr int kDraws = 500;
  std::vector<std::vector<Draw>> draws(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<Draw>& mine : draws) {
    threads.emplace_back([&entropy, &mine] {
      for (int i = 0; i < kDraws; ++i) mine.push_back(DrawFrom(*entropy));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Draw> all;
  for (const std::vector<Draw>& mine : draws) {
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), size_t{kThreads * kDraws});
}

TEST(SystemEntropyTest, AForkedProcessDrawsOtherBytes) {
  std::unique_ptr<Entropy> entropy = NewSource();
  DrawFrom(*entropy);  // The generator has state that a fork would copy.
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Draw draw = {};
    bool good = entropy->Fill(draw).ok() &&
                write(ends[1], draw.data(), draw.size()) == sizeof(draw);
    _exit(good ? 0 : 1);
  }
  Draw here = DrawFrom(*entropy);
  Draw there = {};
  EXPECT_EQ(read(ends[0], there.data(), there.size()),
            static_cast<ssize_t>(sizeof(there)));
  EXPECT_NE(here, there);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(ends[0]);
  close(ends[1]);
}

// Makes getrandom(2) fail with ENOSYS in this process from now on, as an old
// kernel or the seccomp filter of a container does.
bool ForbidGetrandom() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getrandom, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter = {std::size(program), program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Exits with 0 if NewSystemEntropy fails as documented, and with 77 if this
// machine does not support seccomp filters.
[[noreturn]] void TryWithoutGetrandom() {
  if (!ForbidGetrandom()) _exit(77);
  absl::Status status = NewSystemEntropy().status();
  _exit(status == absl::UnimplementedError("entropy: getrandom failed: "
                                           "Function not implemented")
            ? 0
            : 1);
}

TEST(NewSystemEntropyDeathTest, RefusesAMachineWithoutGetrandom) {
  EXPECT_EXIT(
      TryWithoutGetrandom(),
      [](int status) {
        return ExitedWithCode(0)(status) || ExitedWithCode(77)(status);
      },
      "");
}

}  // namespace
}  // namespace proofmint::crypto
