// Tests which options SignerClient takes, and where it connects.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "signer/client/signer_client.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/status_matchers.h"

namespace proofmint {
namespace {

using ::proofmint::testing::Certificates;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::StatusIs;
using ::proofmint::testing::TestServer;
using ::testing::StartsWith;

struct BadOption {
  std::string name;
  std::function<void(SignerClientOptions&)> set;
};

TEST(SignerClientOptionsTest, AnErrorNamesTheOption) {
  using Options = SignerClientOptions;
  const BadOption kBadOptions[] = {
      {"target", [](Options& o) { o.target = "unix:"; }},
      {"target", [](Options& o) { o.target = "two words:1"; }},
      {"timeout", [](Options& o) { o.timeout = absl::ZeroDuration(); }},
      {"max_batch_delay",
       [](Options& o) { o.max_batch_delay = -absl::Seconds(1); }},
      {"max_batch_delay", [](Options& o) { o.max_batch_delay = o.timeout; }},
      {"max_batch_size", [](Options& o) { o.max_batch_size = 0; }},
      {"max_batch_size", [](Options& o) { o.max_batch_size = 257; }},
      {"max_batches_in_flight",
       [](Options& o) { o.max_batches_in_flight = 0; }},
      {"max_queued", [](Options& o) { o.max_queued = 0; }},
      {"retry.initial_backoff",
       [](Options& o) { o.retry.initial_backoff = absl::ZeroDuration(); }},
      {"retry.max_backoff",
       [](Options& o) { o.retry.max_backoff = absl::Nanoseconds(1); }},
      {"retry.multiplier", [](Options& o) { o.retry.multiplier = 0.5; }},
      {"retry.multiplier", [](Options& o) { o.retry.multiplier = NAN; }},
  };
  for (const BadOption& bad : kBadOptions) {
    SignerClientOptions options;
    bad.set(options);
    EXPECT_THAT(SignerClient::New(options),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         StartsWith(bad.name + ": ")));
  }
}

TEST(SignerClientOptionsTest, AnErrorNamesTheFileThatCannotBeRead) {
  Certificates certificates;
  const TlsFiles good = {.certificate = certificates.Path("client.crt"),
                         .key = certificates.Path("client.key"),
                         .ca = certificates.Path("ca.crt")};
  EXPECT_THAT(SignerClient::New({.tls = good}), IsOk());
  for (auto [name, file] :
       {std::pair("tls.certificate: ", &TlsFiles::certificate),
        {"tls.key: ", &TlsFiles::key},
        {"tls.ca: ", &TlsFiles::ca}}) {
    for (const std::string& path : {std::string(), certificates.Path("none")}) {
      TlsFiles bad = good;
      bad.*file = path;
      EXPECT_THAT(
          SignerClient::New({.tls = bad}),
          StatusIs(absl::StatusCode::kInvalidArgument, StartsWith(name)));
    }
  }
}

TEST(SignerClientOptionsTest, WithoutATargetTheEnvironmentHasIt) {
  TestServer server;
  setenv("PROOFMINT_TARGET", server.unix_target().c_str(), /*overwrite=*/1);
  auto client = SignerClient::New({.timeout = kRpcLimit});
  unsetenv("PROOFMINT_TARGET");
  ASSERT_THAT(client, IsOk());
  EXPECT_THAT(
      (*client)->SignProof({.htm = "POST", .htu = "https://idp.example/token"},
                           absl::InfiniteFuture()),
      IsOk());
}

TEST(SignerClientOptionsTest, MakingAClientDoesNotConnect) {
  EXPECT_THAT(SignerClient::New({.target = "unix:/no/such/socket"}), IsOk());
}

}  // namespace
}  // namespace proofmint
