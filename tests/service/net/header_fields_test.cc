#include "signer/service/net/header_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/testing/http2_frames.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::Bytes;
// The check does not see the literals.
using std::string_literals::operator""s;  // NOLINT(misc-unused-using-decls)

size_t Count(const std::string& block) {
  HeaderFields fields;
  fields.Add(Bytes(block));
  return fields.count();
}

TEST(HeaderFieldsTest, ReadsTheExamplesOfTheRfc) {
  // RFC 7541 appendices C.2.1 to C.2.4, C.3.1, C.3.3, C.4.3 and C.6.1.
  EXPECT_EQ(Count("\x40\x0a"
                  "custom-key\x0d"
                  "custom-header"s),
            1u);
  EXPECT_EQ(Count("\x04\x0c/sample/path"s), 1u);
  EXPECT_EQ(Count("\x10\x08password\x06secret"s), 1u);
  EXPECT_EQ(Count("\x82"s), 1u);
  EXPECT_EQ(Count("\x82\x86\x84\x41\x0fwww.example.com"s), 4u);
  EXPECT_EQ(Count("\x82\x87\x85\xbf\x40\x0a"
                  "custom-key\x0c"
                  "custom-value"s),
            5u);
  EXPECT_EQ(Count("\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f"
                  "\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf"s),
            5u);
}

TEST(HeaderFieldsTest, ReadsIntegersOfSeveralBytes) {
  // Indices of 127 + 1 and 63 + 128, an update of the table to 31 + 1, and a
  // text of 127 + 128 bytes.
  EXPECT_EQ(Count("\xff\x01\x82"s), 2u);
  EXPECT_EQ(Count("\x7f\x80\x01\x01v\x82"s), 2u);
  EXPECT_EQ(Count("\x3f\x01\x82"s), 2u);
  EXPECT_EQ(Count("\x04\x7f\x80\x01"s + std::string(255, '\x82') + "\x82"), 2u);
  EXPECT_EQ(Count("\x0f\x01\x01v\x1f\x01\x01v\x82"s), 3u);
}

TEST(HeaderFieldsTest, TextsMayBeEmpty) {
  EXPECT_EQ(Count("\0\0\0\x82"s), 2u);
  EXPECT_EQ(Count("\x04\0\x82"s), 2u);
  EXPECT_EQ(Count("\x40\x01n\0\x40\0\x01v\x82"s), 3u);
}

TEST(HeaderFieldsTest, ALengthThatNeverEndsIsRead) {
  EXPECT_EQ(Count("\x04\x7f"s + std::string(1000, '\xff')), 1u);
  EXPECT_EQ(Count("\xff"s + std::string(1000, '\xff')), 1u);
}

TEST(HeaderFieldsTest, CountsTheSameInPieces) {
  const std::string block =
      "\x82\xff\x01\x40\x0a"
      "custom-key\x0d"
      "custom-header\x04\x7f\x80\x01"s +
      std::string(255, 'x') + "\x3f\x01\0\0\0\x82"s;
  HeaderFields bytewise;
  for (char byte : block) bytewise.Add(Bytes(std::string(1, byte)));
  EXPECT_EQ(bytewise.count(), Count(block));
  EXPECT_EQ(bytewise.count(), 7u);
  bytewise.Begin();
  EXPECT_EQ(bytewise.count(), 0u);
}

}  // namespace
}  // namespace proofmint::service
