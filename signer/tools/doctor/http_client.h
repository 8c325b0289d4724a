// HttpClient sends the requests of the doctor, on libcurl.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_HTTP_CLIENT_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_HTTP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/exchange/http_answer.h"

namespace proofmint::doctor {

inline constexpr absl::Duration kHttpTimeout = absl::Seconds(10);
// A provider is asked politely: it may lock a client out that fails too often.
inline constexpr int kMaxRequestsPerUrl = 6;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // sent unless empty
};

// HttpLine is what a report shows of one request.
struct HttpLine {
  std::string method;
  std::string url;  // without its query
  int status = 0;   // 0: no answer
  int64_t milliseconds = 0;
};

// HttpClient follows no redirects, uses no proxy but the one that the
// environment variable https_proxy names, for https alone, speaks no other
// protocol than http and https, and gives a request kHttpTimeout. Not
// thread-safe.
class HttpClient {
 public:
  // `ca_file` is a PEM file of certificate authorities; empty takes the
  // system's.
  HttpClient(std::string ca_file, std::string user_agent);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Returns the answer, whatever its status. A body that is longer than
  // kMaxBodySize ends one byte after that. Without an answer fails with
  // UNAVAILABLE and a message for a person; with NotSentError if the connection
  // could not be made, or if the URL has had kMaxRequestsPerUrl requests.
  absl::StatusOr<HttpAnswer> Send(const HttpRequest& request);

  // Returns how many more requests to `url` may be sent.
  int RequestsLeft(const std::string& url) const;

  // Returns the requests since the last call of TakeLines.
  std::vector<HttpLine> TakeLines() { return std::exchange(lines_, {}); }

 private:
  const std::string ca_file_;
  const std::string user_agent_;
  void* const curl_;  // keeps connections open for the next request
  std::map<std::string, int> requests_;  // by URL, without the query
  std::vector<HttpLine> lines_;
};

// WithoutQuery returns `url` up to its query or fragment.
std::string WithoutQuery(absl::string_view url);

// FormBody encodes `fields` as application/x-www-form-urlencoded.
std::string FormBody(
    const std::vector<std::pair<std::string, std::string>>& fields);

// PercentEncode encodes all bytes but RFC 3986's unreserved ones.
std::string PercentEncode(absl::string_view text);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_HTTP_CLIENT_H_
