#include "signer/dpop/base64url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/sha2.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::FakeEntropy;
using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

struct Vector {
  absl::string_view bytes;
  absl::string_view text;
};

constexpr Vector kVectors[] = {
    // RFC 4648 section 10, without padding.
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},
    // RFC 7515 appendix C.
    {"\x03\xec\xff\xe0\xc1", "A-z_4ME"},
};

// Encodes, and checks a guard byte after the text.
std::string Encode(absl::string_view bytes) {
  std::string text(Base64UrlSize(bytes.size()) + 1, '\x7f');
  EncodeBase64Url(crypto::AsBytes(bytes), text.data());
  EXPECT_EQ(text.back(), '\x7f') << "wrote beyond its size";
  text.pop_back();
  return text;
}

void ExpectRefused(absl::string_view text) {
  EXPECT_THAT(
      DecodeBase64Url(text),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("base64url")))
      << absl::CEscape(text);
}

TEST(Base64UrlTest, EncodesThePublishedVectors) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(Encode(vector.bytes), vector.text);
  }
}

TEST(Base64UrlTest, DecodesThePublishedVectors) {
  for (const Vector& vector : kVectors) {
    absl::StatusOr<std::string> bytes = DecodeBase64Url(vector.text);
    ASSERT_THAT(bytes, IsOk()) << vector.text;
    EXPECT_EQ(*bytes, vector.bytes);
  }
}

TEST(Base64UrlTest, AgreesWithAbseilOnEverySizeUpTo300) {
  FakeEntropy entropy;
  for (size_t size = 0; size <= 300; ++size) {
    std::vector<uint8_t> random(size);
    ASSERT_THAT(entropy.Fill(random), IsOk());
    std::string bytes(random.begin(), random.end());
    std::string text = Encode(bytes);
    EXPECT_EQ(text, absl::WebSafeBase64Escape(bytes));
    absl::StatusOr<std::string> back = DecodeBase64Url(text);
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(*back, bytes);
  }
}

// Tries each of the 64 values in each of the four places of a group.
TEST(Base64UrlTest, EncodesEveryValueToItsCharacter) {
  for (uint32_t value = 0; value < 64; ++value) {
    for (int place = 0; place < 4; ++place) {
      uint32_t group = value << (18 - 6 * place);
      std::string bytes = {static_cast<char>(group >> 16),
                           static_cast<char>(group >> 8),
                           static_cast<char>(group)};
      std::string want = "AAAA";
      want[static_cast<size_t>(place)] = kAlphabet[value];
      EXPECT_EQ(Encode(bytes), want);
    }
  }
}

TEST(Base64UrlTest, SizeEqualsTheSizeOfTheText) {
  constexpr std::array<size_t, 8> kSizes = {0, 2, 3, 4, 6, 7, 8, 10};
  for (size_t size = 0; size < kSizes.size(); ++size) {
    EXPECT_EQ(Base64UrlSize(size), kSizes[size]);
  }
  EXPECT_EQ(Base64UrlSize(16), 22u);
  EXPECT_EQ(Base64UrlSize(32), 43u);
  EXPECT_EQ(Base64UrlSize(64), 86u);
}

TEST(DecodeBase64UrlTest, AcceptsNoByteOutsideTheAlphabet) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string text = "AAAA";
    for (char& place : text) {
      place = static_cast<char>(byte);
      if (kAlphabet.find(place) == absl::string_view::npos) {
        ExpectRefused(text);
      } else {
        EXPECT_THAT(DecodeBase64Url(text), IsOk()) << text;
      }
      place = 'A';
    }
  }
}

TEST(DecodeBase64UrlTest, RefusesWhatLenientDecodersAccept) {
  for (absl::string_view text :
       {"Zg==",   "Zg=",   "Zm8=",   "Zm9v=",    "Zm9v====",
        "=",      "==",    "A+z_",   "A/z_",     "Zm 9v",
        " Zm9v",  "Zm9v ", "Zm9v\n", "Zm9v\r\n", "Zm\n9v",
        "\tZm9v", "Zm9v.", "Zm8.",   "Zg..",     "Zm9v\xc3\xa9"}) {
    ExpectRefused(text);
  }
  ExpectRefused({"Zm9v\0", 5});
  ExpectRefused({"\0Zm9v", 5});
  ExpectRefused({"Zm\09v", 5});
}

TEST(DecodeBase64UrlTest, RefusesImpossibleSizes) {
  for (size_t size = 1; size <= 41; size += 4) {
    ExpectRefused(std::string(size, 'A'));
  }
}

TEST(DecodeBase64UrlTest, RefusesSetTrailingBits) {
  for (size_t value = 0; value < 64; ++value) {
    std::string one = {'A', kAlphabet[value]};
    std::string two = {'A', 'A', kAlphabet[value]};
    EXPECT_EQ(DecodeBase64Url(one).ok(), value % 16 == 0) << one;
    EXPECT_EQ(DecodeBase64Url(two).ok(), value % 4 == 0) << two;
  }
}

TEST(DecodeBase64UrlTest, NeverQuotesTheText) {
  EXPECT_THAT(DecodeBase64Url("SECRET!!").status().message(),
              Not(HasSubstr("SECRET")));
}

}  // namespace
}  // namespace proofmint::dpop
