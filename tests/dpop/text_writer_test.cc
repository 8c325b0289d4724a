#include "signer/dpop/text_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "signer/crypto/sha2.h"

namespace proofmint::dpop {
namespace {

constexpr char kOverflow[] = "text buffer too small";

std::string Decimal(int64_t value) {
  std::array<char, 20> buffer;
  return std::string(TextWriter(buffer).AppendDecimal(value).text());
}

TEST(TextWriterTest, StartsEmpty) {
  std::array<char, 4> buffer;
  EXPECT_EQ(TextWriter(buffer).text(), "");
}

TEST(TextWriterTest, AppendsInOrderToItsBuffer) {
  std::array<char, 16> buffer;
  TextWriter writer(buffer);
  writer.Append("iat=")
      .AppendDecimal(-7)
      .Append(" ")
      .AppendBase64Url(crypto::AsBytes("fooba"))
      .Append("!");
  EXPECT_EQ(writer.text(), "iat=-7 Zm9vYmE!");
  EXPECT_EQ(writer.text().data(), buffer.data());
}

TEST(TextWriterTest, AcceptsEmptyText) {
  std::array<char, 1> buffer = {'x'};
  TextWriter writer(buffer);
  writer.Append("").Append({}).AppendBase64Url({});
  EXPECT_EQ(writer.text(), "");
  EXPECT_EQ(buffer[0], 'x');
}

TEST(TextWriterTest, KeepsZeroBytes) {
  std::array<char, 3> buffer;
  EXPECT_EQ(TextWriter(buffer).Append({"a\0b", 3}).text(),
            absl::string_view("a\0b", 3));
}

TEST(TextWriterTest, WritesNumbersAsJsonDoes) {
  EXPECT_EQ(Decimal(0), "0");
  EXPECT_EQ(Decimal(7), "7");
  EXPECT_EQ(Decimal(-1), "-1");
  EXPECT_EQ(Decimal(1562262616), "1562262616");
  EXPECT_EQ(Decimal(1000000000000000000), "1000000000000000000");
}

TEST(TextWriterTest, WritesTheExtremeNumbers) {
  EXPECT_EQ(Decimal(std::numeric_limits<int64_t>::max()),
            "9223372036854775807");
  EXPECT_EQ(Decimal(std::numeric_limits<int64_t>::min()),
            "-9223372036854775808");
}

TEST(TextWriterTest, FillsItsBufferToTheLastByte) {
  std::array<char, 6> buffer;
  TextWriter writer(buffer);
  writer.Append("ab").AppendDecimal(12).AppendBase64Url(crypto::AsBytes("f"));
  EXPECT_EQ(writer.text(), "ab12Zg");
  writer.Append("");
  EXPECT_EQ(writer.text(), "ab12Zg");
}

TEST(TextWriterDeathTest, AbortsRatherThanOverflow) {
  std::array<char, 4> buffer;
  EXPECT_DEATH(TextWriter(buffer).Append("12345"), kOverflow);
  EXPECT_DEATH(TextWriter(buffer).AppendDecimal(12345), kOverflow);
  EXPECT_DEATH(TextWriter(buffer).AppendBase64Url(crypto::AsBytes("1234")),
               kOverflow);
  EXPECT_DEATH(TextWriter({}).Append("1"), kOverflow);
}

TEST(TextWriterDeathTest, CountsWhatWasWrittenBefore) {
  std::array<char, 4> buffer;
  TextWriter writer(buffer);
  writer.Append("123");
  EXPECT_DEATH(writer.Append("45"), kOverflow);
  writer.Append("4");
  EXPECT_DEATH(writer.Append("5"), kOverflow);
}

}  // namespace
}  // namespace proofmint::dpop
