#include "signer/exchange/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "signer/exchange/json_object.h"
#include "signer/exchange/printable_text.h"

namespace proofmint {
namespace {

TEST(OutcomeTest, NothingHasHappenedAtFirst) {
  const Outcome outcome;
  EXPECT_EQ(outcome.verdict, Verdict::kNotSent);
  EXPECT_FALSE(outcome.ok());
}

TEST(OutcomeTest, EveryValueHasANameOfItsOwn) {
  std::set<std::string> verdicts;
  for (int i = 0; i <= static_cast<int>(Verdict::kNotSent); ++i) {
    verdicts.insert(std::string(VerdictName(static_cast<Verdict>(i))));
  }
  EXPECT_EQ(verdicts.size(), 11u);
  std::set<std::string> bindings;
  for (int i = 0; i <= static_cast<int>(Binding::kMismatch); ++i) {
    bindings.insert(std::string(BindingName(static_cast<Binding>(i))));
  }
  EXPECT_EQ(bindings.size(), 4u);
  std::set<std::string> hints;
  std::set<std::string> texts;
  for (int i = 0; i <= static_cast<int>(Hint::kTokenNotUsable); ++i) {
    hints.insert(std::string(HintName(static_cast<Hint>(i))));
    texts.insert(std::string(HintText(static_cast<Hint>(i))));
  }
  EXPECT_EQ(hints.size(), 16u);
  EXPECT_EQ(texts.size(), 16u);
  EXPECT_EQ(HintText(Hint::kNone), "");
}

TEST(EscapedTextTest, EscapesEachByteThatIsNotPrintable) {
  EXPECT_EQ(EscapedText("a b~\\\""), "a b~\\\"");
  EXPECT_EQ(EscapedText(absl::string_view("\0\n\x7f\u009b\xff", 6)),
            "\\x00\\x0a\\x7f\\xc2\\x9b\\xff");
  EXPECT_EQ(EscapedText(std::string(300, 'x')), std::string(300, 'x'));
}

TEST(PrintableTextTest, ReplacesRunsAndCuts) {
  EXPECT_EQ(PrintableText(""), "");
  EXPECT_EQ(PrintableText("a \t\n\xff\x7f~"), "a ?~");
  EXPECT_EQ(PrintableText(std::string(300, '\x80')), "?");
  EXPECT_EQ(PrintableText(std::string(300, 'x')), std::string(256, 'x'));
}

TEST(PrintableTextTest, RedactsSecretsAndJwts) {
  const std::string secrets[] = {"", "short", "long-secret"};
  EXPECT_EQ(RedactedText("a short long-secret,long-secret2", secrets),
            "a short [redacted],[redacted]2");
  EXPECT_EQ(RedactedText("x=eyJhbGciOiJFUzI1NiJ9.e30.c2ln;", {}),
            "x=[redacted];");
  EXPECT_EQ(RedactedText("eyJ0123456789012", {}), "[redacted]");
  EXPECT_EQ(RedactedText("eyJ012345678901 eyJ", {}), "eyJ012345678901 eyJ");
}

TEST(PrintableTextTest, KnowsWhatIsOneWord) {
  EXPECT_TRUE(IsVisibleWord("a~!\""));
  for (const char* text : {"", "a b", "a\n", "\x7f", "\xc3\xa9", "\t"}) {
    EXPECT_FALSE(IsVisibleWord(text)) << text;
  }
  EXPECT_FALSE(IsVisibleWord(absl::string_view("a\0", 2)));
}

TEST(JsonObjectTest, ParsesObjectsAlone) {
  EXPECT_TRUE(ParseJsonObject(" \r\n\t{\"a\": \"b\"} ").has_value());
  for (const char* text :
       {"", " ", "[]", "\"a\"", "1", "null", "{", "{}x", "{} {}", "{'a': 1}",
        "{\"a\": 1,}", "\xff{}", "{\"a\": \"\xff\"}", "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(ParseJsonObject(text).has_value()) << text;
  }
  EXPECT_FALSE(ParseJsonObject(absl::string_view("{}\0x", 4)).has_value());
  EXPECT_FALSE(ParseJsonObject(std::string(1 << 20, '[')).has_value());
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_FALSE(ParseJsonObject(deep).has_value());
  EXPECT_TRUE(
      ParseJsonObject(deep + "1" + std::string(100'000, '}')).has_value());
}

TEST(JsonObjectTest, ReadsStringsAlone) {
  const auto object =
      *ParseJsonObject(R"({"a": "x", "a": "y", "b": 1, "c": null})");
  EXPECT_EQ(StringMember(object, "a"), "y");
  EXPECT_EQ(StringMember(object, "b"), "");
  EXPECT_EQ(StringMember(object, "c"), "");
  EXPECT_EQ(StringMember(object, "d"), "");
}

}  // namespace
}  // namespace proofmint
