// Tests proofmint-load as a person or a script uses it.

#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "tests/bench/load/fake_metrics.h"
#include "tests/bench/load/fake_signer.h"
#include "tests/testing/certificates.h"
#include "tests/testing/temp_dir.h"
#include "tests/tools/process.h"

namespace proofmint::load {
namespace {

using ::proofmint::testing::Certificates;
using ::proofmint::testing::Daemon;
using ::proofmint::testing::ErrorStatus;
using ::proofmint::testing::FakeMetrics;
using ::proofmint::testing::FakeSigner;
using ::proofmint::testing::Process;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::proofmint::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ProgramTest : public ::testing::Test {
 protected:
  // Makes a short run, unless `flags` change that.
  std::vector<std::string> Command(const std::string& target,
                                   const std::vector<std::string>& flags) {
    std::vector<std::string> command = {PROOFMINT_LOAD, "--target=" + target,
                                        "--json=" + json_path_};
    for (const char* name : {"--warmup=", "--duration="}) {
      if (absl::StrContains(absl::StrJoin(flags, " "), name)) continue;
      command.push_back(std::string(name) + "500ms");
    }
    command.insert(command.end(), flags.begin(), flags.end());
    return command;
  }
  Result Load(const std::string& target,
              const std::vector<std::string>& flags) {
    return RunProgram(Command(target, flags));
  }

  std::string Read(const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  nlohmann::json Report() {
    return nlohmann::json::parse(Read(json_path_), nullptr,
                                 /*allow_exceptions=*/false);
  }

  TempDir directory_;
  const std::string json_path_ = directory_ / "report.json";
};

TEST_F(ProgramTest, OpenLoopAgainstTheDaemon) {
  Daemon daemon;
  const std::string html = directory_ / "report.html";
  const std::string hgrm = directory_ / "report.hgrm";
  Result result = Load(daemon.target() + "," + daemon.tcp_target(),
                       {"--rate=200", "--duration=1500ms", "--verify=1",
                        "--algorithm=ES256:2,Ed25519:1,EdDSA:1", "--nonce=n-1",
                        "--html=" + html, "--hgrm=" + hgrm, "--seed=7"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_THAT(result.error, HasSubstr("   1 s "));
  EXPECT_THAT(result.output, HasSubstr("rate due         200.0 proofs/s"));
  nlohmann::json report = Report();
  ASSERT_TRUE(report.is_object());
  EXPECT_EQ(report["target_rate"], 200);
  EXPECT_NEAR(report["achieved_rate"], 200, 80);
  EXPECT_GT(report["ok"], 0);
  EXPECT_EQ(report["ok"], report["sent"]);
  EXPECT_EQ(report["verified"], report["ok"]);
  EXPECT_EQ(report["verify_failures"], 0);
  EXPECT_EQ(report["errors"].size(), 0u);
  EXPECT_GT(report["latency_us"]["p50"], 0);
  EXPECT_GE(report["latency_us"]["p99"], report["latency_us"]["p50"]);
  EXPECT_GT(report["client_cpu_us_per_proof"], 0);
  EXPECT_EQ(report["config"]["targets"].size(), 2u);
  EXPECT_EQ(report["config"]["seed"], 7);
  EXPECT_NE(report["config"]["server"]["version"], "");
  EXPECT_EQ(report["interrupted"], false);
  EXPECT_EQ(report["timeline"].size(), 2u);
  EXPECT_THAT(Read(html), HasSubstr("\"runs\":[{\"name\":\"200 proofs/s\""));
  EXPECT_THAT(Read(hgrm), StartsWith("       Value     Percentile"));
}

TEST_F(ProgramTest, ClosedLoopOfBatches) {
  Daemon daemon;
  Result result = Load(daemon.target(), {"--batch=16", "--concurrency=4",
                                         "--algorithm=Ed25519"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  nlohmann::json report = Report();
  EXPECT_EQ(report["target_rate"], 0);
  EXPECT_GT(report["ok"], 0);
  EXPECT_EQ(int{report["ok"]} % 16, 0);
  EXPECT_EQ(report["config"]["algorithms"]["Ed25519"], 1);
}

TEST_F(ProgramTest, SweepsUpToTheKnee) {
  // A proof takes 5 ms, so the server keeps up with 20/s but not with 2000/s.
  FakeSigner server({.before = [](int) {
    absl::SleepFor(absl::Milliseconds(5));
    return grpc::Status::OK;
  }});
  Result result = Load(server.target(), {"--sweep=20:2000:2", "--concurrency=1",
                                         "--timeout=1s", "--verify=0"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  nlohmann::json report = Report();
  ASSERT_EQ(report["sweep"]["steps"].size(), 2u);
  EXPECT_EQ(report["sweep"]["steps"][1]["target_rate"], 2000);
  EXPECT_EQ(report["sweep"]["steps"][1]["keeps_up"], false);
  EXPECT_GT(report["sweep"]["steps"][1]["errors"]["NOT_SENT"], 0);
  EXPECT_EQ(report["target_rate"], 20);
}

TEST_F(ProgramTest, ReadsTheServersCpuTimeAndMemory) {
  Daemon daemon;
  FakeMetrics metrics;
  Result result =
      Load(daemon.target(), {"--rate=100", "--metrics=" + metrics.url()});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  nlohmann::json report = Report();
  // The first reading only checks that there are metrics; one second of CPU
  // time passes between the second reading and the last.
  const double proofs = 1e6 / double{report["server_cpu_us_per_proof"]};
  EXPECT_NEAR(proofs, double{report["ok"]}, 0.5 * double{report["ok"]});
  EXPECT_EQ(report["server_resident_bytes"]["first"], 2'000'000);
  EXPECT_EQ(report["server_resident_bytes"]["last"], 3'000'000);
  EXPECT_EQ(report["server_resident_bytes"]["max"], 3'000'000);
  Result without = Load(daemon.target(), {"--metrics=http://127.0.0.1:1/"});
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_THAT(without.error, HasSubstr("--metrics: got"));
}

TEST_F(ProgramTest, CtrlCEndsTheRunWithAReport) {
  Daemon daemon;
  Process process(Command(daemon.target(), {"--rate=50", "--duration=1h"}));
  ASSERT_TRUE(process.WaitForError("   1 s "));
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait(), 0) << process.Error();
  nlohmann::json report = Report();
  EXPECT_EQ(report["interrupted"], true);
  EXPECT_GT(report["ok"], 0);
  EXPECT_EQ(report["ok"], report["sent"]);
  EXPECT_NEAR(report["achieved_rate"], 50, 40);
  EXPECT_THAT(process.Output(), HasSubstr("interrupted"));
}

TEST_F(ProgramTest, RefusesRemoteTargets) {
  Result result = Load("192.0.2.1:443", {});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.error, AllOf(HasSubstr("--target: got \"192.0.2.1:443\""),
                                  HasSubstr("--allow_remote")));
  result = RunProgram({PROOFMINT_LOAD, "--target=unix:/s", "--no_such_flag"});
  EXPECT_GT(result.exit_code, 2);
  EXPECT_THAT(result.error, HasSubstr("--no_such_flag"));
  result = RunProgram({PROOFMINT_LOAD, "--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("--sweep"));
}

TEST_F(ProgramTest, SaysWhyAServerCannotBeReached) {
  Result result = Load("unix:/no/such/socket", {"--timeout=200ms"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, AllOf(HasSubstr("unix:/no/such/socket"),
                                  HasSubstr("No such file")));
}

TEST_F(ProgramTest, FailsWhenAProofIsWrong) {
  FakeSigner server({.spoil = [](int call, v1::SignProofResponse& proof) {
    if (call == 10) proof.set_iat(proof.iat() + 1);
  }});
  Result result =
      Load(server.target(), {"--rate=100", "--verify=1", "--warmup=0"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("a proof is wrong: iat: got"));
  EXPECT_EQ(Report()["verify_failures"], 1);
}

TEST_F(ProgramTest, FindsAFileThatCannotBeWrittenBeforeTheRun) {
  for (const std::string flag : {"--json", "--html", "--hgrm"}) {
    FakeSigner signer({});
    const Result result = Load(signer.target(), {flag + "=/no/such/file"});
    EXPECT_GT(result.exit_code, 0);
    if (flag != "--json") {  // which is given twice then
      EXPECT_EQ(result.error, "error: " + flag +
                                  ": cannot write /no/such/file: No such file "
                                  "or directory\n");
    }
    EXPECT_EQ(result.output, "");
    EXPECT_EQ(signer.calls(), 0);
  }
}

TEST_F(ProgramTest, PrintsTheTableThoughAFileIsFull) {
  FakeSigner signer({});
  const Result result = Load(signer.target(), {"--html=/dev/full"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("rate answered"));
  EXPECT_THAT(result.error, HasSubstr("error: --html: cannot write /dev/full: "
                                      "No space left on device\n"));
  EXPECT_GT(Report()["ok"], 0);
}

TEST_F(ProgramTest, EndsWith3IfCallsTakeTooLong) {
  FakeSigner signer({});
  const Result slow = Load(signer.target(), {"--max_p99=1ns"});
  EXPECT_EQ(slow.exit_code, 3);
  EXPECT_THAT(slow.output, HasSubstr("rate answered"));
  EXPECT_THAT(slow.error, HasSubstr("error: p99: got "));
  EXPECT_THAT(slow.error, HasSubstr(", want at most 1ns\n"));
  EXPECT_EQ(Load(signer.target(), {"--max_p99=1h"}).exit_code, 0);
}

TEST_F(ProgramTest, ErrorsAreResultsUnlessNothingElseCame) {
  FakeSigner half({.before = [](int call) {
    return call % 2 == 0
               ? grpc::Status::OK
               : ErrorStatus(grpc::StatusCode::UNAVAILABLE, "OVERLOADED");
  }});
  EXPECT_EQ(Load(half.target(), {}).exit_code, 0);
  EXPECT_GT(Report()["errors"]["OVERLOADED"], 0);
  FakeSigner none({.before = [](int) {
    return ErrorStatus(grpc::StatusCode::UNAVAILABLE, "DRAINING");
  }});
  Result result = Load(none.target(), {});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.error, HasSubstr("no proof was returned"));
  EXPECT_GT(Report()["errors"]["DRAINING"], 0);
}

TEST_F(ProgramTest, SpeaksTlsWithACertificateOfItsOwn) {
  Certificates certificates;
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = certificates.Read("ca.crt");
  options.pem_key_cert_pairs = {
      {certificates.Read("server.key"), certificates.Read("server.crt")}};
  FakeSigner server({}, grpc::SslServerCredentials(options));
  const std::string ca = "--tls_ca=" + certificates.Path("ca.crt");
  const std::vector<std::string> flags = {
      ca, "--tls_certificate=" + certificates.Path("client.crt"),
      "--tls_key=" + certificates.Path("client.key"), "--verify=1"};
  Result result = Load(server.target(), flags);
  ASSERT_EQ(result.exit_code, 0) << result.error;
  EXPECT_EQ(Report()["config"]["tls"], true);
  EXPECT_GT(Report()["ok"], 0);
  EXPECT_EQ(Report()["errors"].size(), 0u);

  // Refused: a name that is not the certificate's, no certificate, no TLS.
  std::vector<std::string> misnamed = flags;
  misnamed.insert(misnamed.end(),
                  {"--tls_server_name=other.example", "--timeout=1s"});
  EXPECT_EQ(Load(server.target(), misnamed).exit_code, 1);
  EXPECT_EQ(Load(server.target(), {ca, "--timeout=1s"}).exit_code, 1);
  EXPECT_EQ(Load(server.target(), {"--timeout=1s"}).exit_code, 1);
}

}  // namespace
}  // namespace proofmint::load
