#include "bench/load/report.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "bench/load/clock.h"

namespace proofmint::load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kMs = kNanosecondsPerMillisecond;

// Returns a run in which `ok` of 1000 due calls were answered after `latency`,
// and the others never.
RunResult RunOf(double rate, int64_t ok, int64_t latency) {
  RunResult run;
  run.target_rate = rate;
  run.seconds = 1;
  run.measured.sent = 1000;
  run.measured.ok = ok;
  run.measured.ok_in_time = ok;
  for (int i = 0; i < 1000; ++i) {
    run.measured.corrected.Record(latency);
    run.measured.uncorrected.Record(latency / 2);
  }
  return run;
}

class ReportTest : public ::testing::Test {
 protected:
  std::vector<std::string> Keys(const nlohmann::ordered_json& json) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : json.items()) keys.push_back(key);
    return keys;
  }

  Options options_;
  std::optional<ServerDescription> server_ = ServerDescription{"1.2", "avx2"};
  RunResult run_ = RunOf(1000, 1000, 3 * kMs);
};

TEST_F(ReportTest, JsonHasTheDocumentedMembers) {
  run_.measured.timeline = {
      {.sent = 600, .ok = 590, .errors = 0, .p50 = kMs, .p99 = 2 * kMs},
      {.sent = 400, .ok = 410}};
  run_.resident_bytes = {int64_t{5000}};
  run_.server_memory = {4000, 5000, 6000};
  run_.server_cpu_us_per_proof = 12.34567;
  run_.verified.verified = 10;
  options_.targets = {"unix:/s"};
  options_.algorithms = {{dpop::Algorithm::kEs256, 9},
                         {dpop::Algorithm::kEd25519, 1}};
  nlohmann::ordered_json json = ToJson({options_, server_, run_, nullptr});
  EXPECT_THAT(
      Keys(json),
      ElementsAre("target_rate", "achieved_rate", "sent", "ok", "late_sends",
                  "errors", "retries", "latency_us", "uncorrected_latency_us",
                  "server_cpu_us_per_proof", "client_cpu_us_per_proof",
                  "server_resident_bytes", "verified", "verify_failures",
                  "config", "machine", "interrupted", "timeline", "percentiles",
                  "uncorrected_percentiles", "sweep"));
  EXPECT_THAT(Keys(json["latency_us"]),
              ElementsAre("p50", "p90", "p99", "p999", "p9999", "max", "mean"));
  EXPECT_NEAR(json["latency_us"]["p99"], 3000, 3);
  EXPECT_EQ(json["latency_us"]["max"], 3000);
  EXPECT_EQ(json["uncorrected_latency_us"]["max"], 1500);
  EXPECT_EQ(json["server_cpu_us_per_proof"], 12.346);
  EXPECT_TRUE(json["client_cpu_us_per_proof"].is_null());
  EXPECT_TRUE(json["errors"].is_object());
  EXPECT_EQ(json["server_resident_bytes"].dump(),
            R"({"first":4000,"last":5000,"max":6000})");
  EXPECT_EQ(json["verified"], 10);
  EXPECT_EQ(json["config"]["algorithms"].dump(), R"({"ES256":9,"Ed25519":1})");
  EXPECT_EQ(json["config"]["server"]["kernel"], "avx2");
  EXPECT_EQ(json["config"]["tls"], false);
  EXPECT_EQ(json["timeline"][0].dump(),
            R"({"second":0,"sent":600,"ok":590,"errors":0,"p50_us":1000.0,)"
            R"("p99_us":2000.0,"server_resident_bytes":5000})");
  EXPECT_TRUE(json["timeline"][1]["server_resident_bytes"].is_null());
  EXPECT_EQ(json["percentiles"][0][0], 0);
  EXPECT_EQ(json["percentiles"].back().dump(), "[100.0,3000.0]");
  EXPECT_TRUE(json["sweep"].is_null());
  EXPECT_THAT(Keys(json["machine"]),
              ElementsAre("cpu", "cores", "linux", "memory_bytes", "governor",
                          "proofmint_version", "compiler"));
}

