#include "signer/service/observe/line_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "signer/base/unique_fd.h"

namespace proofmint::service {
namespace {

using ::testing::Each;
using ::testing::StartsWith;

// Logs into a pipe.
class LineSinkTest : public ::testing::Test {
 protected:
  LineSinkTest() {
    std::signal(SIGPIPE, SIG_IGN);  // as the daemon does
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader_ = base::UniqueFd(ends[0]);
    writer_ = base::UniqueFd(ends[1]);
  }

  void MakeLogger(absl::Duration patience) {
    sink_ = std::make_shared<LineSink>(writer_.get(), patience);
    logger_ = std::make_unique<spdlog::logger>("test", sink_);
    logger_->set_pattern("%v");
  }

  std::string Read() {
    std::string text(1 << 20, '\0');
    const ssize_t size = read(reader_.get(), text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<size_t>(size));
    return text;
  }

  base::UniqueFd reader_;
  base::UniqueFd writer_;
  std::shared_ptr<LineSink> sink_;
  std::unique_ptr<spdlog::logger> logger_;
};

TEST_F(LineSinkTest, WritesLines) {
  MakeLogger(absl::ZeroDuration());
  logger_->info("one");
  logger_->info("two");
  EXPECT_EQ(Read(), "one\ntwo\n");
  EXPECT_EQ(sink_->dropped(), 0u);
}

// Logging goes on, however long the reader does not read.
TEST_F(LineSinkTest, NeverWaitsForAReaderThatDoesNotRead) {
  MakeLogger(absl::Milliseconds(50));
  const std::string line = "line " + std::string(995, 'x');
  const absl::Time start = absl::Now();
  for (int i = 0; i < 2000; ++i) logger_->info(line);
  // It waits once, and not for each of more than a thousand lines.
  EXPECT_LT(absl::Now() - start, absl::Seconds(20));
  EXPECT_GT(sink_->dropped(), 1000u);
}

// A long line that was cut short does not swallow the next.
TEST_F(LineSinkTest, BeginsAnewWhenTheReaderReadsAgain) {
  MakeLogger(absl::ZeroDuration());
  const std::string line = "line " + std::string(9'000, 'x');
  for (int i = 0; i < 20; ++i) logger_->info(line);
  ASSERT_GT(sink_->dropped(), 0u);
  std::string text = Read();
  const uint64_t dropped = sink_->dropped();
  logger_->info("line after");
  EXPECT_EQ(sink_->dropped(), dropped);
  text += Read();
  std::vector<std::string> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.back(), "line after");
  EXPECT_THAT(lines, Each(StartsWith("line ")));
}

TEST_F(LineSinkTest, CountsLinesThatCannotBeRead) {
  MakeLogger(absl::ZeroDuration());
  reader_ = base::UniqueFd();
  logger_->info("lost");
  EXPECT_EQ(sink_->dropped(), 1u);
}

}  // namespace
}  // namespace proofmint::service
