#include "signer/service/net/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/service/net/tls_certificates.h"
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
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class TlsFilesTest : public ::testing::Test {
 protected:
  absl::StatusOr<TlsSummary> Check(absl::Time now = absl::Now()) const {
    auto files = ReadTlsFiles(paths_);
    if (!files.ok()) return files.status();
    return CheckTlsFiles(**files, now);
  }

  auto IsRefused(const std::string& flag, const std::string& reason) const {
    return StatusIs(absl::StatusCode::kFailedPrecondition,
                    AllOf(StartsWith(flag + ": "), HasSubstr(reason)));
  }

  Certificates certificates_;
  TlsPaths paths_ = {.certificate = certificates_.Path("server.crt"),
                     .key = certificates_.Path("server.key"),
                     .client_ca = certificates_.Path("ca.crt")};
};

TEST_F(TlsFilesTest, TellsWhenTheCertificateExpires) {
  absl::StatusOr<TlsSummary> summary = Check();
  ASSERT_THAT(summary, IsOk());
  const absl::Time want = absl::Now() + absl::Hours(48);
  EXPECT_LE(summary->not_after, want);
  EXPECT_GT(summary->not_after, want - absl::Minutes(5));
  EXPECT_THAT(summary->unusable_authorities, IsEmpty());
}

TEST_F(TlsFilesTest, TakesAChainWithAndWithoutItsRoot) {
  certificates_.Issue(
      "issuer",
      {.days = 30, .extensions = {"basicConstraints=critical,CA:TRUE"}});
  certificates_.Issue("server", {.authority = "issuer"});
  absl::StatusOr<TlsSummary> alone = Check();
  ASSERT_THAT(alone, IsOk());
  const std::string chain = certificates_.Read("server.crt") + "text\n" +
                            certificates_.Read("issuer.crt");
  for (const std::string& text :
       {chain, chain + certificates_.Read("ca.crt")}) {
    certificates_.Write("server.crt", text);
    absl::StatusOr<TlsSummary> summary = Check();
    ASSERT_THAT(summary, IsOk());
    EXPECT_EQ(summary->not_after, alone->not_after);
  }
}

TEST_F(TlsFilesTest, TakesEveryKeyThatTlsCanUse) {
  for (const char* key : {"rsa:2048", "P-256", "P-384", "P-521", "ed25519"}) {
    certificates_.Issue("server", {.key = key});
    EXPECT_THAT(Check(), IsOk()) << key;
  }
}

TEST_F(TlsFilesTest, ACertificateIsGoodWhileItIsValid) {
  const absl::Time not_after = Check()->not_after;
  // Its authority, which was made before it, ends some seconds earlier.
  EXPECT_THAT(Check(not_after - absl::Minutes(1)), IsOk());
  EXPECT_THAT(Check(not_after),
              IsRefused("tls_certificate", "block 1: expired at "));
  EXPECT_THAT(Check(absl::Now() - absl::Hours(1)),
              IsRefused("tls_certificate", "block 1: not valid before "));
}

TEST_F(TlsFilesTest, NamesAuthoritiesThatCannotBeUsed) {
  certificates_.Issue("old", {.days = -1});
  certificates_.MakeAuthority("weak", "rsa:1024");
  certificates_.Write("ca.crt", certificates_.Read("ca.crt") +
                                    certificates_.Read("old.crt") +
                                    certificates_.Read("weak.crt"));
  absl::StatusOr<TlsSummary> summary = Check();
  ASSERT_THAT(summary, IsOk());
  EXPECT_THAT(summary->unusable_authorities,
              ElementsAre(StartsWith("block 2: expired at "),
                          StartsWith("block 3: a key of RSA of 1024 bits")));
}

TEST_F(TlsFilesTest, TakesAsManyAuthoritiesAsAHandshakeHolds) {
  certificates_.MakeAuthority("long", "P-256", "/CN=" + std::string(60, 'x'));
  // 2 bytes for the length, 2 + 2 + 5 + 2 around the name's 60 + 2.
  const size_t most = kMaxAuthorityNamesSize / 75;
  std::string authorities;
  for (size_t i = 0; i < most; ++i)
    authorities += certificates_.Read("long.crt");
  certificates_.Write("ca.crt", authorities);
  EXPECT_THAT(Check(), IsOk());
  certificates_.Write("ca.crt", authorities + certificates_.Read("long.crt"));
  EXPECT_THAT(Check(), IsRefused("tls_client_ca",
                                 absl::StrCat(most + 1, " authorities")));
}

