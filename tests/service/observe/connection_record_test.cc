#include "signer/service/observe/connection_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/service/observe/log.h"
#include "tests/service/testing/log_lines.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::LinesOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConnectionRecordTest : public ::testing::Test {
 protected:
  absl::Duration now_ = absl::Seconds(7);
  ConnectionRecord record_{[this] { return now_; }};
};

TEST_F(ConnectionRecordTest, CountsEachReasonByItself) {
  LinesOf([this] {
    record_.Refused(ConnectionRefusal::kPenalty, "uid:7");
    record_.Refused(ConnectionRefusal::kPenalty, "uid:8");
    record_.Refused(ConnectionRefusal::kCertificateExpired, "dns:a.example");
    record_.Closed(ConnectionClosure::kUnreadAnswers, "uid:7");
  });
  EXPECT_EQ(record_.refused(ConnectionRefusal::kPenalty), 2u);
  EXPECT_EQ(record_.refused(ConnectionRefusal::kCertificateExpired), 1u);
  EXPECT_EQ(record_.refused(ConnectionRefusal::kNotAllowed), 0u);
  EXPECT_EQ(record_.closed(ConnectionClosure::kUnreadAnswers), 1u);
  EXPECT_EQ(record_.closed(ConnectionClosure::kOpenCalls), 0u);
}

TEST_F(ConnectionRecordTest, WritesALineForEachCallerAndReasonInAMinute) {
  auto events = [this] {
    for (int i = 0; i < 100; ++i) {
      record_.Refused(ConnectionRefusal::kTotalLimit, "uid:7");
      record_.Closed(ConnectionClosure::kOpenCalls, "uid:7");
    }
    record_.Closed(ConnectionClosure::kOpenCalls, "uid:8");
  };
  EXPECT_THAT(
      LinesOf(events),
      ElementsAre(
          HasSubstr(R"("message":"connection refused","reason":"total_limit",)"
                    R"("caller":"uid:7"})"),
          HasSubstr(R"("message":"connection closed","reason":"open_calls",)"
                    R"("caller":"uid:7"})"),
          HasSubstr(R"("caller":"uid:8"})")));
  now_ += absl::Seconds(59);
  EXPECT_THAT(LinesOf(events), IsEmpty());
  now_ += absl::Seconds(1);
  EXPECT_EQ(LinesOf(events).size(), 3u);
}

TEST_F(ConnectionRecordTest, LimitsTheLinesOfAllCallers) {
  const uint64_t dropped = LogDropped();
  std::vector<std::string> lines = LinesOf([this] {
    for (size_t i = 0; i < 2 * ConnectionRecord::kMaxLinesPerMinute; ++i) {
      record_.Refused(ConnectionRefusal::kCallerLimit, absl::StrCat("uid:", i));
    }
  });
  EXPECT_EQ(lines.size(), ConnectionRecord::kMaxLinesPerMinute);
  EXPECT_EQ(LogDropped() - dropped, ConnectionRecord::kMaxLinesPerMinute);
}

TEST_F(ConnectionRecordTest, NamesReasonsApart) {
  std::set<absl::string_view> names(kConnectionRefusals.begin(),
                                    kConnectionRefusals.end());
  names.insert(kConnectionClosures.begin(), kConnectionClosures.end());
  EXPECT_EQ(names.size(),
            kConnectionRefusals.size() + kConnectionClosures.size());
  EXPECT_EQ(names.count(""), 0u);
}

}  // namespace
}  // namespace proofmint::service
