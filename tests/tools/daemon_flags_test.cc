#include "signer/tools/daemon_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/crypto/kernel.h"
#include "signer/service/contract/limits.h"
#include "signer/service/net/listen_address.h"
#include "signer/service/server/server.h"
#include "tests/testing/parse_words.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::IsOk;
using ::proofmint::testing::ParseWords;
using ::proofmint::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct CommandLine {
  CLI::App app;
  DaemonFlags flags{app};
};

// Returns a command line that is parsed and complete; INVALID_ARGUMENT too
// where CLI11 refuses it.
absl::StatusOr<std::unique_ptr<CommandLine>> Parse(
    const std::vector<std::string>& words) {
  auto line = std::make_unique<CommandLine>();
  absl::Status status = ParseWords(line->app, words);
  if (status.ok()) status = line->flags.Finish();
  if (!status.ok()) return status;
  return line;
}

// Returns the options of a command line that must be right.
service::ServerOptions OptionsOf(const std::vector<std::string>& words) {
  absl::StatusOr<std::unique_ptr<CommandLine>> line = Parse(words);
  EXPECT_THAT(line, IsOk());
  return line.ok() ? (*line)->flags.options() : service::ServerOptions();
}

TEST(DaemonFlagsTest, WithoutFlagsAreTheOptionsOfTheServer) {
  auto line = Parse({});
  ASSERT_THAT(line, IsOk());
  const DaemonFlags& flags = (*line)->flags;
  EXPECT_TRUE(flags.default_listen());
  EXPECT_FALSE(flags.allow_debugging());
  EXPECT_EQ(flags.lame_duck(), absl::Milliseconds(300));

  const service::ServerOptions& options = flags.options();
  const service::ServerOptions defaults;
  ASSERT_EQ(options.listen.size(), 1u);
  EXPECT_EQ("unix:" + std::get<service::UnixAddress>(options.listen[0]).path,
            service::kDefaultAddress);
  EXPECT_FALSE(options.metrics_listen.has_value());
  EXPECT_FALSE(options.tls.has_value());
  EXPECT_FALSE(options.allow_insecure_loopback);
  EXPECT_FALSE(options.enable_reflection);
  EXPECT_FALSE(options.require_memory_lock);
  EXPECT_EQ(options.kernel, defaults.kernel);
  EXPECT_EQ(options.key_pool_capacity, defaults.key_pool_capacity);
  EXPECT_EQ(options.key_handles.kek_file, "");
  EXPECT_EQ(options.key_handles.ttl, defaults.key_handles.ttl);
  EXPECT_THAT(options.callers.allowed_uids, IsEmpty());
  EXPECT_THAT(options.callers.allowed_gids, IsEmpty());
  EXPECT_THAT(options.callers.allowed_sans, IsEmpty());
  EXPECT_EQ(options.admission.max_in_flight, defaults.admission.max_in_flight);
  EXPECT_EQ(options.admission.caller_rate, 0);
  EXPECT_EQ(options.admission.caller_burst, defaults.admission.caller_burst);
  EXPECT_EQ(options.max_deadline, defaults.max_deadline);
  EXPECT_EQ(options.max_connection_age, defaults.max_connection_age);
  EXPECT_EQ(options.audit_log, "");
  EXPECT_EQ(options.faults.key_generation_failure_rate, 0);
  EXPECT_EQ(options.faults.signing_failure_rate, 0);
  EXPECT_EQ(options.faults.delay, absl::ZeroDuration());
}

TEST(DaemonFlagsTest, ReadAddresses) {
  auto line = Parse({"--listen=unix:/s,127.0.0.1:0", "--listen=systemd",
                     "--metrics_listen=[::1]:9464"});
  ASSERT_THAT(line, IsOk());
  EXPECT_FALSE((*line)->flags.default_listen());
  const service::ServerOptions& options = (*line)->flags.options();
  ASSERT_EQ(options.listen.size(), 3u);
  EXPECT_EQ(std::get<service::UnixAddress>(options.listen[0]).path, "/s");
  EXPECT_EQ(std::get<service::TcpAddress>(options.listen[1]).host_port,
            "127.0.0.1:0");
  EXPECT_TRUE(
      std::holds_alternative<service::SystemdSockets>(options.listen[2]));
  EXPECT_EQ(options.metrics_listen->host_port, "[::1]:9464");
}

