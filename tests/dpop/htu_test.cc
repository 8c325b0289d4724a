#include "signer/dpop/htu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "tests/dpop/htu_cases.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::dpop {
namespace {

using proofmint::testing::IsOk;
using proofmint::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// Matches every message of NormalizeHtu: what it got and what it wants, where
// it can show that; otherwise what is wrong.
constexpr char kMessages[] =
    "got .+, want .+|port out of range, want .+|host is missing|"
    "userinfo is not allowed|not an .+|'.' without .+|"
    "'%' at offset [0-9]+ is not followed by .+";

// Returns the normalized URI, or the message of the error.
std::string Normalize(absl::string_view uri) {
  HtuBuffer buffer;
  absl::StatusOr<absl::string_view> htu = NormalizeHtu(uri, buffer);
  if (!htu.ok()) return std::string(htu.status().message());
  EXPECT_EQ(htu->data(), buffer.data());
  return std::string(*htu);
}

absl::Status StatusOfNormalize(absl::string_view uri) {
  HtuBuffer buffer;
  return NormalizeHtu(uri, buffer).status();
}

std::string WithHostOf(size_t size) {
  return absl::StrCat("https://", std::string(size, 'h'), "/p");
}

std::string OfSize(size_t size, absl::string_view start) {
  return absl::StrCat(start, std::string(size - start.size(), 'x'));
}

//= rfc9449#4.2
//# The HTTP target URI (Section 7.1 of [RFC9110]) of the request to which the
//# JWT is attached, without query and fragment parts.
//# type=test
TEST(NormalizeHtuTest, GivesTheFormThatVerifiersCompare) {
  for (const AcceptedHtu& accepted : kAcceptedHtus) {
    EXPECT_EQ(Normalize(accepted.uri), accepted.htu) << accepted.uri;
  }
}

TEST(NormalizeHtuTest, RefusesInvalidUris) {
  for (const RejectedHtu& rejected : kRejectedHtus) {
    EXPECT_THAT(StatusOfNormalize(rejected.uri),
                StatusIs(kInvalid, HasSubstr(rejected.message)))
        << absl::CEscape(rejected.uri);
  }
}

TEST(NormalizeHtuTest, SaysWhatIsWrong) {
  for (const RejectedHtu& rejected : kRejectedHtus) {
    EXPECT_THAT(Normalize(rejected.uri), MatchesRegex(kMessages))
        << absl::CEscape(rejected.uri);
  }
}

// Tries every byte in host, port and path. kAllowed lists what RFC 3986
// appendix A allows in a path, or what ends it, and "[]|^".
TEST(NormalizeHtuTest, RefusesEveryByteThatClientsDoNotSendInAPath) {
  constexpr absl::string_view kAllowed =
      "!#$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
      "abcdefghijklmnopqrstuvwxyz~";
  ASSERT_EQ(kAllowed.size(), 83u);
  for (int byte = 0; byte < 256; ++byte) {
    std::string c(1, static_cast<char>(byte));
    if (absl::StrContains(kAllowed, c)) continue;
    for (const std::string& uri :
         {"https://h/" + c, "https://h/p" + c + "p", "https://h" + c + "h/p",
          "https://h:44" + c + "3/p"}) {
      const bool in_path = uri[9] == '/';
      if (in_path && absl::StrContains("[]|^", c)) {
        EXPECT_EQ(Normalize(uri), uri);
        continue;
      }
      EXPECT_THAT(StatusOfNormalize(uri),
                  StatusIs(kInvalid, HasSubstr(absl::StrFormat(
                                         "got byte 0x%02x at offset", byte))))
          << absl::CEscape(uri);
    }
  }
}

TEST(NormalizeHtuTest, DropsAQueryOrFragmentOfAnyVisibleBytes) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string c(1, static_cast<char>(byte));
    for (const std::string& uri :
         {"https://h/?" + c, "https://h?q" + c + "q", "https://h/#" + c,
          "https://h#f" + c + "f", "https://h?q#f" + c}) {
      if (byte > 0x20 && byte < 0x7f) {
        EXPECT_EQ(Normalize(uri), "https://h/") << absl::CEscape(uri);
      } else {
        EXPECT_THAT(StatusOfNormalize(uri),
                    StatusIs(kInvalid, HasSubstr(absl::StrFormat(
                                           "got byte 0x%02x at offset", byte))))
            << absl::CEscape(uri);
      }
    }
  }
}

TEST(NormalizeHtuTest, AllowsInAHostOnlyLettersDigitsHyphenDotAndUnderscore) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string c(1, static_cast<char>(byte));
    bool allowed = absl::StrContains(
        "-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c);
    bool delimiter = absl::StrContains("/?#:", c);
    if (delimiter) continue;
    EXPECT_EQ(StatusOfNormalize("https://h" + c + "h/p").ok(), allowed) << byte;
  }
}

TEST(NormalizeHtuTest, RefusesAZeroByteAnywhere) {
  for (absl::string_view uri : {absl::string_view("https://h\0.evil/p", 17),
                                absl::string_view("https://[::1\0]/p", 16),
                                absl::string_view("https://h:443\0/p", 16),
                                absl::string_view("https://h/p\0", 12),
                                absl::string_view("\0https://h/p", 12)}) {
    EXPECT_THAT(StatusOfNormalize(uri), Not(IsOk())) << absl::CEscape(uri);
  }
}

