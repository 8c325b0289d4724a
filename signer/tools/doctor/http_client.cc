#include "signer/tools/doctor/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/base/internal/raw_logging.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "signer/exchange/run.h"

namespace proofmint::doctor {
namespace {

// The errors after which nothing of a request can have been sent. libcurl
// returns CURLE_UNSUPPORTED_PROTOCOL for an answer with an odd status, too.
constexpr std::array kNotSent = {
    CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST,
    CURLE_COULDNT_CONNECT,       CURLE_URL_MALFORMAT,
    CURLE_SSL_CONNECT_ERROR,     CURLE_PEER_FAILED_VERIFICATION,
    CURLE_SSL_CACERT_BADFILE};

struct HeaderListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, HeaderListDeleter>;

// libcurl takes a short count for an error and ends the transfer.
size_t Append(char* bytes, size_t size, size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  const size_t room = kMaxBodySize + 1 - text.size();
  text.append(bytes, std::min(size * count, room));
  return size * count > room ? 0 : size * count;
}

HeaderList MakeHeaders(const HttpRequest& request) {
  HeaderList list;
  for (const auto& [name, value] : request.headers) {
    curl_slist* longer =
        curl_slist_append(list.get(), absl::StrCat(name, ": ", value).c_str());
    ABSL_RAW_CHECK(longer != nullptr, "curl_slist_append");
    if (list == nullptr) list.reset(longer);
  }
  return list;
}

// libcurl's own rules would also take a proxy from other variables.
std::string ProxyFor(const std::string& url) {
  const char* proxy = std::getenv("https_proxy");
  return proxy != nullptr && absl::StartsWithIgnoreCase(url, "https:") ? proxy
                                                                       : "";
}

absl::Status TransportError(CURLcode code, const char* detail) {
  const char* message = *detail != '\0' ? detail : curl_easy_strerror(code);
  return std::find(kNotSent.begin(), kNotSent.end(), code) == kNotSent.end()
             ? absl::UnavailableError(message)
             : NotSentError(message);
}

}  // namespace

HttpClient::HttpClient(std::string ca_file, std::string user_agent)
    : ca_file_(std::move(ca_file)),
      user_agent_(std::move(user_agent)),
      curl_(curl_easy_init()) {
  ABSL_RAW_CHECK(curl_ != nullptr, "curl_easy_init");
}

HttpClient::~HttpClient() { curl_easy_cleanup(curl_); }

int HttpClient::RequestsLeft(const std::string& url) const {
  auto found = requests_.find(WithoutQuery(url));
  return kMaxRequestsPerUrl - (found == requests_.end() ? 0 : found->second);
}

absl::StatusOr<HttpAnswer> HttpClient::Send(const HttpRequest& request) {
  if (RequestsLeft(request.url) <= 0) {
    return NotSentError(absl::StrCat("not sent: ", kMaxRequestsPerUrl,
                                     " requests to one URL are the limit"));
  }
  ++requests_[WithoutQuery(request.url)];

  HttpAnswer answer;
  std::array<char, CURL_ERROR_SIZE> detail = {};
  const HeaderList headers = MakeHeaders(request);
  curl_easy_reset(curl_);
  curl_easy_setopt(curl_, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl_, CURLOPT_PROXY, ProxyFor(request.url).c_str());
  curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl_, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(kHttpTimeout)));
  curl_easy_setopt(curl_, CURLOPT_USERAGENT, user_agent_.c_str());
  if (!ca_file_.empty()) {
    curl_easy_setopt(curl_, CURLOPT_CAINFO, ca_file_.c_str());
    curl_easy_setopt(curl_, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.get());
  if (!request.body.empty()) {
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method != "GET") {
    curl_easy_setopt(curl_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &answer.body);

  answer.sent_at = absl::Now();
  const CURLcode code = curl_easy_perform(curl_);
  answer.received_at = absl::Now();
  long status = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  const bool too_long = answer.body.size() > kMaxBodySize;
  const bool answered = code == CURLE_OK || too_long;
  lines_.push_back({.method = request.method,
                    .url = WithoutQuery(request.url),
                    .status = answered ? answer.status : 0,
                    .milliseconds = absl::ToInt64Milliseconds(
                        answer.received_at - answer.sent_at)});
  if (!answered) return TransportError(code, detail.data());
  for (curl_header* header = nullptr;
       (header = curl_easy_nextheader(curl_, CURLH_HEADER, -1, header));) {
    answer.headers.emplace_back(header->name, header->value);
  }
  return answer;
}

std::string WithoutQuery(absl::string_view url) {
  return std::string(url.substr(0, url.find_first_of("?#")));
}

std::string FormBody(
    const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string body;
  for (const auto& [name, value] : fields) {
    absl::StrAppend(&body, body.empty() ? "" : "&", PercentEncode(name), "=",
                    PercentEncode(value));
  }
  return body;
}

std::string PercentEncode(absl::string_view text) {
  std::string encoded;
  for (char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<uint8_t>(c));
    }
  }
  return encoded;
}

}  // namespace proofmint::doctor