TEST(DaemonFlagsTest, ReadFlagsOfConnectionsAndCallers) {
  const service::ServerOptions options = OptionsOf(
      {"--allow_insecure_loopback", "--tls_certificate=c", "--tls_key=k",
       "--tls_client_ca=a", "--max_connection_age=90s", "--allowed_uids=1,2",
       "--allowed_uids=3", "--allowed_gids=4,5", "--allowed_sans=a.example",
       "--allowed_sans=spiffe://td/x,spiffe://td/y/*"});
  EXPECT_TRUE(options.allow_insecure_loopback);
  ASSERT_TRUE(options.tls.has_value());
  EXPECT_EQ(options.tls->certificate, "c");
  EXPECT_EQ(options.tls->key, "k");
  EXPECT_EQ(options.tls->client_ca, "a");
  EXPECT_EQ(options.max_connection_age, absl::Seconds(90));
  EXPECT_THAT(options.callers.allowed_uids, ElementsAre(1, 2, 3));
  EXPECT_THAT(options.callers.allowed_gids, ElementsAre(4, 5));
  EXPECT_THAT(options.callers.allowed_sans,
              ElementsAre("a.example", "spiffe://td/x", "spiffe://td/y/*"));
}

TEST(DaemonFlagsTest, ReadFlagsOfKeysAndLimits) {
  const service::ServerOptions options = OptionsOf(
      {"--kernel=boringssl", "--key_pool_size=0", "--require_memory_lock",
       "--kek_file=f", "--key_handle_ttl=1h30m", "--max_in_flight=256",
       "--max_connections=64", "--caller_rate=12.5", "--caller_burst=300",
       "--max_deadline=250ms"});
  EXPECT_EQ(options.kernel, crypto::Kernel::kBoringSsl);
  EXPECT_EQ(options.key_pool_capacity, 0u);
  EXPECT_TRUE(options.require_memory_lock);
  EXPECT_EQ(options.key_handles.kek_file, "f");
  EXPECT_EQ(options.key_handles.ttl, absl::Minutes(90));
  EXPECT_EQ(options.admission.max_in_flight, 256u);
  EXPECT_EQ(options.connection_limits.max_connections, 64);
  EXPECT_EQ(options.admission.caller_rate, 12.5);
  EXPECT_EQ(options.admission.caller_burst, 300);
  EXPECT_EQ(options.max_deadline, absl::Milliseconds(250));
}

TEST(DaemonFlagsTest, ReadFlagsOfOperationsAndFaults) {
  auto line =
      Parse({"--audit_log=-", "--lame_duck=5s", "--enable_reflection",
             "--allow_debugging", "--enable_fault_injection",
             "--fault_delay=5s", "--fault_key_generation_failure_rate=1",
             "--fault_signing_failure_rate=0.25"});
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ((*line)->flags.lame_duck(), absl::Seconds(5));
  EXPECT_TRUE((*line)->flags.allow_debugging());
  const service::ServerOptions& options = (*line)->flags.options();
  EXPECT_EQ(options.audit_log, "-");
  EXPECT_TRUE(options.enable_reflection);
  EXPECT_EQ(options.faults.delay, absl::Seconds(5));
  EXPECT_EQ(options.faults.key_generation_failure_rate, 1);
  EXPECT_EQ(options.faults.signing_failure_rate, 0.25);
}

TEST(DaemonFlagsTest, TakeTheEndsOfEachRange) {
  for (const char* flag :
       {"--max_connection_age=1s", "--max_connection_age=720h",
        "--key_pool_size=65536", "--key_handle_ttl=1s",
        "--key_handle_ttl=8784h", "--max_in_flight=1048576",
        "--max_connections=64", "--max_connections=32768", "--caller_rate=0",
        "--caller_rate=1e9", "--caller_burst=256", "--caller_burst=1e9",
        "--max_deadline=10ms", "--max_deadline=1h", "--lame_duck=0",
        "--lame_duck=10m", "--fault_key_generation_failure_rate=0",
        "--fault_signing_failure_rate=0", "--fault_delay=0"}) {
    EXPECT_THAT(Parse({flag}), IsOk()) << flag;
  }
}

