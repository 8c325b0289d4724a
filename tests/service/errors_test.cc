#include "signer/service/errors.h"

#include <gmock/gmock.h>
#include <grpcpp/server_context.h>
#include <grpcpp/test/server_context_test_spouse.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "google/rpc/status.pb.h"
#include "tests/service/rpc_error_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::EqualsTextProto;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Pair;

// Everything that a caller can be told. A reason is a contract: to change this
// list is to change the contract.
const std::vector<absl::string_view>& Reasons() {
  static const auto* const reasons =
      new std::vector<absl::string_view>{kInvalidAccessTokenSha256,
                                         kInvalidAlgorithm,
                                         kInvalidBatchSize,
                                         kInvalidHtm,
                                         kInvalidHtu,
                                         kInvalidIatOffset,
                                         kInvalidNonce,
                                         kKeyGenerationFailed,
                                         kKeyHandlesUnimplemented,
                                         kSigningFailed};
  return *reasons;
}

constexpr char kInvalidHtuText[] = R"(
  code: 3  # INVALID_ARGUMENT
  message: "requests[3].htu: got no host, want one"
  details {
    [type.googleapis.com/google.rpc.BadRequest] {
      field_violations {
        field: "requests[3].htu"
        description: "got no host, want one"
      }
    }
  }
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "INVALID_HTU"
      domain: "proofmint"
    }
  })";

constexpr char kKeyHandleText[] = R"(
  code: 12  # UNIMPLEMENTED
  message: "key_handle: got a value, want none: this version has no key handles"
  details {
    [type.googleapis.com/google.rpc.BadRequest] {
      field_violations {
        field: "key_handle"
        description: "got a value, want none: this version has no key handles"
      }
    }
  }
  details {
    [type.googleapis.com/google.rpc.ErrorInfo] {
      reason: "KEY_HANDLES_UNIMPLEMENTED"
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
  return InvalidFieldError(kInvalidHtu, "requests[3].htu",
                           "got no host, want one");
}

TEST(ErrorsTest, InvalidFieldNamesReasonAndField) {
  EXPECT_THAT(ToRpcStatus(InvalidHtu()), EqualsTextProto(kInvalidHtuText));
}

TEST(ErrorsTest, KeyHandlesAreUnimplementedByName) {
  EXPECT_THAT(ToRpcStatus(KeyHandlesUnimplementedError("key_handle")),
              EqualsTextProto(kKeyHandleText));
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
  std::set<absl::string_view> distinct(Reasons().begin(), Reasons().end());
  EXPECT_EQ(distinct.size(), Reasons().size());
  for (absl::string_view reason : Reasons()) {
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
  EXPECT_EQ(status.error_message(), "requests[3].htu: got no host, want one");
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

}  // namespace
}  // namespace proofmint::service
