#include "signer/dpop/syntax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// RFC 9110 section 5.6.2: tchar, character by character.
constexpr absl::string_view kTokenChars =
    "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`"
    "abcdefghijklmnopqrstuvwxyz|~";

// RFC 9449 section 8.1: NQCHAR, character by character.
constexpr absl::string_view kNonceChars =
    "!#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`"
    "abcdefghijklmnopqrstuvwxyz{|}~";

TEST(ValidateHtmTest, AcceptsTheRegisteredMethods) {
  for (absl::string_view htm : {"GET", "HEAD", "POST", "PUT", "DELETE",
                                "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
    EXPECT_THAT(ValidateHtm(htm), IsOk()) << htm;
  }
}

//= rfc9449#4.2
//# The value of the HTTP method (Section 9.1 of [RFC9110]) of the request to
//# which the JWT is attached.
//# type=test
TEST(ValidateHtmTest, AcceptsBothCases) {
  EXPECT_THAT(ValidateHtm("post"), IsOk());
  EXPECT_THAT(ValidateHtm("VERSION-CONTROL"), IsOk());
}

TEST(ValidateHtmTest, AcceptsExactlyTheBytesOfAToken) {
  ASSERT_EQ(kTokenChars.size(), 77u);
  for (int byte = 0; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    std::string wanted =
        absl::StrFormat("got byte 0x%02x at offset 2, want ", byte);
    if (kTokenChars.find(c) != absl::string_view::npos) {
      EXPECT_THAT(ValidateHtm({&c, 1}), IsOk()) << byte;
    } else {
      EXPECT_THAT(ValidateHtm({&c, 1}),
                  StatusIs(kInvalid, HasSubstr("at offset 0")))
          << byte;
      EXPECT_THAT(ValidateHtm(std::string("PO") + c + "ST"),
                  StatusIs(kInvalid, HasSubstr(wanted)));
      EXPECT_THAT(ValidateHtm(std::string("PO") + c),
                  StatusIs(kInvalid, HasSubstr(wanted)));
    }
  }
}

TEST(ValidateHtmTest, HoldsToItsSizes) {
  EXPECT_THAT(ValidateHtm(""), StatusIs(kInvalid, "got 0 bytes, want 1 to 32"));
  EXPECT_THAT(ValidateHtm({}), StatusIs(kInvalid, "got 0 bytes, want 1 to 32"));
  EXPECT_THAT(ValidateHtm("A"), IsOk());
  EXPECT_THAT(ValidateHtm(std::string(32, 'A')), IsOk());
  EXPECT_THAT(ValidateHtm(std::string(33, 'A')),
              StatusIs(kInvalid, "got 33 bytes, want 1 to 32"));
  EXPECT_THAT(ValidateHtm(std::string(1 << 20, 'A')), Not(IsOk()));
}

TEST(ValidateNonceTest, AcceptsTheExampleOfRfc9449) {
  // RFC 9449 section 8.
  EXPECT_THAT(ValidateNonce("eyJ7S_zG.eyJH0-Z.HX4w-7v"), IsOk());
}

//= rfc9449#8.1
//# nonce = 1*NQCHAR
//# type=test
TEST(ValidateNonceTest, AcceptsExactlyNqchar) {
  ASSERT_EQ(kNonceChars.size(), 92u);
  for (int byte = 0; byte < 256; ++byte) {
    char c = static_cast<char>(byte);
    if (kNonceChars.find(c) != absl::string_view::npos) {
      EXPECT_THAT(ValidateNonce({&c, 1}), IsOk()) << byte;
    } else {
      EXPECT_THAT(ValidateNonce({&c, 1}),
                  StatusIs(kInvalid, HasSubstr("at offset 0")))
          << byte;
      EXPECT_THAT(ValidateNonce(std::string("ab") + c + "d"),
                  StatusIs(kInvalid, HasSubstr("at offset 2")));
      EXPECT_THAT(ValidateNonce(std::string("ab") + c),
                  StatusIs(kInvalid, HasSubstr("at offset 2")));
    }
  }
}

TEST(ValidateNonceTest, HoldsToItsSizes) {
  EXPECT_THAT(ValidateNonce(""),
              StatusIs(kInvalid, "got 0 bytes, want 1 to 1536"));
  EXPECT_THAT(ValidateNonce("a"), IsOk());
  EXPECT_THAT(ValidateNonce(std::string(1536, 'a')), IsOk());
  EXPECT_THAT(ValidateNonce(std::string(1537, 'a')),
              StatusIs(kInvalid, "got 1537 bytes, want 1 to 1536"));
}

// The message must not depend on the nonce or on the invalid byte.
TEST(ValidateNonceTest, NeverQuotesTheNonce) {
  std::string want(ValidateNonce("aaaa\x01").message());
  for (absl::string_view nonce :
       {"Q9Z8\"", "Q9Z8\\", "Q9Z8 ", "Q9Z8\x7f", "Q9Z8\xff"}) {
    EXPECT_EQ(ValidateNonce(nonce).message(), want);
  }
}

}  // namespace
}  // namespace proofmint::dpop