TEST_F(TlsFilesTest, TheDigestTellsTheFilesApart) {
  auto before = ReadTlsFiles(paths_);
  auto again = ReadTlsFiles(paths_);
  ASSERT_THAT(before, IsOk());
  EXPECT_EQ((*before)->digest, (*again)->digest);
  for (std::string TlsPaths::*path :
       {&TlsPaths::certificate, &TlsPaths::key, &TlsPaths::client_ca}) {
    TlsPaths other = paths_;
    other.*path = certificates_.Path("client.csr");
    auto files = ReadTlsFiles(other);
    ASSERT_THAT(files, IsOk());
    EXPECT_NE((*files)->digest, (*before)->digest);
  }
}

TEST_F(TlsFilesTest, NamesTheFlagOfAFileThatCannotBeRead) {
  const TlsPaths good = paths_;
  const std::pair<std::string TlsPaths::*, const char*> kFlags[] = {
      {&TlsPaths::certificate, "tls_certificate"},
      {&TlsPaths::key, "tls_key"},
      {&TlsPaths::client_ca, "tls_client_ca"}};
  certificates_.Write("large", std::string(kMaxTlsCertificatesSize + 1, 'x'));
  std::filesystem::create_directory(certificates_.Path("directory"));
  for (const auto& [path, flag] : kFlags) {
    paths_ = good;
    paths_.*path = certificates_.Path("missing");
    EXPECT_THAT(Check(), IsRefused(flag, "No such file"));
    paths_.*path = certificates_.Path("directory");
    EXPECT_THAT(Check(), IsRefused(flag, ": not a regular file"));
    paths_.*path = certificates_.Path("large");
    EXPECT_THAT(Check(),
                IsRefused(flag, absl::StrCat(": larger than ",
                                             path == &TlsPaths::key
                                                 ? kMaxTlsKeySize
                                                 : kMaxTlsCertificatesSize,
                                             " bytes")));
  }
}

TEST_F(TlsFilesTest, NamesTheFlagOfAFileThatIsSomethingElse) {
  const TlsPaths good = paths_;
  certificates_.Write("empty", "");
  certificates_.Write("half", certificates_.Read("server.crt").substr(0, 300));
  certificates_.Write("one and a half", certificates_.Read("server.crt") +
                                            certificates_.Read("half"));
  for (const char* name : {"empty", "half", "one and a half", "server.key"}) {
    paths_ = good;
    paths_.certificate = certificates_.Path(name);
    EXPECT_THAT(Check(), IsRefused("tls_certificate", "no certificate"));
    paths_ = good;
    paths_.client_ca = certificates_.Path(name);
    EXPECT_THAT(Check(), IsRefused("tls_client_ca", "no certificate"));
  }
  paths_ = good;
  for (const char* name : {"empty", "half", "server.crt"}) {
    paths_.key = certificates_.Path(name);
    EXPECT_THAT(Check(), IsRefused("tls_key", "no key"));
  }
}

TEST_F(TlsFilesTest, WantsTheKeyOfTheCertificate) {
  paths_.key = certificates_.Path("client.key");
  EXPECT_THAT(Check(), IsRefused("tls_key", "another certificate"));
}

TEST_F(TlsFilesTest, AsksForNoPassword) {
  certificates_.OpenSsl({"ec", "-in", paths_.key, "-aes128", "-passout",
                         "pass:secret", "-out",
                         certificates_.Path("encrypted.key")});
  paths_.key = certificates_.Path("encrypted.key");
  EXPECT_THAT(Check(), IsRefused("tls_key", "not encrypted"));
}

TEST_F(TlsFilesTest, LoadsNoEngine) {
  certificates_.Write("server.key",
                      "engine:x:y\n" + certificates_.Read("server.key"));
  EXPECT_THAT(Check(), IsRefused("tls_key", "no key"));
}

TEST_F(TlsFilesTest, ErrorsQuoteNothingOfAKey) {
  certificates_.Write("server.crt", certificates_.Read("server.key"));
  const std::string key = certificates_.Read("server.key");
  const std::string error(Check().status().message());
  EXPECT_THAT(error, Not(HasSubstr("BEGIN")));
  EXPECT_THAT(error, Not(HasSubstr(key.substr(40, 16))));
}

class BadTlsFilesTest : public TlsFilesTest,
                        public ::testing::WithParamInterface<BadTlsFiles> {};

INSTANTIATE_TEST_SUITE_P(, BadTlsFilesTest,
                         ::testing::ValuesIn(AllBadTlsFiles()),
                         [](const auto& info) { return info.param.name; });

TEST_P(BadTlsFilesTest, AreRefusedWithTheReason) {
  GetParam().make(certificates_);
  paths_ = {.certificate = certificates_.Path("bad.crt"),
            .key = certificates_.Path("bad.key"),
            .client_ca = certificates_.Path("bad_ca.crt")};
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                AllOf(StartsWith(GetParam().flag),
                                      HasSubstr(GetParam().reason))));
}

}  // namespace
}  // namespace proofmint::service
