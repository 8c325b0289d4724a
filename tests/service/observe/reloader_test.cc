#include "signer/service/observe/reloader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/service/testing/log_lines.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::LinesOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReloaderTest : public ::testing::Test {
 protected:
  // Runs the reloader, whose reload returns `result`. Returns the log lines.
  std::vector<std::string> Run(absl::StatusOr<bool> result) {
    result_ = std::move(result);
    return LinesOf([this] { reloader_.Run(); });
  }

  absl::StatusOr<bool> result_ = false;
  Reloader reloader_{"kek_file", [this] { return result_; }};
};

TEST_F(ReloaderTest, ReportsNothingWhileNothingChanges) {
  EXPECT_THAT(Run(false), IsEmpty());
  EXPECT_THAT(Run(false), IsEmpty());
  EXPECT_EQ(reloader_.reloads(), 0u);
  EXPECT_EQ(reloader_.errors(), 0u);
}

TEST_F(ReloaderTest, ReportsEachReload) {
  for (uint64_t reloads : {1u, 2u}) {
    std::vector<std::string> lines = Run(true);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_THAT(lines[0], HasSubstr(R"("level":"info","message":"reloaded",)"
                                    R"("what":"kek_file"})"));
    EXPECT_EQ(reloader_.reloads(), reloads);
  }
  EXPECT_EQ(reloader_.errors(), 0u);
}

TEST_F(ReloaderTest, ReportsAnErrorOnceUntilSomethingElseHappens) {
  const absl::Status first = absl::InvalidArgumentError("kek_file: first");
  const absl::Status second = absl::InvalidArgumentError("kek_file: second");
  std::vector<std::string> lines = Run(first);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], HasSubstr(R"("level":"error")"));
  EXPECT_THAT(lines[0],
              HasSubstr(R"("message":"not reloaded; the old contents )"
                        R"(stay in use","what":"kek_file",)"
                        R"("error":"kek_file: first"})"));
  EXPECT_THAT(Run(first), IsEmpty());
  EXPECT_EQ(reloader_.errors(), 1u);
  EXPECT_EQ(Run(second).size(), 1u);
  EXPECT_THAT(Run(second), IsEmpty());
  EXPECT_EQ(reloader_.errors(), 2u);
  EXPECT_THAT(Run(false), IsEmpty());
  EXPECT_EQ(Run(second).size(), 1u);
  EXPECT_EQ(reloader_.errors(), 3u);
  EXPECT_EQ(reloader_.reloads(), 0u);
}

// Handshakes and the periodic tasks may reload at the same time.
TEST(ReloaderThreadsTest, ReloadsOnOneThreadAtATime) {
  std::atomic<int> running = 0;
  std::atomic<int> overlaps = 0;
  Reloader reloader("tls", [&] {
    if (running.fetch_add(1) != 0) ++overlaps;
    std::this_thread::yield();
    running.fetch_sub(1);
    return false;
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&reloader] {
      for (int j = 0; j < 1000; ++j) reloader.Run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(overlaps, 0);
}

}  // namespace
}  // namespace proofmint::service
