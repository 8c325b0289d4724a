#include "bench/cost/flags.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tests/testing/parse_words.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::cost {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::ParseWords;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;

// Returns the options of a command line, or INVALID_ARGUMENT, also if CLI11
// refuses it.
absl::StatusOr<Options> Parse(const std::vector<std::string>& arguments) {
  CLI::App app;
  Flags flags;
  flags.AddTo(app);
  const absl::Status parsed = ParseWords(app, arguments);
  return parsed.ok() ? flags.ToOptions() : parsed;
}

TEST(FlagsTest, ReadsAnOpenLoopInProcess) {
  absl::StatusOr<Options> options = Parse({"--way=openssl", "--rate=8000"});
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->way, "openssl");
  EXPECT_EQ(options->load.rate, 8000);
  EXPECT_EQ(options->load.in_flight, 0);
  EXPECT_EQ(options->load.duration, absl::Seconds(2));
  EXPECT_EQ(options->load.warmup, absl::Milliseconds(500));
  EXPECT_EQ(options->load.seed, 1u);
  EXPECT_EQ(options->target, "");
  EXPECT_EQ(options->signer_pid, 0);
}

TEST(FlagsTest, ReadsAClosedLoopWithASigner) {
  absl::StatusOr<Options> options =
      Parse({"--way=batch_stub", "--in_flight=256", "--target=unix:/s",
             "--signer_pid=5", "--seconds=1.5", "--warmup=0", "--seed=3"});
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->load.rate, 0);
  EXPECT_EQ(options->load.in_flight, 256);
  EXPECT_EQ(options->load.duration, absl::Milliseconds(1500));
  EXPECT_EQ(options->load.warmup, absl::ZeroDuration());
  EXPECT_EQ(options->load.seed, 3u);
  EXPECT_EQ(options->target, "unix:/s");
  EXPECT_EQ(options->signer_pid, 5);
}

TEST(FlagsTest, RefusesNonsense) {
  const std::vector<std::string> signer = {"--target=unix:/s",
                                           "--signer_pid=5"};
  const struct {
    std::vector<std::string> flags;
    std::string message;
  } kRefused[] = {
      {{}, "--way"},
      {{"--way=gnutls", "--rate=1"}, "gnutls"},
      {{"--way=openssl"}, "got neither --rate nor --in_flight"},
      {{"--way=openssl", "--rate=1", "--in_flight=1"}, "excludes"},
      {{"--way=openssl", "--rate=0"}, "got 0, want a number from 1"},
      {{"--way=openssl", "--rate=nan"}, "got nan, want a number from 1"},
      {{"--way=openssl", "--rate=1e9"}, "got 1e9, want a number from 1"},
      {{"--way=openssl", "--in_flight=0"}, "in_flight"},
      {{"--way=openssl", "--in_flight=5000"}, "in_flight"},
      {{"--way=openssl", "--rate=1", "--seconds=0"}, "got 0, want a number"},
      {{"--way=openssl", "--rate=1", "--seconds=3600"}, "got 3600, want"},
      {{"--way=openssl", "--rate=1", "--warmup=-1"}, "got -1, want a number"},
      {{"--way=openssl", "--rate=1", "--seed=-1"}, "seed"},
      {{"--way=openssl", "--rate=1", "--signer_pid=0"}, "signer_pid"},
      {{"--way=openssl", "--rate=1", "--target=unix:/s"},
       "got openssl, want neither --target nor --signer_pid"},
      {{"--way=unary_stub", "--rate=1"},
       "got unary_stub, want --target and --signer_pid"},
      {{"--way=unary_stub", "--rate=1", "--target=unix:/s"},
       "got unary_stub, want --target and --signer_pid"},
      {{"--way=batch_stub", "--in_flight=63", signer[0], signer[1]},
       "--in_flight: got 63, want at least one batch of 64"},
  };
  for (const auto& refused : kRefused) {
    EXPECT_THAT(Parse(refused.flags),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(refused.message)));
  }
}

}  // namespace
}  // namespace proofmint::cost
