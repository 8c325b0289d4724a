#include "signer/service/contract/request_validation.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "google/rpc/code.pb.h"
#include "signer/service/contract/errors.h"
#include "tests/service/testing/rpc_error_matchers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::IsFieldError;
using ::proofmint::testing::IsOk;
using ::testing::ElementsAreArray;
using ::testing::Not;

v1::SignProofRequest GoodRequest() {
  v1::SignProofRequest request;
  request.set_htm("POST");
  request.set_htu("https://idp.example/token");
  return request;
}

absl::StatusOr<ValidRequest> Validate(const v1::SignProofRequest& request,
                                      absl::string_view prefix = "") {
  // Static, since the result has views into it.
  static dpop::HtuBuffer* const htu_buffer = new dpop::HtuBuffer;
  return ValidateRequest(request, prefix, *htu_buffer);
}

// The refusal of `request` as a caller sees it.
google::rpc::Status Refusal(const v1::SignProofRequest& request,
                            absl::string_view prefix = "") {
  absl::StatusOr<ValidRequest> valid = Validate(request, prefix);
  EXPECT_THAT(valid, Not(IsOk())) << request.DebugString();
  return ToRpcStatus(valid.status());
}

TEST(RequestValidationTest, KeepsEveryValueOfAGoodRequest) {
  v1::SignProofRequest request = GoodRequest();
  request.set_algorithm(v1::ALGORITHM_EDDSA);
  request.set_htm("pOsT");
  request.set_htu("HTTPS://IDP.example:443?code=1");
  request.set_nonce("a-nonce");
  request.set_access_token_sha256(std::string(32, '\xa5'));
  request.mutable_iat_offset()->set_seconds(-7);
  request.mutable_iat_offset()->set_nanos(-250'000'000);
  dpop::HtuBuffer htu_buffer;
  absl::StatusOr<ValidRequest> valid = ValidateRequest(request, "", htu_buffer);
  ASSERT_THAT(valid, IsOk());
  EXPECT_EQ(valid->algorithm, dpop::Algorithm::kEdDsa);
  EXPECT_EQ(valid->htm, "pOsT");
  EXPECT_EQ(valid->htu, "https://idp.example/");
  EXPECT_EQ(valid->nonce, "a-nonce");
  ASSERT_TRUE(valid->access_token_sha256.has_value());
  EXPECT_THAT(*valid->access_token_sha256,
              ElementsAreArray(std::string(32, '\xa5')));
  EXPECT_EQ(valid->iat_offset, -absl::Milliseconds(7250));
}

TEST(RequestValidationTest, LeavesOutWhatIsNotSet) {
  absl::StatusOr<ValidRequest> valid = Validate(GoodRequest());
  ASSERT_THAT(valid, IsOk());
  EXPECT_EQ(valid->nonce, "");
  EXPECT_FALSE(valid->access_token_sha256.has_value());
  EXPECT_EQ(valid->iat_offset, absl::ZeroDuration());
}

TEST(RequestValidationTest, KnowsFourAlgorithmValues) {
  constexpr std::array<dpop::Algorithm, 4> kWant = {
      dpop::Algorithm::kEs256, dpop::Algorithm::kEs256,
      dpop::Algorithm::kEd25519, dpop::Algorithm::kEdDsa};
  v1::SignProofRequest request = GoodRequest();
  for (int value = 0; value < 4; ++value) {
    request.set_algorithm(static_cast<v1::Algorithm>(value));
    absl::StatusOr<ValidRequest> valid = Validate(request);
    ASSERT_THAT(valid, IsOk()) << value;
    EXPECT_EQ(valid->algorithm, kWant[value]);
  }
}

TEST(RequestValidationTest, RefusesAlgorithmsOfTheFuture) {
  v1::SignProofRequest request = GoodRequest();
  for (int value : {4, 99, -1, std::numeric_limits<int>::max(),
                    std::numeric_limits<int>::min()}) {
    request.set_algorithm(static_cast<v1::Algorithm>(value));
    google::rpc::Status error = Refusal(request);
    EXPECT_THAT(error, IsFieldError(google::rpc::INVALID_ARGUMENT,
                                    "INVALID_ALGORITHM", "algorithm"));
    EXPECT_THAT(error.message(), ::testing::HasSubstr(std::to_string(value)));
  }
}

TEST(RequestValidationTest, RefusesAMethodThatIsNoToken) {
  v1::SignProofRequest request = GoodRequest();
  for (std::string htm :
       {std::string(), std::string("PO ST"), std::string("P\"OST"),
        std::string("POST\r\n"), std::string("\xc3\xa9"),
        std::string("P\0ST", 4), std::string(33, 'A')}) {
    request.set_htm(htm);
    EXPECT_THAT(Refusal(request), IsFieldError(google::rpc::INVALID_ARGUMENT,
                                               "INVALID_HTM", "htm"));
  }
  request.set_htm(std::string(32, 'A'));
  EXPECT_THAT(Validate(request), IsOk());
}

TEST(RequestValidationTest, RefusesATargetThatIsNoHttpUri) {
  v1::SignProofRequest request = GoodRequest();
  std::string longest = "https://idp.example/" + std::string(2028, 'a');
  for (std::string htu :
       {std::string(), std::string("idp.example/token"),
        std::string("ftp://idp.example/"), std::string("https://u@idp.example"),
        std::string("https://idp.example/a b"), longest + "a"}) {
    request.set_htu(htu);
    EXPECT_THAT(Refusal(request), IsFieldError(google::rpc::INVALID_ARGUMENT,
                                               "INVALID_HTU", "htu"));
  }
  request.set_htu(longest);
  EXPECT_THAT(Validate(request), IsOk());
}

