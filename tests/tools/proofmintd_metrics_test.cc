// Tests the daemon's metrics together with its flags and its log.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/scrape.h"
#include "tests/tools/process.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::ConnectTcp;
using ::proofmint::testing::Daemon;
using ::proofmint::testing::IsHealthy;
using ::proofmint::testing::KeysTaken;
using ::proofmint::testing::ParseSamples;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::proofmint::testing::Samples;
using ::proofmint::testing::Scrape;
using ::proofmint::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kAnyPort[] = "--metrics_listen=127.0.0.1:0";

TEST(ProofmintdMetricsTest, AreOffUnlessAskedFor) {
  Daemon daemon;
  EXPECT_EQ(daemon.metrics_address(), "");
  EXPECT_THAT(daemon.process().Error(), Not(HasSubstr("metrics")));
}

TEST(ProofmintdMetricsTest, TellWhenTheDaemonStartedAndWhatItSpent) {
  const double before = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  Daemon daemon({kAnyPort});
  const double after = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  Samples samples = ParseSamples(Scrape(daemon.metrics_address()));
  // The kernel counts CPU time in hundredths of a second.
  EXPECT_GE(samples["process_start_time_seconds"], before - 0.1);
  EXPECT_LE(samples["process_start_time_seconds"], after + 0.1);
  EXPECT_GT(samples["process_cpu_seconds_total"], 0);
  const Samples later = ParseSamples(Scrape(daemon.metrics_address()));
  EXPECT_EQ(later.at("process_start_time_seconds"),
            samples["process_start_time_seconds"]);
  EXPECT_GE(later.at("process_cpu_seconds_total"),
            samples["process_cpu_seconds_total"]);
}

TEST(ProofmintdMetricsTest, CountTheProofs) {
  Daemon daemon({kAnyPort});
  double wanted = 0;
  for (int count : {1, 70, 200}) {
    Result proofs = RunProgram(
        {PROOFMINT, "sign", "--target=" + daemon.target(),
         "--htu=https://idp.example/token", absl::StrCat("--count=", count)});
    ASSERT_EQ(proofs.exit_code, 0) << proofs.error;
    wanted += count;
    Samples samples = ParseSamples(Scrape(daemon.metrics_address()));
    EXPECT_EQ(samples["proofmint_proofs_total"], wanted);
    // The daemon's self-checks take keys, too.
    EXPECT_GT(KeysTaken(samples, R"(algorithm="ES256")"), wanted);
  }
}

TEST(ProofmintdMetricsTest, TheAddressThatCannotBeHadIsNamed) {
  Daemon first({kAnyPort});
  for (const std::string& address :
       {first.metrics_address(), std::string("0.0.0.0:9464"),
        std::string("192.0.2.1:9464"), std::string("[::1]:9464"),
        std::string("127.0.0.1:65536"), std::string("localhost:9464"),
        std::string("9464"), std::string("unix:/tmp/x")}) {
    TempDir directory;
    Result second =
        RunProgram({PROOFMINTD, "--listen=unix:" + (directory / "s"),
                    "--metrics_listen=" + address});
    EXPECT_EQ(second.exit_code, 1) << address;
    EXPECT_THAT(second.error,
                AllOf(HasSubstr("metrics_listen: got "), HasSubstr(address)));
  }
  EXPECT_NE(Scrape(first.metrics_address()), "");
}

TEST(ProofmintdMetricsTest, ASilentClientDoesNotKeepTheDaemonFromStopping) {
  Daemon daemon({kAnyPort});
  auto silent = ConnectTcp(daemon.metrics_address());
  ASSERT_TRUE(silent.valid());
  ASSERT_TRUE(IsHealthy(daemon.target()));
  const absl::Time start = absl::Now();
  daemon.process().Signal(SIGTERM);
  EXPECT_EQ(daemon.process().Wait(), 0);
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
}

}  // namespace
}  // namespace proofmint::tools