TEST_F(ReportTest, WhatIsNotKnownIsNull) {
  server_.reset();
  nlohmann::ordered_json json = ToJson({options_, server_, run_, nullptr});
  EXPECT_TRUE(json["config"]["server"].is_null());
  EXPECT_TRUE(json["server_resident_bytes"].is_null());
  EXPECT_TRUE(json["server_cpu_us_per_proof"].is_null());
}

TEST_F(ReportTest, TheKneeIsTheLastStepBeforeTheFirstThatFallsBehind) {
  SweepResult sweep;
  for (double rate : {1000.0, 2000.0}) {
    sweep.steps.push_back(RunOf(rate, 1000, kMs));
  }
  sweep.steps.push_back(RunOf(3000, 979, kMs));   // too few answered
  sweep.steps.push_back(RunOf(4000, 1000, kMs));  // by chance
  EXPECT_EQ(sweep.knee(), &sweep.steps[1]);
  EXPECT_TRUE(RunOf(1, 980, kMs).keeps_up());
  EXPECT_TRUE(RunOf(1, 1000, 19 * kMs).keeps_up());
  EXPECT_FALSE(RunOf(1, 1000, 21 * kMs).keeps_up());
  RunResult failed = RunOf(1, 999, kMs);
  failed.measured.errors = {{"OVERLOADED", 1}};
  EXPECT_FALSE(failed.keeps_up());
  EXPECT_FALSE(RunResult().keeps_up());

  nlohmann::ordered_json json =
      ToJson({options_, server_, *sweep.knee(), &sweep});
  EXPECT_EQ(json["target_rate"], 2000);
  EXPECT_EQ(json["sweep"]["knee_rate"], 2000);
  EXPECT_EQ(json["sweep"]["steps"].size(), 4u);
  EXPECT_THAT(Keys(json["sweep"]["steps"][2]),
              ElementsAre("target_rate", "achieved_rate", "ok", "errors",
                          "latency_us", "uncorrected_latency_us",
                          "server_cpu_us_per_proof", "keeps_up"));
  EXPECT_EQ(json["sweep"]["steps"][2]["keeps_up"], false);
  EXPECT_THAT(ToTable({options_, server_, *sweep.knee(), &sweep}),
              HasSubstr("<- knee"));

  SweepResult hopeless;
  hopeless.steps.push_back(RunOf(1000, 0, kMs));
  EXPECT_EQ(hopeless.knee(), nullptr);
  json = ToJson({options_, server_, hopeless.steps[0], &hopeless});
  EXPECT_TRUE(json["sweep"]["knee_rate"].is_null());
  EXPECT_THAT(ToTable({options_, server_, hopeless.steps[0], &hopeless}),
              HasSubstr("no knee"));
}

TEST_F(ReportTest, TheTableShowsErrorsByReason) {
  run_.measured.errors = {{"OVERLOADED", 17}};
  run_.interrupted = true;
  std::string table = ToTable({options_, server_, run_, nullptr});
  EXPECT_THAT(table, HasSubstr("OVERLOADED                     17\n"));
  EXPECT_THAT(table, HasSubstr("interrupted"));
}

TEST_F(ReportTest, ThePageHoldsTheReport) {
  options_.nonce = "</script><!--<script>";
  std::string page = ToHtml(ToJson({options_, server_, run_, nullptr}));
  EXPECT_THAT(page, Not(HasSubstr("@REPORT@")));
  const std::string open = R"(<script type="application/json" id="report">)";
  const size_t begin = page.find(open) + open.size();
  const std::string text =
      page.substr(begin, page.find("</script>", begin) - begin);
  EXPECT_THAT(text, Not(HasSubstr("<!--")));
  auto suite = nlohmann::ordered_json::parse(text);
  EXPECT_THAT(Keys(suite), ElementsAre("title", "machine", "runs"));
  ASSERT_EQ(suite["runs"].size(), 1u);
  EXPECT_EQ(suite["runs"][0]["name"], "1000 proofs/s");
  EXPECT_EQ(suite["runs"][0]["config"]["nonce"], "</script><!--<script>");
}

}  // namespace
}  // namespace proofmint::load
