#include "signer/service/contract/errors.h"

#include <gmock/gmock.h>
#include <grpcpp/server_context.h>
#include <grpcpp/test/server_context_test_spouse.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/service/testing/rpc_error_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::EqualsTextProto;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Pair;

constexpr char kInvalidHtuText[] = R"(
  code: 3  # INVALID_ARGUMENT
  message: "requests[3].htu: host is missing"
  details {
    [type.googleapis.com/google.rpc.BadRequest] {
      field_violations {
        field: "requests[3].htu"
        description: "host is missing"
      }
    }
  }
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "INVALID_HTU"
      domain: "proofmint"
    }
  })";

constexpr char kKeyGenerationText[] = R"(
  code: 14  # UNAVAILABLE
  message: "key generation failed: no entropy"
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "KEY_GENERATION_FAILED"
      domain: "proofmint"
    }
  }
  details {
    [type.googleapis.com/google.rpc.RetryInfo] {
      retry_delay { nanos: 100000000 }
    }
  })";

constexpr char kSigningText[] = R"(
  code: 14  # UNAVAILABLE
  message: "signing failed: no entropy"
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "SIGNING_FAILED"
      domain: "proofmint"
    }
  }
  details {
    [type.googleapis.com/google.rpc.RetryInfo] {
      retry_delay { nanos: 100000000 }
    }
  })";

absl::Status InvalidHtu() {
  return InvalidFieldError(kInvalidHtu, "requests[3].htu", "host is missing");
}

TEST(ErrorsTest, InvalidFieldNamesReasonAndField) {
  EXPECT_THAT(ToRpcStatus(InvalidHtu()), EqualsTextProto(kInvalidHtuText));
}

// The reasons are a contract: to change this list is to change the contract.
TEST(ErrorsTest, TheReasonsAreThese) {
  EXPECT_THAT(
      kReasons,
      ElementsAre("CALLER_NOT_ALLOWED", "CALLER_QUOTA_EXCEEDED",
                  "CRYPTO_SELF_TEST_FAILED", "DEADLINE_TOO_SHORT", "DRAINING",
                  "INVALID_ACCESS_TOKEN_SHA256", "INVALID_ALGORITHM",
                  "INVALID_BATCH_SIZE", "INVALID_HTM", "INVALID_HTU",
                  "INVALID_IAT_OFFSET", "INVALID_KEY_HANDLE", "INVALID_NONCE",
                  "INVALID_REQUEST", "KEY_GENERATION_FAILED", "NOT_READY",
                  "OVERLOADED", "SIGNING_FAILED"));
}

struct Golden {
  absl::Status error;
  const char* text;
  const char* pushback;  // null: none
};

std::vector<Golden> Goldens() {
  return {
      {InvalidKeyHandleError("requests[1].key_handle"), R"(
  code: 3  # INVALID_ARGUMENT
  message: "requests[1].key_handle: invalid, expired, or issued for another caller, algorithm or key-encryption key"
  details {
    [type.googleapis.com/google.rpc.BadRequest] {
      field_violations {
        field: "requests[1].key_handle"
        description: "invalid, expired, or issued for another caller, algorithm or key-encryption key"
      }
    }
  }
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "INVALID_KEY_HANDLE"
      domain: "proofmint"
    }
  })",
       nullptr},
      {DrainingError(absl::Milliseconds(350)), R"(
  code: 14  # UNAVAILABLE
  message: "server: shutting down"
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "DRAINING"
      domain: "proofmint"
    }
  }
  details {
    [type.googleapis.com/google.rpc.RetryInfo] {
      retry_delay { nanos: 350000000 }
    }
  })",
       "350"},
      {NotReadyError(), R"(
  code: 14  # UNAVAILABLE
  message: "server: cannot make proofs now"
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "NOT_READY"
      domain: "proofmint"
    }
  }
  details {
    [type.googleapis.com/google.rpc.RetryInfo] {
      retry_delay { nanos: 500000000 }
    }
  })",
       "500"},
      {CryptoSelfTestFailedError(), R"(
  code: 13  # INTERNAL
  message: "server: cryptographic self-test failed; signing is disabled"
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "CRYPTO_SELF_TEST_FAILED"
      domain: "proofmint"
    }
  })",
       nullptr},
      {CallerQuotaExceededError("uid:7", absl::Milliseconds(1250)), R"(
  code: 8  # RESOURCE_EXHAUSTED
  message: "caller: quota of proofs exceeded"
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "CALLER_QUOTA_EXCEEDED"
      domain: "proofmint"
    }
  }
  details {
    [type.googleapis.com/google.rpc.QuotaFailure] {
      violations { subject: "uid:7" description: "proofs a second" }
    }
  }
  details {
    [type.googleapis.com/google.rpc.RetryInfo] {
      retry_delay { seconds: 1 nanos: 250000000 }
    }
  })",
       "1250"},
      {DeadlineTooShortError(), R"(
  code: 4  # DEADLINE_EXCEEDED
  message: "deadline: too short, would pass before the answer"
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "DEADLINE_TOO_SHORT"
      domain: "proofmint"
    }
  })",
       nullptr},
      {CallerNotAllowedError("uid:7"), R"(
  code: 7  # PERMISSION_DENIED
  message: "caller: uid:7 is not allowed"
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "CALLER_NOT_ALLOWED"
      domain: "proofmint"
    }
  })",
       nullptr},
      {CallerNotAllowedError(""), R"pb(
         code: 16  # UNAUTHENTICATED
         message: "caller: could not be identified (no peer credentials or client certificate)"
         details {
           [type.googleapis.com/google.rpc.ErrorInfo] {
             reason: "CALLER_NOT_ALLOWED"
             domain: "proofmint"
           }
         })pb",
       nullptr}};
}

