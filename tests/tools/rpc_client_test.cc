#include "signer/tools/rpc_client.h"

#include <gmock/gmock.h>
#include <google/protobuf/empty.pb.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/limits.h"
#include "tests/testing/parse_words.h"
#include "tests/testing/status_matchers.h"
#include "tests/tools/run_command.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::CapturedStream;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::ParseWords;
using ::proofmint::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kNoAnswer[] =
    "  No answer: the server does not run, or closes connections of this user "
    "or address\n  at once. Its log then says \"connection refused\", and "
    "why.\n";

template <typename... Arguments>
std::string Printed(const Arguments&... arguments) {
  CapturedStream error(std::cerr);
  PrintError(arguments...);
  return error.text();
}

google::rpc::Status ErrorOf(int code, const std::string& message) {
  google::rpc::Status error;
  error.set_code(code);
  error.set_message(message);
  return error;
}

std::string PrintedRetry(int64_t seconds, int32_t nanos) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(seconds);
  retry.mutable_retry_delay()->set_nanos(nanos);
  google::rpc::Status error = ErrorOf(google::rpc::UNAVAILABLE, "busy");
  error.add_details()->PackFrom(retry);
  return Printed(error, "");
}

TEST(PrintErrorTest, PrintsCodeAndMessage) {
  EXPECT_EQ(Printed(ErrorOf(google::rpc::INTERNAL, "broken"), ""),
            "error: INTERNAL\n  broken\n");
}

TEST(PrintErrorTest, PutsTheSubjectFirst) {
  EXPECT_EQ(Printed(ErrorOf(google::rpc::INTERNAL, "broken"), "item 3"),
            "error: item 3: INTERNAL\n  broken\n");
}

TEST(PrintErrorTest, PrintsTheNumberOfACodeThatHasNoName) {
  EXPECT_EQ(Printed(ErrorOf(4711, "broken"), ""),
            "error: CODE_4711\n  broken\n");
}

TEST(PrintErrorTest, PrintsReasonAndEveryField) {
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_HTU");
  google::rpc::BadRequest bad_request;
  bad_request.add_field_violations()->set_field("requests[0].htu");
  bad_request.add_field_violations()->set_field("requests[7].htu");
  google::rpc::Status error = ErrorOf(google::rpc::INVALID_ARGUMENT, "no");
  error.add_details()->PackFrom(info);
  error.add_details()->PackFrom(bad_request);
  EXPECT_EQ(Printed(error, ""),
            "error: INVALID_ARGUMENT INVALID_HTU\n  no\n"
            "  field: requests[0].htu\n  field: requests[7].htu\n");
}

TEST(PrintErrorTest, PrintsTheDelayBeforeARetryInMilliseconds) {
  EXPECT_EQ(PrintedRetry(0, 0),
            "error: UNAVAILABLE\n  busy\n  retry: after 0 ms\n");
  EXPECT_THAT(PrintedRetry(0, 100'000'000), HasSubstr("after 100 ms\n"));
  EXPECT_THAT(PrintedRetry(2, 999'999'999), HasSubstr("after 2999 ms\n"));
}

TEST(PrintErrorTest, PassesOverDetailsThatItDoesNotKnowOrCannotRead) {
  google::rpc::Status error = ErrorOf(google::rpc::UNAVAILABLE, "busy");
  error.add_details()->PackFrom(google::protobuf::Empty());
  google::protobuf::Any* broken = error.add_details();
  broken->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  broken->set_value("\xff");
  EXPECT_EQ(Printed(error, ""), "error: UNAVAILABLE\n  busy\n");
}

