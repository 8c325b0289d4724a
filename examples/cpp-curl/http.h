// Makes the HTTP requests of an exchange with libcurl.
#include <curl/curl.h>

#include <algorithm>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "signer/exchange/run.h"

// Appends at most one byte more than an exchange reads.
inline size_t Collect(char* data, size_t, size_t size, void* to) {
  auto& body = *static_cast<std::string*>(to);
  body.append(data, std::min(size, proofmint::kMaxBodySize + 1 - body.size()));
  return size;
}

// Sends one request with the options that `curl` has and the headers of
// `attempt`. libcurl does not follow redirects unless it is told to.
inline absl::StatusOr<proofmint::HttpAnswer> Send(
    CURL* curl, const std::string& url,
    const proofmint::Exchange::Attempt& attempt) {
  curl_slist* headers = nullptr;
  for (const auto& [name, value] : attempt.headers) {
    headers = curl_slist_append(headers, (name + ": " + value).c_str());
  }
  proofmint::HttpAnswer answer;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());  // what the proof names
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
  answer.sent_at = absl::Now();
  const CURLcode code = curl_easy_perform(curl);
  answer.received_at = absl::Now();
  curl_slist_free_all(headers);

  const char* problem = curl_easy_strerror(code);
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
    return proofmint::NotSentError(problem);
  }
  if (code != CURLE_OK) return absl::UnavailableError(problem);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  for (curl_header* header = nullptr;
       (header = curl_easy_nextheader(curl, CURLH_HEADER, -1, header));) {
    answer.headers.emplace_back(header->name, header->value);
  }
  return answer;
}
