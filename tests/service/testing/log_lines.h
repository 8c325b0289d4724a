// Captures log lines.

#ifndef PROOFMINT_TESTS_SERVICE_TESTING_LOG_LINES_H_
#define PROOFMINT_TESTS_SERVICE_TESTING_LOG_LINES_H_

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"

namespace proofmint::testing {

// LinesOf returns the lines that `write` writes to standard error.
inline std::vector<std::string> LinesOf(const std::function<void()>& write) {
  ::testing::internal::CaptureStderr();
  write();
  std::string text = ::testing::internal::GetCapturedStderr();
  if (text.empty()) return {};
  EXPECT_EQ(text.back(), '\n');
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_TESTING_LOG_LINES_H_
