// Tests the files that TlsCredentials has in use. What clients see of them in
// handshakes is the subject of tests/service/server/mtls_test.cc.

#include "signer/service/net/tls_credentials.h"

#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/testing/bad_tls_files.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AllBadTlsFiles;
using ::proofmint::testing::BadTlsFiles;
using ::proofmint::testing::Certificates;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::ContainsRegex;
using ::testing::StartsWith;

class TlsCredentialsTest : public ::testing::Test {
 protected:
  std::unique_ptr<TlsCredentials> MustLoad() {
    auto credentials =
        TlsCredentials::Load(paths_, [this] { return absl::Now() + skipped_; });
    EXPECT_THAT(credentials, IsOk());
    return credentials.ok() ? *std::move(credentials) : nullptr;
  }

  Certificates certificates_;
  TlsPaths paths_ = {.certificate = certificates_.Path("server.crt"),
                     .key = certificates_.Path("server.key"),
                     .client_ca = certificates_.Path("ca.crt")};
  absl::Duration skipped_;  // by which the clock is ahead
};

TEST_F(TlsCredentialsTest, FailsAsTheFilesDo) {
  paths_.key = certificates_.Path("missing");
  EXPECT_THAT(
      TlsCredentials::Load(paths_),
      StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("tls_key: ")));
  paths_.key = certificates_.Path("client.key");
  EXPECT_THAT(
      TlsCredentials::Load(paths_),
      StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("tls_key: ")));
}

TEST_F(TlsCredentialsTest, TakesNewFilesOnce) {
  std::unique_ptr<TlsCredentials> credentials = MustLoad();
  ASSERT_NE(credentials, nullptr);
  const absl::Time before = credentials->not_after();
  credentials->reloader().Run();
  EXPECT_EQ(credentials->reloader().reloads(), 0u);
  EXPECT_EQ(credentials->not_after(), before);

  certificates_.Issue("server", {.days = 30});
  credentials->reloader().Run();
  credentials->reloader().Run();
  EXPECT_EQ(credentials->reloader().reloads(), 1u);
  EXPECT_EQ(credentials->reloader().errors(), 0u);
  EXPECT_GT(credentials->not_after(), before + absl::Hours(24 * 20));
}

TEST_F(TlsCredentialsTest, KeepsTheOldFilesUntilTheNewOnesFitTogether) {
  std::unique_ptr<TlsCredentials> credentials = MustLoad();
  ASSERT_NE(credentials, nullptr);
  const absl::Time before = credentials->not_after();
  certificates_.Issue("new", {.days = 30});
  certificates_.Write("server.crt", certificates_.Read("new.crt"));
  credentials->reloader().Run();
  credentials->reloader().Run();
  EXPECT_EQ(credentials->reloader().errors(), 1u);
  EXPECT_EQ(credentials->reloader().reloads(), 0u);
  EXPECT_EQ(credentials->not_after(), before);

  certificates_.Write("server.key", certificates_.Read("new.key"));
  credentials->reloader().Run();
  EXPECT_EQ(credentials->reloader().errors(), 1u);
  EXPECT_EQ(credentials->reloader().reloads(), 1u);
  EXPECT_GT(credentials->not_after(), before + absl::Hours(24 * 20));
}

TEST_F(TlsCredentialsTest, TakesACertificateOnceItIsValid) {
  std::unique_ptr<TlsCredentials> credentials = MustLoad();
  ASSERT_NE(credentials, nullptr);
  const absl::Time not_before = absl::Now() + absl::Hours(1);
  certificates_.Issue(
      "server", {.days = 30,
                 .not_before = absl::FormatTime("%Y%m%d%H%M%SZ", not_before,
                                                absl::UTCTimeZone())});
  for (int i = 0; i < 3; ++i) {
    credentials->reloader().Run();
    skipped_ += absl::Minutes(1);
  }
  EXPECT_EQ(credentials->reloader().errors(), 1u);
  EXPECT_EQ(credentials->reloader().reloads(), 0u);
  skipped_ = absl::Hours(1) + absl::Seconds(1);
  credentials->reloader().Run();
  EXPECT_EQ(credentials->reloader().errors(), 1u);
  EXPECT_EQ(credentials->reloader().reloads(), 1u);
  EXPECT_GT(credentials->not_after(), not_before + absl::Hours(24 * 29));
}

TEST_F(TlsCredentialsTest, SaysWhichAuthoritiesNoClientCanUse) {
  certificates_.Issue("old", {.days = -1});
  certificates_.Write(
      "ca.crt", certificates_.Read("old.crt") + certificates_.Read("ca.crt"));
  ::testing::internal::CaptureStderr();
  EXPECT_NE(MustLoad(), nullptr);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              ContainsRegex(R"("level":"error".*tls_client_ca.*block 1: )"
                            R"(expired at 20)"));
}

class TlsStartTest : public TlsCredentialsTest,
                     public ::testing::WithParamInterface<BadTlsFiles> {};

INSTANTIATE_TEST_SUITE_P(, TlsStartTest, ::testing::ValuesIn(AllBadTlsFiles()),
                         [](const auto& info) { return info.param.name; });

TEST_P(TlsStartTest, AreAnErrorAtStart) {
  GetParam().make(certificates_);
  EXPECT_THAT(
      TlsCredentials::Load({.certificate = certificates_.Path("bad.crt"),
                            .key = certificates_.Path("bad.key"),
                            .client_ca = certificates_.Path("bad_ca.crt")}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               StartsWith(GetParam().flag)));
}

TEST_F(TlsCredentialsTest, MakesCredentialsOfItsOwnForEachPort) {
  std::unique_ptr<TlsCredentials> credentials = MustLoad();
  ASSERT_NE(credentials, nullptr);
  std::shared_ptr<grpc::ServerCredentials> first =
      credentials->NewServerCredentials();
  std::shared_ptr<grpc::ServerCredentials> second =
      credentials->NewServerCredentials();
  EXPECT_NE(first, nullptr);
  EXPECT_NE(first, second);
}

TEST(CountTlsHandshakeFailureTest, CountsFailedHandshakesAlone) {
  const uint64_t before = TlsHandshakeFailures();
  EXPECT_TRUE(CountTlsHandshakeFailure(
      "Handshake failed with fatal error SSL_ERROR_SSL: error:1417C0C7"));
  EXPECT_FALSE(CountTlsHandshakeFailure("Some Handshake failed"));
  EXPECT_FALSE(CountTlsHandshakeFailure(""));
  EXPECT_EQ(TlsHandshakeFailures(), before + 1);
}

}  // namespace
}  // namespace proofmint::service
