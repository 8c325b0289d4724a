// HttpAnswer is an HTTP response, and the functions here read what DPoP needs
// of its headers.

#ifndef PROOFMINT_SIGNER_EXCHANGE_HTTP_ANSWER_H_
#define PROOFMINT_SIGNER_EXCHANGE_HTTP_ANSWER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/exchange/challenge.h"

namespace proofmint {

// The largest body that is read, in bytes. A driver may stop reading after one
// byte more.
inline constexpr size_t kMaxBodySize = 1 << 20;

// HttpAnswer holds one final response (RFC 9110 section 15), as a driver got
// it. Redirects must not be followed: client secret, code and proof are meant
// for one URL.
struct HttpAnswer {
  int status = 0;
  // Names in any case, in the order received; a header that came several times
  // is here several times. Values are bytes.
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = "";
  // When the request began and when the answer was complete, by one clock.
  absl::Time sent_at = absl::InfinitePast();
  absl::Time received_at = absl::InfinitePast();
};

// All functions are thread-safe.

// FindHeader returns the value of the first header `name`, in any case and
// without surrounding white space; nullopt if there is none. It is a view of
// `answer`.
std::optional<absl::string_view> FindHeader(const HttpAnswer& answer,
                                            absl::string_view name);

// ReadChallenges returns the challenges of all WWW-Authenticate headers, in
// their order. Where a header's value does not follow the grammar, what stands
// before the fault counts and the rest of that header does not.
std::vector<Challenge> ReadChallenges(const HttpAnswer& answer);

// ReceivedNonce is what the headers DPoP-Nonce of an answer say.
struct ReceivedNonce {
  std::string value;       // the first valid nonce; empty: none
  bool malformed = false;  // a header is not a nonce (RFC 9449 section 8.1)
  bool ambiguous = false;  // valid nonces differ
};

ReceivedNonce ReadNonce(const HttpAnswer& answer);

// RoundTripOf returns the time from sent_at to received_at; zero without both.
absl::Duration RoundTripOf(const HttpAnswer& answer);

// ClockSkewOf returns how far the server's clock is ahead of ours: its header
// Date, which has whole seconds, less the middle of sent_at and received_at;
// nullopt without a Date in the preferred form of RFC 9110 section 5.6.7, or
// without both times.
std::optional<absl::Duration> ClockSkewOf(const HttpAnswer& answer);

// RetryAfterOf returns the delay of the header Retry-After (RFC 9110 section
// 10.2.3), a number of seconds or a date, which counts from received_at and is
// never negative; nullopt if there is none that can be read.
std::optional<absl::Duration> RetryAfterOf(const HttpAnswer& answer);

// LocationHostOf returns the host of the header Location, in lower case and
// with a port that is not the default; empty unless it is an absolute URL.
std::string LocationHostOf(const HttpAnswer& answer);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_HTTP_ANSWER_H_
