// Plays the exchanges of exchange_cases.json over HTTP, with an identity
// provider that answers what each case says, byte for byte.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/tools/doctor/http_client.h"
#include "tests/exchange/case_file.h"
#include "tests/exchange/exchange_case_run.h"
#include "tests/tools/doctor/canned_http_server.h"

namespace proofmint::doctor {
namespace {

using ::proofmint::testing::CannedHttpServer;
using ::proofmint::testing::Case;
using ::proofmint::testing::CaseFile;
using ::proofmint::testing::CasesOf;
using ::proofmint::testing::ExchangeCaseRun;
using ::proofmint::testing::ExchangeTransport;
using ::testing::IsSubsetOf;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;
using Headers = std::vector<std::pair<std::string, std::string>>;

// The cases that HTTP cannot carry, and why.
const std::map<std::string, std::string>& CasesNotOverHttp() {
  static const auto* const kCases = new std::map<std::string, std::string>{
      {"f1_status_0", "libcurl takes no status below 100 for HTTP"},
      {"f1_status_199", "a status of 1xx is not final (RFC 9110 section 15.2)"},
      {"f4_code_is_lost",
       "the client calls a deadline UNAVAILABLE, and the test would wait for "
       "it"},
  };
  return *kCases;
}

std::vector<Case> CasesOverHttp() {
  std::vector<Case> cases = CasesOf("exchanges");
  std::erase_if(cases, [](const Case& test_case) {
    return CasesNotOverHttp().contains(test_case.id);
  });
  return cases;
}

// Returns the bytes of an answer on the wire.
std::string Wire(const HttpAnswer& answer) {
  std::string bytes = absl::StrCat("HTTP/1.1 ", answer.status, " Status\r\n");
  for (const auto& [name, value] : answer.headers) {
    absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  }
  // Neither has a body (RFC 9110 sections 15.3.5 and 15.4.5).
  if (answer.status != 204 && answer.status != 304) {
    absl::StrAppend(&bytes, "Content-Length: ", answer.body.size(), "\r\n");
  }
  absl::StrAppend(&bytes, "Connection: close\r\n\r\n", answer.body);
  return bytes;
}

// Returns the headers of a request that an exchange adds.
Headers HeadersOfExchange(const std::string& request) {
  Headers headers;
  for (absl::string_view line :
       absl::StrSplit(request.substr(0, request.find("\r\n\r\n")), "\r\n")) {
    const std::pair<std::string, std::string> header =
        absl::StrSplit(line, absl::MaxSplits(": ", 1));
    for (const char* name : {"DPoP", "Authorization"}) {
      if (absl::EqualsIgnoreCase(header.first, name)) {
        headers.emplace_back(name, header.second);
      }
    }
  }
  return headers;
}

// HttpTransport has the client of the doctor and a server on loopback. The
// server takes the place of the one that a case's URL names.
class HttpTransport : public ExchangeTransport {
 public:
  absl::StatusOr<HttpAnswer> Send(const std::string& method,
                                  const std::string& url,
                                  const Exchange::Attempt& attempt, Play play,
                                  const HttpAnswer& answer) override {
    const std::string target = url.substr(url.find('/', url.find("//") + 2));
    const std::string server_url = server_.url();  // A stopped one has no port.
    server_.SetAnswer(play == Play::kAnswer ? Wire(answer) : "");
    if (play == Play::kRefuse) server_.Stop();
    absl::StatusOr<HttpAnswer> received =
        client_.Send({.method = method,
                      .url = server_url + target,
                      .headers = attempt.headers,
                      .body = method == "POST" ? "a=b" : ""});
    if (play != Play::kRefuse) ++sent_;
    const std::vector<std::string> requests = server_.requests();
    EXPECT_THAT(requests, SizeIs(sent_));
    if (play != Play::kRefuse && !requests.empty()) {
      CheckRequest(requests.back(), absl::StrCat(method, " ", target, " "),
                   attempt);
    }
    return received;
  }

 private:
  void CheckRequest(const std::string& request, const std::string& line,
                    const Exchange::Attempt& attempt) {
    EXPECT_THAT(request, StartsWith(line));
    const Headers headers = HeadersOfExchange(request);
    EXPECT_THAT(headers, UnorderedElementsAreArray(attempt.headers));
    const auto proofs = std::count_if(
        headers.begin(), headers.end(),
        [](const auto& header) { return header.first == "DPoP"; });
    EXPECT_LE(proofs, 1);
    for (const auto& [name, value] : headers) {
      if (name != "DPoP") continue;
      EXPECT_TRUE(proofs_.insert(value).second) << "received twice";
    }
  }

  CannedHttpServer server_{""};
  HttpClient client_{"", "proofmint/test"};
  size_t sent_ = 0;
  std::set<std::string> proofs_;
};

class ExchangeOverHttpTest : public ::testing::TestWithParam<Case> {};

TEST_P(ExchangeOverHttpTest, Run) {
  HttpTransport transport;
  ExchangeCaseRun(GetParam(), &transport).Run();
}

INSTANTIATE_TEST_SUITE_P(Cases, ExchangeOverHttpTest,
                         ::testing::ValuesIn(CasesOverHttp()),
                         [](const ::testing::TestParamInfo<Case>& test) {
                           return test.param.id;
                         });

TEST(ExchangeOverHttpCasesTest, LeavesOutOnlyCasesThatExist) {
  EXPECT_EQ(CasesOverHttp().size() + CasesNotOverHttp().size(),
            CasesOf("exchanges").size());
}

TEST(ExchangeOverHttpCasesTest, ShowsEveryRowWithARequest) {
  std::set<std::string> shown;
  for (const auto& test_case : CaseFile().at("exchanges")) {
    const auto& steps = test_case.at("steps");
    if (CasesNotOverHttp().contains(test_case.at("id").get<std::string>()) ||
        std::none_of(steps.begin(), steps.end(),
                     [](const auto& step) { return step.contains("send"); })) {
      continue;
    }
    for (const auto& row : test_case.at("rows"))
      shown.insert(row.get<std::string>());
  }
  std::vector<std::string> rows;
  for (const auto& [group, count] : std::map<std::string, int>{
           {"N", 11}, {"E", 6}, {"T", 3}, {"B", 5}, {"F", 4}}) {
    for (int i = 1; i <= count; ++i) rows.push_back(absl::StrCat(group, i));
  }
  EXPECT_THAT(rows, IsSubsetOf(shown));
}

}  // namespace
}  // namespace proofmint::doctor
