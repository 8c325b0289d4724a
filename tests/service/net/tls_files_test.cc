#include "signer/service/net/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::Certificates;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsFilesTest : public ::testing::Test {
 protected:
  absl::StatusOr<absl::Time> Check() const {
    auto files = ReadTlsFiles(paths_);
    if (!files.ok()) return files.status();
    return CheckTlsFiles(**files);
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
  absl::StatusOr<absl::Time> not_after = Check();
  ASSERT_THAT(not_after, IsOk());
  const absl::Time want = absl::Now() + absl::Hours(48);
  EXPECT_LE(*not_after, want);
  EXPECT_GT(*not_after, want - absl::Minutes(5));
}

TEST_F(TlsFilesTest, TellsOfTheFirstCertificateOfAChain) {
  certificates_.Issue("other", {.days = 30});
  certificates_.Write("chain.crt", certificates_.Read("server.crt") + "text\n" +
                                       certificates_.Read("other.crt"));
  absl::StatusOr<absl::Time> want = Check();
  paths_.certificate = certificates_.Path("chain.crt");
  EXPECT_EQ(Check(), want);
}

TEST_F(TlsFilesTest, AnExpiredCertificateIsStillOne) {
  certificates_.Issue("server", {.days = -1});
  absl::StatusOr<absl::Time> not_after = Check();
  ASSERT_THAT(not_after, IsOk());
  EXPECT_LT(*not_after, absl::Now());
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

TEST_F(TlsFilesTest, RefusesAKeyThatIsTooWeak) {
  for (const char* bits : {"1024", "2048"}) {
    certificates_.OpenSsl({"req", "-x509", "-newkey",
                           std::string("rsa:") + bits, "-nodes", "-subj",
                           "/CN=server", "-keyout", paths_.key, "-out",
                           paths_.certificate});
    if (std::string(bits) == "1024") {
      EXPECT_THAT(Check(), IsRefused("tls_key", "1024 bits"));
    } else {
      EXPECT_THAT(Check(), IsOk());
    }
  }
}

TEST_F(TlsFilesTest, ErrorsQuoteNothingOfAKey) {
  certificates_.Write("server.crt", certificates_.Read("server.key"));
  const std::string key = certificates_.Read("server.key");
  const std::string error(Check().status().message());
  EXPECT_THAT(error, Not(HasSubstr("BEGIN")));
  EXPECT_THAT(error, Not(HasSubstr(key.substr(40, 16))));
}

}  // namespace
}  // namespace proofmint::service