TEST(ErrorsTest, EachHasItsCodeItsReasonAndItsDetails) {
  for (const Golden& golden : Goldens()) {
    EXPECT_THAT(ToRpcStatus(golden.error), EqualsTextProto(golden.text));
    grpc::ServerContext context;
    ToGrpcStatus(golden.error, context);
    auto trailers =
        grpc::testing::ServerContextTestSpouse(&context).GetTrailingMetadata();
    ASSERT_EQ(trailers.size(), golden.pushback == nullptr ? 0u : 1u);
    if (golden.pushback != nullptr) {
      EXPECT_THAT(trailers,
                  ElementsAre(Pair("grpc-retry-pushback-ms", golden.pushback)));
    }
  }
}

TEST(ErrorsTest, OverloadIsJittered) {
  std::set<int32_t> delays;
  for (int i = 0; i < 50; ++i) {
    google::rpc::Status error =
        ToRpcStatus(i % 2 == 0 ? OverloadedError(1024) : UnreadAnswersError());
    EXPECT_EQ(error.code(), google::rpc::UNAVAILABLE);
    google::rpc::RetryInfo retry;
    ASSERT_EQ(error.details_size(), 2);
    ASSERT_TRUE(error.details(1).UnpackTo(&retry));
    EXPECT_EQ(retry.retry_delay().seconds(), 0);
    EXPECT_GE(retry.retry_delay().nanos(), 50'000'000);
    EXPECT_LE(retry.retry_delay().nanos(), 150'000'000);
    delays.insert(retry.retry_delay().nanos());
  }
  EXPECT_GT(delays.size(), 40u);
}

TEST(ErrorsTest, ReasonOfFindsTheReasonOrNothing) {
  EXPECT_EQ(ReasonOf(OverloadedError(1)), kOverloaded);
  EXPECT_EQ(ReasonOf(UnreadAnswersError()), kOverloaded);
  EXPECT_EQ(ReasonOf(ToRpcStatus(DrainingError(absl::Seconds(1)))), kDraining);
  EXPECT_EQ(ReasonOf(absl::InternalError("x")), "");
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_EQ(ReasonOf(google::rpc::Status()), "");
}

TEST(ErrorsTest, FailedKeyGenerationAsksForARetry) {
  // The cause's own code and payloads do not leak through.
  absl::Status cause = absl::InternalError("no entropy");
  cause.SetPayload("type.googleapis.com/x", absl::Cord("x"));
  EXPECT_THAT(ToRpcStatus(KeyGenerationFailedError(cause)),
              EqualsTextProto(kKeyGenerationText));
}

TEST(ErrorsTest, FailedSigningAsksForARetry) {
  EXPECT_THAT(
      ToRpcStatus(SigningFailedError(absl::DataLossError("no entropy"))),
      EqualsTextProto(kSigningText));
}

TEST(ErrorsTest, SuccessHasNeitherMessageNorDetails) {
  EXPECT_THAT(ToRpcStatus(absl::OkStatus()), EqualsTextProto(""));
}

TEST(ErrorsTest, ReasonsAreDistinctAndWellFormed) {
  std::set<absl::string_view> distinct(kReasons.begin(), kReasons.end());
  EXPECT_EQ(distinct.size(), kReasons.size());
  for (absl::string_view reason : kReasons) {
    EXPECT_THAT(std::string(reason), MatchesRegex("[A-Z][A-Z0-9_]+[A-Z0-9]"));
    EXPECT_LE(reason.size(), 63u);
  }
}

TEST(ErrorsTest, DetailsAlwaysHaveTheSameOrder) {
  std::string first = ToRpcStatus(InvalidHtu()).SerializeAsString();
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(ToRpcStatus(InvalidHtu()).SerializeAsString(), first);
  }
}

TEST(ErrorsTest, GrpcStatusCarriesTheSameStatusInItsDetails) {
  grpc::ServerContext context;
  grpc::Status status = ToGrpcStatus(InvalidHtu(), context);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "requests[3].htu: host is missing");
  EXPECT_THAT(DetailsOf(status), EqualsTextProto(kInvalidHtuText));
}

TEST(ErrorsTest, GrpcStatusOfSuccessIsBare) {
  grpc::ServerContext context;
  grpc::Status status = ToGrpcStatus(absl::OkStatus(), context);
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(ErrorsTest, OnlyRetryableErrorsSetThePushbackTrailer) {
  grpc::ServerContext retryable;
  ToGrpcStatus(SigningFailedError(absl::InternalError("no entropy")),
               retryable);
  EXPECT_THAT(
      grpc::testing::ServerContextTestSpouse(&retryable).GetTrailingMetadata(),
      ElementsAre(Pair("grpc-retry-pushback-ms", "100")));

  grpc::ServerContext final_error;
  ToGrpcStatus(InvalidHtu(), final_error);
  ToGrpcStatus(absl::OkStatus(), final_error);
  EXPECT_THAT(grpc::testing::ServerContextTestSpouse(&final_error)
                  .GetTrailingMetadata(),
              IsEmpty());
}

TEST(ErrorsTest, RoundsThePushbackUpSoThatNoClientComesTooEarly) {
  for (const auto& [delay, want] :
       {std::pair(absl::Microseconds(1), "1"),
        std::pair(absl::Milliseconds(350), "350"),
        std::pair(absl::Microseconds(350'001), "351")}) {
    grpc::ServerContext context;
    ToGrpcStatus(DrainingError(delay), context);
    EXPECT_THAT(
        grpc::testing::ServerContextTestSpouse(&context).GetTrailingMetadata(),
        ElementsAre(Pair("grpc-retry-pushback-ms", want)));
  }
}

}  // namespace
}  // namespace proofmint::service
