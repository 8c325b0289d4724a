// Tests proofmint-cost and proofmint-arrivals as the script runs them.

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/load/arrival_schedule.h"
#include "tests/bench/load/fake_signer.h"
#include "tests/tools/process.h"

namespace proofmint::cost {
namespace {

using ::proofmint::testing::Daemon;
using ::proofmint::testing::FakeSigner;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result Cost(std::vector<std::string> flags) {
  flags.insert(flags.begin(), PROOFMINT_COST);
  flags.insert(flags.end(), {"--seconds=0.3", "--warmup=0.1"});
  return RunProgram(flags);
}

std::vector<std::string> MembersOf(const nlohmann::ordered_json& json) {
  std::vector<std::string> names;
  for (const auto& [name, value] : json.items()) names.push_back(name);
  return names;
}

TEST(ProgramTest, MeasuresBothSidesOfASigner) {
  Daemon daemon;
  const Result result =
      Cost({"--way=unary_stub", "--rate=300", "--target=" + daemon.target(),
            absl::StrCat("--signer_pid=", daemon.process().pid())});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const auto json = nlohmann::ordered_json::parse(result.output);
  EXPECT_THAT(MembersOf(json),
              ElementsAre("machine", "way", "rate", "proofs_per_second",
                          "kept_up", "broker_us", "signer_us", "p50_us",
                          "p99_us", "failed", "verified", "wrong"));
  EXPECT_EQ(json["way"], "unary_stub");
  EXPECT_EQ(json["rate"], 300);
  EXPECT_GT(json["broker_us"], 0);
  EXPECT_GT(json["signer_us"], 0);
  EXPECT_GT(json["p50_us"], 0);
  EXPECT_GE(json["p99_us"], json["p50_us"]);
  EXPECT_GT(json["verified"], 0);
  EXPECT_EQ(json["wrong"], 0);
}

TEST(ProgramTest, AClosedLoopInProcessNeedsNoSigner) {
  const Result result = Cost({"--way=boringssl", "--in_flight=4"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_EQ(json["in_flight"], 4);
  EXPECT_FALSE(json.contains("rate"));
  EXPECT_TRUE(json["kept_up"]);
  EXPECT_EQ(json["signer_us"], 0);
  EXPECT_GT(json["verified"], 0);
}

TEST(ProgramTest, AWrongProofIsFound) {
  FakeSigner server({.spoil = [](int, v1::SignProofResponse& response) {
    response.set_iat(response.iat() + 1);
  }});
  const Result result =
      Cost({"--way=unary_stub", "--rate=100", "--target=" + server.target(),
            absl::StrCat("--signer_pid=", getpid())});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("error: a proof is wrong: iat"));
  EXPECT_GT(nlohmann::json::parse(result.output)["wrong"], 0);
}

TEST(ProgramTest, ACallThatFailsIsReported) {
  FakeSigner server({.before = [](int) {
    return grpc::Status(grpc::StatusCode::INTERNAL, "out of order");
  }});
  const Result result =
      Cost({"--way=unary_stub", "--rate=100", "--target=" + server.target(),
            absl::StrCat("--signer_pid=", getpid())});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("INTERNAL: out of order"));
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_GT(json["failed"], 0);
  EXPECT_TRUE(json["broker_us"].is_null());
  EXPECT_TRUE(json["p99_us"].is_null());
}

TEST(ProgramTest, ASignerThatDoesNotRunIsRefused) {
  const Result result =
      Cost({"--way=unary_stub", "--rate=100", "--target=unix:/none",
            absl::StrCat("--signer_pid=", 1 << 30)});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("want the number of a running process"));
  EXPECT_EQ(result.output, "");
}

TEST(ProgramTest, WrongFlagsAreRefused) {
  EXPECT_EQ(Cost({"--way=unary_stub", "--rate=100"}).exit_code, 2);
  EXPECT_NE(Cost({"--way=openssl", "--rate=fast"}).exit_code, 0);
}

TEST(ArrivalsTest, WritesEachArrivalOfItsSeed) {
  const Result result = RunProgram(
      {PROOFMINT_ARRIVALS, "--rate=1000", "--seconds=0.2", "--seed=5"});
  EXPECT_EQ(result.exit_code, 0) << result.error;
  ASSERT_EQ(result.output.size() % sizeof(double), 0u);
  std::vector<double> times(result.output.size() / sizeof(double));
  std::memcpy(times.data(), result.output.data(), result.output.size());
  ASSERT_GT(times.size(), 2u);
  load::ArrivalSchedule schedule(0, 1000, 5);
  const int64_t first = schedule.Next();
  for (size_t i = 1; i < times.size(); ++i) {
    EXPECT_EQ(times[i] - times[0],
              static_cast<double>(schedule.Next() - first));
  }
}

TEST(ArrivalsTest, WrongFlagsAreRefused) {
  EXPECT_NE(RunProgram({PROOFMINT_ARRIVALS, "--rate=1000"}).exit_code, 0);
  EXPECT_NE(
      RunProgram({PROOFMINT_ARRIVALS, "--rate=0", "--seconds=1"}).exit_code, 0);
  EXPECT_NE(
      RunProgram({PROOFMINT_ARRIVALS, "--rate=1", "--seconds=1e9"}).exit_code,
      0);
}

}  // namespace
}  // namespace proofmint::cost
