// Tests the metrics of calls, admission, self-checks and reloads.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/service/metrics/metrics.h"
#include "tests/service/testing/metered_server.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/scrape.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::MeteredServer;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::ParseSamples;
using ::proofmint::testing::Samples;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::ValidRequest;

TEST(ServiceMetricsTest, CallsProofsAndErrorsAreCounted) {
  MeteredServer server;
  auto stub = server.NewStub();
  v1::SignProofResponse response;
  v1::SignProofRequest bad = ValidRequest();
  bad.set_nonce("no nonce");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        stub->SignProof(NewContext().get(), ValidRequest(), &response).ok());
  }
  ASSERT_FALSE(stub->SignProof(NewContext().get(), bad, &response).ok());
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < 70; ++i) *batch.add_requests() = ValidRequest();
  *batch.add_requests() = bad;
  v1::BatchSignProofsResponse results;
  ASSERT_TRUE(stub->BatchSignProofs(NewContext().get(), batch, &results).ok());

  Samples samples = ParseSamples(server.Scrape());
  auto calls = [&](const char* method, const char* code) {
    return samples[absl::StrCat(kCalls, "{method=\"", method, "\",code=\"",
                                code, "\"}")];
  };
  EXPECT_EQ(calls("SignProof", "OK"), 3);
  EXPECT_EQ(calls("SignProof", "INVALID_ARGUMENT"), 1);
  EXPECT_EQ(calls("BatchSignProofs", "OK"), 1);
  EXPECT_EQ(samples[kProofs], 73);
  EXPECT_EQ(samples[absl::StrCat(kErrors, "{reason=\"INVALID_NONCE\"}")], 2);
  EXPECT_EQ(samples[absl::StrCat(kErrors, "{reason=\"OVERLOADED\"}")], 0);
  EXPECT_EQ(samples[absl::StrCat(kQueueSeconds, "_count")], 5);
  EXPECT_EQ(samples[absl::StrCat(kQueueSeconds, "_bucket{le=\"+Inf\"}")], 5);
  EXPECT_GE(samples[absl::StrCat(kExecutionSeconds, "_count")], 6);
  EXPECT_GT(samples[absl::StrCat(kExecutionSeconds, "_sum")], 0);
  EXPECT_EQ(samples[kServing], 1);
  EXPECT_EQ(samples[kConnections], 1);
  EXPECT_EQ(samples[absl::StrCat(kSelfChecks, "{result=\"ok\"}")], 1);
  EXPECT_GE(samples[kMaxInFlightProofs], 1024);
}

TEST(ServiceMetricsTest, CountsOfOneKindHaveOneForm) {
  const std::vector<CallStats> calls(1);
  const ServingState state;
  const Admission admission({.max_in_flight = 256});
  UnreadAnswers unread_answers;
  const UnreadAnswers::Ticket answer = unread_answers.Add({}, 1000);
  ConnectionRecord connections;
  const ConnectionLimits connection_limits({}, connections);
  connections.Refused(ConnectionRefusal::kPenalty, "uid:7");
  connections.Closed(ConnectionClosure::kHeaderBlock, "uid:7");
  SelfCheckCounts self_checks;
  self_checks.ok = 3;
  self_checks.errors = 2;
  Reloader good("tls", [] { return true; });
  Reloader bad("kek_file", []() -> absl::StatusOr<bool> {
    return absl::InvalidArgumentError("kek_file: empty");
  });
  good.Run();
  bad.Run();
  auto metrics = NewServiceMetrics({.calls = calls,
                                    .state = state,
                                    .admission = admission,
                                    .unread_answers = unread_answers,
                                    .connections = connections,
                                    .connection_limits = connection_limits,
                                    .self_checks = self_checks,
                                    .reloaders = {&good, &bad},
                                    .audit_log = nullptr,
                                    .tls = nullptr});
  Samples samples =
      ParseSamples(prometheus::TextSerializer().Serialize(metrics->Collect()));
  auto value = [&](const char* name, const char* labels) {
    return samples[absl::StrCat(name, "{", labels, "}")];
  };
  EXPECT_EQ(samples[kUnreadAnswerBytes], 1000 + UnreadAnswers::kBytesPerCall);
  EXPECT_EQ(value(kSelfChecks, R"(result="ok")"), 3);
  EXPECT_EQ(value(kSelfChecks, R"(result="error")"), 2);
  EXPECT_EQ(value(kReloads, R"(what="tls",result="ok")"), 1);
  EXPECT_EQ(value(kReloads, R"(what="tls",result="error")"), 0);
  EXPECT_EQ(value(kReloads, R"(what="kek_file",result="ok")"), 0);
  EXPECT_EQ(value(kReloads, R"(what="kek_file",result="error")"), 1);
  EXPECT_EQ(value(kConnectionsRefused, R"(reason="penalty")"), 1);
  EXPECT_EQ(value(kConnectionsRefused, R"(reason="not_allowed")"), 0);
  EXPECT_EQ(value(kConnectionsClosed, R"(reason="header_block")"), 1);
  EXPECT_EQ(value(kConnectionsClosed, R"(reason="open_calls")"), 0);
}

// Proofs are not in flight any more once their responses have been sent.
TEST(ServiceMetricsTest, NothingStaysInFlight) {
  MeteredServer server;
  v1::SignProofResponse response;
  ASSERT_TRUE(server.NewStub()
                  ->SignProof(NewContext().get(), ValidRequest(), &response)
                  .ok());
  const absl::Time deadline = absl::Now() + kRpcLimit;
  double in_flight;
  do {
    in_flight = ParseSamples(server.Scrape())[kInFlightProofs];
  } while (in_flight != 0 && absl::Now() < deadline);
  EXPECT_EQ(in_flight, 0);
}

TEST(ServiceMetricsTest, ReloadsOfTheKekFileAreCounted) {
  TempDir directory;
  const std::string path = directory / "keks";
  auto write = [&](const std::string& text) {
    const std::string next = directory / "next";
    std::ofstream(next) << text;
    ASSERT_EQ(chmod(next.c_str(), 0600), 0);
    ASSERT_EQ(rename(next.c_str(), path.c_str()), 0);
  };
  write("proofmint-kek-v1:" + std::string(42, 'B') + "E");
  ServerOptions options;
  options.key_handles.kek_file = path;
  options.self_check_interval = absl::ZeroDuration();  // at each look
  MeteredServer server(options);
  auto reloads = [&](const char* result) {
    return ParseSamples(server.Scrape())[absl::StrCat(
        kReloads, "{what=\"kek_file\",result=\"", result, "\"}")];
  };
  EXPECT_EQ(reloads("ok"), 0);
  const absl::Time deadline = absl::Now() + kRpcLimit;
  write("proofmint-kek-v1:" + std::string(42, 'C') + "E");
  while (reloads("ok") == 0 && absl::Now() < deadline) {
  }
  EXPECT_EQ(reloads("ok"), 1);
  EXPECT_EQ(reloads("error"), 0);
  write("no key");
  while (reloads("error") == 0 && absl::Now() < deadline) {
  }
  // The error is counted once, however often the file is read.
  const std::string looks = absl::StrCat(kSelfChecks, "{result=\"ok\"}");
  const double looks_before = ParseSamples(server.Scrape())[looks];
  while (ParseSamples(server.Scrape())[looks] < looks_before + 2 &&
         absl::Now() < deadline) {
  }
  EXPECT_EQ(reloads("error"), 1);
  EXPECT_EQ(reloads("ok"), 1);
}

}  // namespace
}  // namespace proofmint::service
