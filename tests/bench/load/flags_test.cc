#include "bench/load/flags.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "tests/testing/parse_words.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::load {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::ParseWords;
using ::proofmint::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
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

absl::StatusOr<Options> ParseWith(const std::string& flag) {
  return Parse({"--target=unix:/s", flag});
}

TEST(FlagsTest, HasDefaults) {
  absl::StatusOr<Options> options = Parse({"--target=unix:/run/s.sock"});
  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(options->targets, ElementsAre("unix:/run/s.sock"));
  EXPECT_EQ(options->rate, 0);
  EXPECT_EQ(options->batch, 1);
  EXPECT_EQ(options->verify, 0.01);
  EXPECT_EQ(options->max_attempts, 1);
  EXPECT_EQ(options->timeout, absl::Seconds(5));
  EXPECT_EQ(options->duration, absl::Seconds(10));
  EXPECT_FALSE(options->sweep.has_value());
  EXPECT_FALSE(options->tls.enabled());
  ASSERT_EQ(options->algorithms.size(), 1u);
  EXPECT_EQ(options->algorithms[0].algorithm, dpop::Algorithm::kEs256);
}

TEST(FlagsTest, ReadsEveryFlag) {
  absl::StatusOr<Options> options =
      Parse({"--target=unix:/a,127.0.0.1:5",
             "--target",
             "localhost:6",
             "--rate=12.5",
             "--concurrency=7",
             "--batch=16",
             "--connections=3",
             "--duration=1m30s",
             "--warmup=0",
             "--algorithm=ES256:9,Ed25519:1",
             "--nonce=n-1",
             "--verify=0.5",
             "--tls_ca=/dev/null",
             "--tls_certificate=/dev/null",
             "--tls_key=/dev/null",
             "--tls_server_name=signer",
             "--metrics=http://127.0.0.1:9/metrics",
             "--json=j",
             "--html=h",
             "--hgrm=g",
             "--seed=18446744073709551615",
             "--max_attempts=3",
             "--timeout=250ms"});
  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(options->targets,
              ElementsAre("unix:/a", "127.0.0.1:5", "localhost:6"));
  EXPECT_EQ(options->rate, 12.5);
  EXPECT_EQ(options->concurrency, 7);
  EXPECT_EQ(options->batch, 16);
  EXPECT_EQ(options->connections, 3);
  EXPECT_EQ(options->duration, absl::Seconds(90));
  EXPECT_EQ(options->warmup, absl::ZeroDuration());
  ASSERT_EQ(options->algorithms.size(), 2u);
  EXPECT_EQ(options->algorithms[0].weight, 9);
  EXPECT_EQ(options->algorithms[1].algorithm, dpop::Algorithm::kEd25519);
  EXPECT_EQ(options->algorithms[1].weight, 1);
  EXPECT_EQ(options->nonce, "n-1");
  EXPECT_EQ(options->verify, 0.5);
  EXPECT_TRUE(options->tls.enabled());
  EXPECT_EQ(options->tls.server_name, "signer");
  EXPECT_EQ(options->metrics_url, "http://127.0.0.1:9/metrics");
  EXPECT_EQ(options->json_file, "j");
  EXPECT_EQ(options->html_file, "h");
  EXPECT_EQ(options->hgrm_file, "g");
  EXPECT_EQ(options->seed, UINT64_MAX);
  EXPECT_EQ(options->max_attempts, 3);
  EXPECT_EQ(options->timeout, absl::Milliseconds(250));
}

TEST(FlagsTest, RefusesInvalidFlagsAndNamesThem) {
  for (const char* flag : {"--rate=-1",
                           "--rate=nan",
                           "--rate=fast",
                           "--concurrency=0",
                           "--batch=0",
                           "--batch=257",
                           "--connections=0",
                           "--duration=10",
                           "--duration=0s",
                           "--duration=inf",
                           "--warmup=-1s",
                           "--timeout=0s",
                           "--algorithm=RS256",
                           "--algorithm=ES256:0",
                           "--algorithm=ES256:99,EdDSA:2",
                           "--algorithm=ES256,ES256",
                           "--algorithm=",
                           "--verify=1.1",
                           "--verify=-0.1",
                           "--sweep=1:2",
                           "--sweep=0:2:3",
                           "--sweep=3:2:2",
                           "--sweep=1:2:0",
                           "--sweep=1:inf:2",
                           "--tls_certificate=/dev/null",
                           "--tls_server_name=x",
                           "--tls_ca=/no/such/file",
                           "--max_attempts=0",
                           "--seed=-1"}) {
    const std::string name = std::string(flag).substr(2);
    EXPECT_THAT(ParseWith(flag),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(name.substr(0, name.find('=')))))
        << flag;
  }
  EXPECT_FALSE(ParseWith("--no_such_flag").ok());
  EXPECT_FALSE(Parse({}).ok());
  EXPECT_FALSE(Parse({"--target=unix:/s", "--rate=5", "--sweep=1:2:2"}).ok());
  EXPECT_THAT(Parse({"--target=unix:/a,unix:/b", "--connections=1"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--connections: got 1, want")));
}

TEST(FlagsTest, RefusesRemoteTargetsUnlessAllowed) {
  for (const char* target : {"unix:/s", "127.0.0.1:1", "127.9.9.9:65535",
                             "[::1]:1", "localhost:1"}) {
    EXPECT_THAT(Parse({"--target", target}), IsOk()) << target;
  }
  for (const char* target :
       {"example.com:443", "10.0.0.1:443", "0.0.0.0:1", "[::]:1",
        "localhost.example.com:1", "[fe80::1]:1"}) {
    EXPECT_THAT(
        Parse({"--target", target}),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 AllOf(HasSubstr(target), HasSubstr("--allow_remote"))));
    EXPECT_THAT(Parse({"--target", target, "--allow_remote"}), IsOk());
  }
  // These are no addresses.
  for (const char* target : {"unix:", "localhost", "localhost:", "localhost:0",
                             "localhost:65536", ":1", "dns:///x", ""}) {
    EXPECT_FALSE(Parse({"--target", target, "--allow_remote"}).ok()) << target;
  }
}

TEST(SweepTest, StepsAreEvenlySpacedAndReachBothEnds) {
  absl::StatusOr<Sweep> sweep = ParseSweep("1000:3000:5");
  ASSERT_THAT(sweep, IsOk());
  EXPECT_EQ(sweep->Rate(0), 1000);
  EXPECT_EQ(sweep->Rate(1), 1500);
  EXPECT_EQ(sweep->Rate(4), 3000);
  EXPECT_EQ(ParseSweep("500:900:1")->Rate(0), 500);
}

}  // namespace
}  // namespace proofmint::load