TEST(NormalizeHtuTest, HoldsToTheSizeOfAUri) {
  EXPECT_THAT(Normalize(OfSize(2048, "https://h/")),
              OfSize(2048, "https://h/"));
  EXPECT_EQ(Normalize(OfSize(2049, "https://h/")),
            "got 2049 bytes, want 1 to 2048");
  EXPECT_EQ(Normalize(OfSize(2048, "https://h?")), "https://h/");
  EXPECT_EQ(Normalize(OfSize(2049, "https://h?")),
            "got 2049 bytes, want 1 to 2048");
  EXPECT_EQ(Normalize(std::string(1 << 20, '[')),
            "got 1048576 bytes, want 1 to 2048");
}

TEST(NormalizeHtuTest, HoldsToTheSizeOfAHost) {
  EXPECT_EQ(Normalize(WithHostOf(255)), WithHostOf(255));
  EXPECT_EQ(Normalize(WithHostOf(256)),
            "got a host of 256 bytes, want 1 to 255");
}

TEST(NormalizeHtuTest, NeverShowsMoreThanOneByteOfTheUri) {
  constexpr absl::string_view kMarker = "QXZJQXZJ";
  for (absl::string_view uri :
       {"QXZJQXZJ://h/p", "https://QXZJQXZJ h/p", "https://h:QXZJQXZJ/p",
        "https://QXZJQXZJ@h/p", "https://u:QXZJQXZJ@h/p",
        "https://[QXZJQXZJ]/p", "https://[QXZJQXZJ/p", "https://[::1]QXZJQXZJ",
        "https://h/QXZJQXZJ<", "https://h/%zz?code=QXZJQXZJ",
        "https://h/?code=QXZJQXZJ ", "https://h/p{?code=QXZJQXZJ",
        "https://h:0/?code=QXZJQXZJ", "https:///?code=QXZJQXZJ",
        "ftp://h/?code=QXZJQXZJ", "https://h/#QXZJQXZJ\t"}) {
    std::string message(StatusOfNormalize(uri).message());
    EXPECT_THAT(message, MatchesRegex(kMessages)) << uri;
    for (size_t i = 0; i + 2 <= kMarker.size(); ++i) {
      EXPECT_THAT(message, Not(HasSubstr(std::string(kMarker.substr(i, 2)))))
          << uri;
    }
  }
  EXPECT_THAT(Normalize(OfSize(4000, "https://h/?code=QXZJQXZJ")),
              Not(HasSubstr("QX")));
}

// Expects what must be true of the result for any URI: a message that matches
// kMessages, or a normalized htu.
void ExpectSound(absl::string_view uri) {
  // To compile the regular expression takes longer than all else here.
  static const auto* const refusal =
      new ::testing::Matcher<const absl::Status&>(
          StatusIs(kInvalid, MatchesRegex(kMessages)));
  SCOPED_TRACE(absl::CEscape(uri));
  HtuBuffer buffer;
  absl::StatusOr<absl::string_view> htu = NormalizeHtu(uri, buffer);
  if (!htu.ok()) {
    EXPECT_THAT(htu.status(), *refusal);
    return;
  }
  std::string text(*htu);
  EXPECT_LE(text.size(), kMaxNormalizedHtuSize);
  EXPECT_LE(text.size(), uri.size() + 1);
  EXPECT_TRUE(absl::StartsWith(text, "https://") ||
              absl::StartsWith(text, "http://"));
  for (char c : text) {
    EXPECT_TRUE(c > 0x20 && c < 0x7f && c != '"' && c != '\\') << int{c};
    EXPECT_TRUE(c != '?' && c != '#');
  }
  EXPECT_EQ(Normalize(text), text) << "not idempotent";
}

TEST(NormalizeHtuTest, IsSoundOnRandomBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 50000; ++i) {
    std::string uri = i % 2 == 0 ? "https://" : "";
    for (size_t left = random() % 20; left > 0; --left) {
      uri += static_cast<char>(random() % 256);
    }
    ExpectSound(uri);
  }
}

TEST(NormalizeHtuTest, IsSoundOnRandomPiecesOfUris) {
  const std::vector<std::string> pieces = {
      "https://", "HTTP://", "h", "H.example", "/",   "//",  "?",
      "#",        "@",       ":", ":443",      ":80", ":0",  "[",
      "]",        "::1",     "%", "%41",       "%2f", "..",  ".",
      "\\",       "\"",      " ", "é",         "\n",  "a=b", "127.0.0.1",
      "[::1]",    "~",       "_", "|",         "{"};
  std::mt19937 random(2);
  int accepted = 0;
  for (int i = 0; i < 100000; ++i) {
    std::string uri = pieces[random() % 2];
    for (size_t left = random() % 8; left > 0; --left) {
      uri += pieces[random() % pieces.size()];
    }
    ExpectSound(uri);
    accepted += StatusOfNormalize(uri).ok();
  }
  EXPECT_GT(accepted, 1000) << "too few accepted URIs for a meaningful test";
}

}  // namespace
}  // namespace proofmint::dpop
