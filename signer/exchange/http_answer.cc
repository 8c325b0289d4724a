#include "signer/exchange/http_answer.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/time/civil_time.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/syntax.h"

namespace proofmint {
namespace {

// Returns the values of all headers `name`, without surrounding white space.
std::vector<absl::string_view> FindHeaders(const HttpAnswer& answer,
                                           absl::string_view name) {
  std::vector<absl::string_view> values;
  for (const auto& [key, value] : answer.headers) {
    if (absl::EqualsIgnoreCase(key, name)) {
      values.push_back(absl::StripAsciiWhitespace(value));
    }
  }
  return values;
}

// Reads a number of decimal digits alone.
std::optional<int> ReadDigits(absl::string_view text) {
  int number = 0;
  if (text.empty() ||
      !std::all_of(text.begin(), text.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(text, &number)) {
    return std::nullopt;
  }
  return number;
}

// Reads an IMF-fixdate, such as "Fri, 02 Jan 2026 03:04:45 GMT". strptime would
// depend on the locale of the process.
std::optional<absl::Time> ReadDate(absl::string_view text) {
  constexpr std::array<absl::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun",
      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' ||
      text[11] != ' ' || text[16] != ' ' || text[19] != ':' ||
      text[22] != ':' || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  const auto* month =
      std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const std::optional<int> day = ReadDigits(text.substr(5, 2));
  const std::optional<int> year = ReadDigits(text.substr(12, 4));
  const std::optional<int> hour = ReadDigits(text.substr(17, 2));
  const std::optional<int> minute = ReadDigits(text.substr(20, 2));
  const std::optional<int> second = ReadDigits(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) {
    return std::nullopt;
  }
  return absl::FromCivil(absl::CivilSecond(*year, month - kMonths.begin() + 1,
                                           *day, *hour, *minute, *second),
                         absl::UTCTimeZone());
}

bool HasTimes(const HttpAnswer& answer) {
  return answer.sent_at != absl::InfinitePast() &&
         answer.received_at != absl::InfinitePast();
}

}  // namespace

std::optional<absl::string_view> FindHeader(const HttpAnswer& answer,
                                            absl::string_view name) {
  const std::vector<absl::string_view> values = FindHeaders(answer, name);
  if (values.empty()) return std::nullopt;
  return values[0];
}

std::vector<Challenge> ReadChallenges(const HttpAnswer& answer) {
  std::vector<Challenge> challenges;
  for (absl::string_view value : FindHeaders(answer, "WWW-Authenticate")) {
    ParseChallenges(value, challenges);
  }
  return challenges;
}

ReceivedNonce ReadNonce(const HttpAnswer& answer) {
  ReceivedNonce nonce;
  for (absl::string_view value : FindHeaders(answer, "DPoP-Nonce")) {
    if (!dpop::ValidateNonce(value).ok()) {
      nonce.malformed = true;
    } else if (nonce.value.empty()) {
      nonce.value = std::string(value);
    } else if (nonce.value != value) {
      nonce.ambiguous = true;
    }
  }
  return nonce;
}

absl::Duration RoundTripOf(const HttpAnswer& answer) {
  return HasTimes(answer) ? answer.received_at - answer.sent_at
                          : absl::ZeroDuration();
}

std::optional<absl::Duration> ClockSkewOf(const HttpAnswer& answer) {
  const std::optional<absl::Time> date =
      ReadDate(FindHeader(answer, "Date").value_or(""));
  if (!date || !HasTimes(answer)) return std::nullopt;
  return *date - (answer.sent_at + RoundTripOf(answer) / 2);
}

std::optional<absl::Duration> RetryAfterOf(const HttpAnswer& answer) {
  const absl::string_view value =
      FindHeader(answer, "Retry-After").value_or("");
  if (const std::optional<int> seconds = ReadDigits(value)) {
    return absl::Seconds(*seconds);
  }
  const std::optional<absl::Time> date = ReadDate(value);
  if (!date || answer.received_at == absl::InfinitePast()) return std::nullopt;
  return std::max(absl::ZeroDuration(), *date - answer.received_at);
}

std::string LocationHostOf(const HttpAnswer& answer) {
  dpop::HtuBuffer buffer;
  const absl::StatusOr<absl::string_view> url =
      dpop::NormalizeHtu(FindHeader(answer, "Location").value_or(""), buffer);
  if (!url.ok()) return "";
  const size_t host = url->find("://") + 3;
  return std::string(url->substr(host, url->find('/', host) - host));
}

}  // namespace proofmint
