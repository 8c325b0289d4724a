#include "signer/service/server/library_logs.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "proofmint/v1/proof_signer.pb.h"
#include "signer/service/contract/grpc_runtime.h"
#include "signer/service/net/tls_credentials.h"
#include "signer/service/observe/log.h"
#include "tests/service/testing/log_lines.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::LinesOf;
using ::testing::IsEmpty;

// Every peer can make gRPC log something, with text that the peer chooses.
TEST(LibraryLogsTest, AreFewAndHoldNothingOfClients) {
  KeepGrpcInitialized();  // It sets what is logged.
  CaptureLibraryLogs();
  const uint64_t dropped = LogDropped();
  std::vector<std::string> lines = LinesOf([] {
    gpr_log(GPR_ERROR, "Error parsing metadata: value=s3cr3t");
    for (int i = 0; i < 1000; ++i) {
      gpr_log(GPR_ERROR, "%s", std::string(5000, 'x').c_str());
    }
  });
  EXPECT_GE(lines.size(), 10u);
  EXPECT_LE(lines.size(), 100u);  // 10 a second; a machine may be slow
  EXPECT_EQ(lines.size() + LogDropped() - dropped, 1001u);
  for (const std::string& line : lines) {
    EXPECT_LT(line.size(), 500u);
    EXPECT_EQ(line.find("s3cr3t"), std::string::npos);
  }
}

TEST(LibraryLogsTest, TlsHandshakesThatFailAreCountedAndNotLogged) {
  KeepGrpcInitialized();
  CaptureLibraryLogs();
  const uint64_t failures = TlsHandshakeFailures();
  const uint64_t dropped = LogDropped();
  EXPECT_THAT(LinesOf([] {
                gpr_log(GPR_ERROR,
                        "Handshake failed with fatal error SSL_ERROR_SSL: "
                        "wrong version number.");
              }),
              IsEmpty());
  EXPECT_EQ(TlsHandshakeFailures(), failures + 1);
  EXPECT_EQ(LogDropped(), dropped);
}

TEST(LibraryLogsTest, OnlyErrorsAreLogged) {
  KeepGrpcInitialized();
  CaptureLibraryLogs();
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_DEBUG);
  EXPECT_THAT(LinesOf([] {
                gpr_log(GPR_DEBUG, "debug");
                gpr_log(GPR_INFO, "info");
              }),
              IsEmpty());
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
}

TEST(LibraryLogsTest, ProtobufLogsNothing) {
  CaptureLibraryLogs();
  EXPECT_THAT(LinesOf([] {
                v1::SignProofRequest request;
                EXPECT_FALSE(google::protobuf::TextFormat::ParseFromString(
                    "s3cr3t {", &request));
              }),
              IsEmpty());
}

}  // namespace
}  // namespace proofmint::service
