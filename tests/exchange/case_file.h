// Reads exchange_cases.json; README.md describes it.

#ifndef PROOFMINT_TESTS_EXCHANGE_CASE_FILE_H_
#define PROOFMINT_TESTS_EXCHANGE_CASE_FILE_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace proofmint::testing {

// Fields reads the members of a JSON object. A member that is missing without a
// default, has another type, or is still unread when Fields is destroyed fails
// the running test.
class Fields {
 public:
  // `where` says where the object stands, for messages.
  Fields(const nlohmann::json& object, std::string where);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  bool Has(const std::string& name) const;

  // These fail the test without such a member, and return something empty.
  const nlohmann::json& Any(const std::string& name);
  std::string String(const std::string& name);
  int64_t Integer(const std::string& name);
  bool Boolean(const std::string& name);

  std::string String(const std::string& name, absl::string_view if_absent);
  int64_t Integer(const std::string& name, int64_t if_absent);
  bool Boolean(const std::string& name, bool if_absent);
  std::optional<int64_t> OptionalInteger(const std::string& name);

  // Returns the member as a list, empty if it is absent.
  std::vector<nlohmann::json> List(const std::string& name);

  // Returns a list of pairs of strings, the headers of HTTP, as bytes.
  std::vector<std::pair<std::string, std::string>> Headers(
      const std::string& name);

  const std::string& where() const { return where_; }

 private:
  nlohmann::json object_;
  std::string where_;
  std::set<std::string> unread_;
};

// Case is one case of the file.
struct Case {
  std::string id;
  nlohmann::json members;  // without id, rows and shows
};

inline void PrintTo(const Case& test_case, std::ostream* out) {
  *out << test_case.id;
}

// CaseFile returns the whole file. The process aborts if it cannot be read.
const nlohmann::json& CaseFile();

// CasesOf returns the cases of a section.
std::vector<Case> CasesOf(const std::string& section);

// HeaderBytes returns the bytes that a text stands for: its characters are from
// U+0000 to U+00FF, one for each byte.
std::string HeaderBytes(const std::string& text);

}  // namespace proofmint::testing

// Instantiates the suite for each case of a section, under the case's id.
#define PROOFMINT_INSTANTIATE_CASES(suite, section)                          \
  INSTANTIATE_TEST_SUITE_P(                                                  \
      Cases, suite,                                                          \
      ::testing::ValuesIn(::proofmint::testing::CasesOf(section)),           \
      [](const ::testing::TestParamInfo<::proofmint::testing::Case>& test) { \
        return test.param.id;                                                \
      })

#endif  // PROOFMINT_TESTS_EXCHANGE_CASE_FILE_H_
