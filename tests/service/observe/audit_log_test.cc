#include "signer/service/observe/audit_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "signer/service/contract/errors.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::nlohmann::json;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::ValidRequest;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTraceParent[] =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

json Parsed(const std::string& fields) {
  return json::parse("{" + fields + "}");
}

TEST(AuditEntryTest, NamesTheCallerItsProofsAndTheirHosts) {
  AuditEntry entry("SignProof", "spiffe://td/\"broker\"", kTraceParent);
  v1::SignProofRequest request = ValidRequest(v1::ALGORITHM_EDDSA);
  request.set_htu("https://idp.example:8443/token?code=s3cr3t");
  request.set_nonce("s3cr3t");
  v1::SignProofResponse response;
  response.set_jkt("the-thumbprint");
  response.set_proof("s3cr3t");
  response.set_key_handle("s3cr3t");
  entry.AddProof(request, response);
  const std::string line = std::move(entry).Finish(absl::OkStatus());
  EXPECT_THAT(line, Not(HasSubstr("s3cr3t")));
  EXPECT_EQ(Parsed(line),
            json::parse(R"({"message": "call", "method": "SignProof",
              "caller": "spiffe://td/\"broker\"",
              "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "code": "OK",
              "proofs": [{"dpop_signing_alg": "EdDSA",
                          "htu_host": "idp.example:8443",
                          "jkt": "the-thumbprint"}]})"));
}

TEST(AuditEntryTest, TellsOfEachRequestOfABatchAndOfACallThatIsRefused) {
  AuditEntry batch("BatchSignProofs", "uid:1", "");
  v1::SignProofResponse response;
  response.set_jkt("j");
  batch.AddProof(ValidRequest(), response);
  batch.AddFailure(ValidRequest(), kInvalidNonce);
  json line = Parsed(std::move(batch).Finish(absl::OkStatus()));
  EXPECT_EQ(line["proofs"].size(), 2u);
  EXPECT_EQ(line["proofs"][1]["reason"], "INVALID_NONCE");
  EXPECT_FALSE(line.contains("trace_id"));

  AuditEntry refused("SignProof", "uid:1", "");
  line = Parsed(std::move(refused).Finish(OverloadedError(1)));
  EXPECT_EQ(line["code"], "UNAVAILABLE");
  EXPECT_EQ(line["reason"], "OVERLOADED");
  EXPECT_FALSE(line.contains("proofs"));
}

TEST(AuditEntryTest, KeepsOutWhatMayBeASecret) {
  for (const char* htu :
       {"https://user:s3cr3t@idp.example/", "s3cr3t", "https://s3cr3t key/",
        "https://idp.example/s3cr3t", "https://idp.example?s3cr3t",
        "https://idp.example#s3cr3t"}) {
    AuditEntry entry("SignProof", "uid:1", "s3cr3t");
    v1::SignProofRequest request = ValidRequest();
    request.set_htu(htu);
    entry.AddFailure(request);
    EXPECT_THAT(std::move(entry).Finish(absl::OkStatus()),
                Not(HasSubstr("s3cr3t")))
        << htu;
  }
}

TEST(AuditLogTest, AppendsLinesToAFileOthersCannotRead) {
  TempDir directory;
  const std::string path = directory / "audit.log";
  for (int i = 0; i < 2; ++i) {
    auto log = AuditLog::Open(path).value();
    log->Write(R"("n":1)");
    log->Write(R"("n":2)");
    EXPECT_EQ(log->dropped(), 0u);
  }
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::vector<std::string> lines =
      absl::StrSplit(text, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(json::parse(lines[3])["n"], 2);
  EXPECT_TRUE(json::parse(lines[3]).contains("time"));
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07, 0u);
}

TEST(AuditLogTest, CountsWhatAFullDiskDoesNotTake) {
  auto log = AuditLog::Open("/dev/full").value();
  log->Write(R"("n":1)");
  log->Write(R"("n":2)");
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (log->dropped() < 2 && absl::Now() < deadline) {
  }
  EXPECT_EQ(log->dropped(), 2u);
}

TEST(AuditLogTest, FailsByNameWhereItCannotWrite) {
  EXPECT_THAT(AuditLog::Open("/no/such/folder/audit.log"),
              StatusIs(absl::StatusCode::kNotFound,
                       "audit_log: cannot open /no/such/folder/audit.log: No "
                       "such file or directory"));
}

TEST(AuditLogTest, DoesNotWaitForTheReaderOfAPipe) {
  TempDir directory;
  const std::string path = directory / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(AuditLog::Open(path),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "audit_log: got " + path +
                           ", a pipe that no process reads or a socket, want "
                           "a file"));
}

// The reader of the pipe does not read: the queue is bounded in lines and in
// bytes, and no call waits.
TEST(AuditLogTest, BoundsItsQueueWhenThePipeIsNotRead) {
  std::signal(SIGPIPE, SIG_IGN);  // as the daemon does
  for (const auto& [line_size, least_dropped] :
       std::vector<std::pair<int, int>>{{20, 11'000}, {100'000, 19'900}}) {
    TempDir directory;
    const std::string path = directory / "pipe";
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    // O_NONBLOCK lets the reader open the pipe before there is a writer.
    base::UniqueFd reader(
        open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    auto log = AuditLog::Open(path).value();
    const std::string line =
        "\"text\":\"" + std::string(static_cast<size_t>(line_size), 'x') + "\"";
    for (int i = 0; i < 20'000; ++i) log->Write(line);
    EXPECT_GE(log->dropped(), static_cast<uint64_t>(least_dropped));
    EXPECT_LT(log->dropped(), 20'000u);
  }
}

}  // namespace
}  // namespace proofmint::service