TEST(DaemonFlagsTest, RefuseWhatIsOutOfRangeAndNameTheFlag) {
  for (const char* flag : {"--kernel=magic",
                           "--max_connection_age=999ms",
                           "--max_connection_age=721h",
                           "--max_connection_age=inf",
                           "--max_connection_age=10",
                           "--allowed_uids=root",
                           "--allowed_uids=-1",
                           "--allowed_gids=4294967296",
                           "--key_pool_size=65537",
                           "--key_pool_size=-1",
                           "--key_handle_ttl=999ms",
                           "--key_handle_ttl=8785h",
                           "--max_in_flight=255",
                           "--max_in_flight=1048577",
                           "--max_connections=63",
                           "--max_connections=32769",
                           "--caller_rate=-1",
                           "--caller_rate=nan",
                           "--caller_rate=1.1e9",
                           "--caller_burst=255",
                           "--caller_burst=inf",
                           "--max_deadline=9ms",
                           "--max_deadline=61m",
                           "--max_deadline=soon",
                           "--lame_duck=-1s",
                           "--lame_duck=11m",
                           "--fault_key_generation_failure_rate=1.1",
                           "--fault_signing_failure_rate=-0.1",
                           "--fault_signing_failure_rate=nan",
                           "--fault_delay=5001ms",
                           "--fault_delay=-1s"}) {
    const std::string text = flag;
    EXPECT_THAT(Parse({text}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr(text.substr(0, text.find('=')))))
        << flag;
  }
  EXPECT_THAT(Parse({"--no_such_flag"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--no_such_flag")));
  EXPECT_THAT(Parse({"argument"}), StatusIs(absl::StatusCode::kInvalidArgument,
                                            HasSubstr("argument")));
}

TEST(DaemonFlagsTest, SayWhichDurationsAreTaken) {
  EXPECT_THAT(Parse({"--lame_duck=11m"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("got 11m, want a duration from 0 to 10m")));
  EXPECT_THAT(Parse({"--caller_burst=1"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want a number from 256 to 1e+09")));
}

TEST(DaemonFlagsTest, RefuseAddressesThatAreNone) {
  for (const char* address : {"127.0.0.1", "localhost:1", "127.0.0.1:65536",
                              "/run/x.sock", "unix:", "unix:/s,nowhere"}) {
    EXPECT_THAT(
        Parse({std::string("--listen=") + address}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("listen: got")))
        << address;
  }
  for (const char* address :
       {"0.0.0.0:9464", "unix:/s", "systemd", "localhost:1"}) {
    EXPECT_THAT(Parse({std::string("--metrics_listen=") + address}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("metrics_listen: got")))
        << address;
  }
}

TEST(DaemonFlagsTest, RefuseTlsWithoutAllThreeFilesAndNameTheMissingOne) {
  const std::string certificate = "--tls_certificate=c";
  const std::string key = "--tls_key=k";
  const std::string client_ca = "--tls_client_ca=a";
  const std::vector<std::pair<std::vector<std::string>, std::string>> kCases = {
      {{key, client_ca}, "tls_certificate: "},
      {{certificate, client_ca}, "tls_key: "},
      {{certificate, key}, "tls_client_ca: "},
      {{client_ca}, "tls_"},
      {{certificate}, "tls_"},
      {{key}, "tls_"}};
  for (const auto& [flags, want] : kCases) {
    EXPECT_THAT(Parse(flags), StatusIs(absl::StatusCode::kInvalidArgument,
                                       ::testing::StartsWith(want)));
  }
}

TEST(DaemonFlagsTest, RefuseFaultsUnlessTheyAreEnabled) {
  for (const char* flag :
       {"--fault_key_generation_failure_rate=0.5",
        "--fault_signing_failure_rate=0.5", "--fault_delay=1ms"}) {
    EXPECT_THAT(Parse({flag}), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("enable_fault_injection")))
        << flag;
    EXPECT_THAT(Parse({flag, "--enable_fault_injection"}), IsOk()) << flag;
  }
}

}  // namespace
}  // namespace proofmint::tools