TEST(RequestValidationTest, RefusesANonceBeyondNqchar) {
  v1::SignProofRequest request = GoodRequest();
  for (std::string nonce :
       {std::string("a b"), std::string("a\"b"), std::string("a\\b"),
        std::string("\x7f"), std::string("\0", 1), std::string("\xc3\xa9"),
        std::string(1537, 'n')}) {
    request.set_nonce(nonce);
    EXPECT_THAT(Refusal(request), IsFieldError(google::rpc::INVALID_ARGUMENT,
                                               "INVALID_NONCE", "nonce"));
  }
  request.set_nonce(std::string(1536, 'n'));
  EXPECT_THAT(Validate(request), IsOk());
}

TEST(RequestValidationTest, TakesADigestOf32BytesOrNone) {
  v1::SignProofRequest request = GoodRequest();
  for (size_t size = 0; size <= 64; ++size) {
    request.set_access_token_sha256(std::string(size, '\0'));
    if (size == 0 || size == 32) {
      absl::StatusOr<ValidRequest> valid = Validate(request);
      ASSERT_THAT(valid, IsOk());
      EXPECT_EQ(valid->access_token_sha256.has_value(), size == 32);
    } else {
      EXPECT_THAT(Refusal(request), IsFieldError(google::rpc::INVALID_ARGUMENT,
                                                 "INVALID_ACCESS_TOKEN_SHA256",
                                                 "access_token_sha256"));
    }
  }
}

struct Offset {
  int64_t seconds;
  int32_t nanos;
};

constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();
constexpr int32_t kMin32 = std::numeric_limits<int32_t>::min();
constexpr int32_t kMax32 = std::numeric_limits<int32_t>::max();

TEST(RequestValidationTest, TakesAnIatOffsetOfUpTo300Seconds) {
  v1::SignProofRequest request = GoodRequest();
  for (Offset offset :
       {Offset{0, 0}, Offset{300, 0}, Offset{-300, 0}, Offset{0, 1},
        Offset{0, -1}, Offset{0, 999'999'999}, Offset{0, -999'999'999},
        Offset{299, 999'999'999}, Offset{-299, -999'999'999}, Offset{1, 1},
        Offset{-1, -1}}) {
    request.mutable_iat_offset()->set_seconds(offset.seconds);
    request.mutable_iat_offset()->set_nanos(offset.nanos);
    absl::StatusOr<ValidRequest> valid = Validate(request);
    ASSERT_THAT(valid, IsOk()) << request.DebugString();
    EXPECT_EQ(valid->iat_offset,
              absl::Seconds(offset.seconds) + absl::Nanoseconds(offset.nanos));
  }
}

TEST(RequestValidationTest, RefusesAnIatOffsetThatIsTooLongOrNoDuration) {
  v1::SignProofRequest request = GoodRequest();
  for (Offset offset :
       {Offset{300, 1}, Offset{-300, -1}, Offset{301, 0}, Offset{-301, 0},
        // Nanos of the wrong sign or of a second and more.
        Offset{1, -1}, Offset{-1, 1}, Offset{300, -1}, Offset{301, -1},
        Offset{0, 1'000'000'000}, Offset{0, -1'000'000'000},
        Offset{1, 1'000'000'000}, Offset{0, kMax32}, Offset{0, kMin32},
        // Values whose sum does not fit.
        Offset{kMax64, 0}, Offset{kMin64, 0}, Offset{kMax64, kMax32},
        Offset{kMin64, kMin32}, Offset{kMax64, 999'999'999},
        Offset{kMin64, -999'999'999}, Offset{kMax64, kMin32}}) {
    request.mutable_iat_offset()->set_seconds(offset.seconds);
    request.mutable_iat_offset()->set_nanos(offset.nanos);
    EXPECT_THAT(Refusal(request),
                IsFieldError(google::rpc::INVALID_ARGUMENT,
                             "INVALID_IAT_OFFSET", "iat_offset"));
  }
}

TEST(RequestValidationTest, HandsOverAKeyHandleAsItIs) {
  v1::SignProofRequest request = GoodRequest();
  request.set_key_handle(std::string("\0\xff", 2));
  absl::StatusOr<ValidRequest> valid = Validate(request);
  ASSERT_THAT(valid, IsOk());
  EXPECT_EQ(valid->key_handle, request.key_handle());
}

TEST(RequestValidationTest, PutsThePrefixBeforeEveryField) {
  for (const char* text :
       {"algorithm: 99", "htm: ' '", "htu: ' '", "nonce: ' '",
        "access_token_sha256: 'x'", "iat_offset { seconds: 301 }"}) {
    v1::SignProofRequest wrong;
    google::protobuf::TextFormat::Parser parser;
    // Enumerations of proto3 are open on the wire but closed in text.
    if (std::string(text) == "algorithm: 99") {
      wrong.set_algorithm(static_cast<v1::Algorithm>(99));
    } else {
      ASSERT_TRUE(parser.ParseFromString(text, &wrong)) << text;
    }
    v1::SignProofRequest request = GoodRequest();
    request.MergeFrom(wrong);
    std::string field(text, std::string(text).find_first_of(": "));
    google::rpc::Status error = Refusal(request, "requests[7].");
    EXPECT_THAT(
        error,
        IsFieldError(
            error.code(),
            proofmint::testing::DetailsOfType<google::rpc::ErrorInfo>(error)[0]
                .reason(),
            "requests[7]." + field));
  }
}

}  // namespace
}  // namespace proofmint::service