TEST(PrintErrorTest, PrintsAnRpcStatusWithoutDetails) {
  EXPECT_EQ(Printed(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no server")),
            absl::StrCat("error: UNAVAILABLE\n  no server\n", kNoAnswer));
}

TEST(PrintErrorTest, PrintsAnRpcStatusWhoseDetailsCannotBeRead) {
  EXPECT_EQ(
      Printed(grpc::Status(grpc::StatusCode::UNAVAILABLE, "busy", "\xff")),
      absl::StrCat("error: UNAVAILABLE\n  busy\n", kNoAnswer));
}

// DEL, U+009B (CSI), U+202E (right-to-left override) and an escape sequence.
TEST(PrintErrorTest, EscapesWhatCommandsATerminal) {
  google::rpc::ErrorInfo info;
  info.set_reason("A\u009b");
  google::rpc::Status error =
      ErrorOf(google::rpc::INTERNAL, "a\x7f\u202e\n\033[2J");
  error.add_details()->PackFrom(info);
  EXPECT_EQ(Printed(error, ""),
            "error: INTERNAL A\\xc2\\x9b\n"
            "  a\\x7f\\xe2\\x80\\xae\\x0a\\x1b[2J\n");
  EXPECT_EQ(Printed(absl::UnavailableError("\u202e")),
            "error: \\xe2\\x80\\xae\n");
}

TEST(PrintErrorTest, PrintsTheErrorsOfTheServer) {
  EXPECT_EQ(Printed(service::ToRpcStatus(service::InvalidFieldError(
                        "INVALID_HTU", "htu", "got no scheme, want https")),
                    ""),
            "error: INVALID_ARGUMENT INVALID_HTU\n"
            "  htu: got no scheme, want https\n"
            "  field: htu\n");
}

absl::Status Parse(ServerFlags& flags, const std::vector<std::string>& words) {
  CLI::App app;
  flags.AddTo(app);
  return ParseWords(app, words);
}

TEST(ServerFlagsTest, HaveDefaults) {
  ServerFlags flags;
  ASSERT_THAT(Parse(flags, {}), IsOk());
  EXPECT_EQ(flags.target, service::kDefaultAddress);
  EXPECT_EQ(flags.timeout_seconds, 5);
  EXPECT_EQ(flags.tls_certificate, "");
  EXPECT_EQ(flags.tls_key, "");
  EXPECT_EQ(flags.tls_ca, "");
}

TEST(ServerFlagsTest, ReadEveryFlag) {
  ServerFlags flags;
  ASSERT_THAT(Parse(flags, {"--target=localhost:1", "--timeout=3600",
                            "--tls_certificate=/dev/null",
                            "--tls_key=/dev/zero", "--tls_ca=/dev/full"}),
              IsOk());
  EXPECT_EQ(flags.target, "localhost:1");
  EXPECT_EQ(flags.timeout_seconds, 3600);
  EXPECT_EQ(flags.tls_certificate, "/dev/null");
  EXPECT_EQ(flags.tls_key, "/dev/zero");
  EXPECT_EQ(flags.tls_ca, "/dev/full");
}

TEST(ServerFlagsTest, RefuseTlsWithoutAllThreeFiles) {
  const std::vector<std::string> files = {"--tls_certificate", "--tls_key",
                                          "--tls_ca"};
  // Each bit of `given` is one of the files.
  for (size_t given = 1; given < 7; ++given) {
    std::vector<std::string> words;
    for (size_t i = 0; i < files.size(); ++i) {
      if (given >> i & 1) words.push_back(files[i] + "=/dev/null");
    }
    ServerFlags flags;
    EXPECT_THAT(Parse(flags, words),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("requires --tls_")))
        << given;
  }
}

TEST(ServerFlagsTest, RefuseFilesThatDoNotExist) {
  for (const char* missing : {"--tls_certificate", "--tls_key", "--tls_ca"}) {
    std::vector<std::string> words = {std::string(missing) + "=/no/such/file"};
    ServerFlags flags;
    EXPECT_THAT(Parse(flags, words),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("/no/such/file")));
  }
}

TEST(ServerFlagsTest, RefuseWhatCannotBeATarget) {
  for (const char* target : {"/run/proofmintd.sock", "./a.sock", "unix:", ""}) {
    ServerFlags flags;
    EXPECT_THAT(Parse(flags, {"--target", target}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("want unix:PATH, HOST:PORT")))
        << target;
  }
}

TEST(ServerFlagsTest, RefuseTimeoutsOutOfRange) {
  for (const char* timeout : {"0", "-1", "3601", "soon"}) {
    ServerFlags flags;
    EXPECT_THAT(
        Parse(flags, {std::string("--timeout=") + timeout}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--timeout")))
        << timeout;
  }
}

}  // namespace
}  // namespace proofmint::tools
