// Provides matchers for absl::Status and absl::StatusOr; Debian 12's Abseil has
// none.

#ifndef PROOFMINT_TESTS_TESTING_STATUS_MATCHERS_H_
#define PROOFMINT_TESTS_TESTING_STATUS_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace proofmint::testing {

inline absl::Status StatusOf(const absl::Status& status) { return status; }
template <typename T>
absl::Status StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << "which is " << StatusOf(arg);
  return arg.ok();
}

// StatusIs(code, message_matcher): the code is `code` and the message matches.
MATCHER_P2(StatusIs, code, message,
           absl::StrCat(negation ? "is not " : "is ",
                        absl::StatusCodeToString(code), " with a message that ",
                        ::testing::DescribeMatcher<std::string>(message))) {
  absl::Status status = StatusOf(arg);
  *result_listener << "which is " << status;
  return status.code() == code &&
         ::testing::ExplainMatchResult(message, std::string(status.message()),
                                       result_listener);
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_STATUS_MATCHERS_H_
