#include "signer/dpop/htu.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/text_writer.h"

namespace proofmint::dpop {
namespace {

bool IsAlnum(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c));
}

bool IsHexDigit(char c) {
  return absl::ascii_isxdigit(static_cast<unsigned char>(c));
}

bool IsOneOf(char c, absl::string_view set) {
  return set.find(c) != absl::string_view::npos;
}

bool IsHostChar(char c) { return IsAlnum(c) || IsOneOf(c, "-._"); }

// Tells whether `c` stands in a path as it is: a pchar (RFC 3986 section 3.3)
// other than a percent-escape, the slash between segments, or one of the four
// that HTTP clients send without encoding them.
bool IsPathChar(char c) {
  return IsAlnum(c) || IsOneOf(c, "-._~!$&'()*+,;=:@/[]|^");
}

bool IsVisible(char c) {
  return absl::ascii_isgraph(static_cast<unsigned char>(c));
}

absl::Status ByteError(absl::string_view uri, size_t offset,
                       absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrFormat("got byte 0x%02x at offset %d, want %s",
                      static_cast<unsigned char>(uri[offset]), offset, want));
}

absl::Status CheckHostName(absl::string_view uri, size_t begin, size_t end) {
  if (begin == end) return absl::InvalidArgumentError("host is missing");
  if (end - begin > kMaxHostSize) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "got a host of %d bytes, want 1 to %d", end - begin, kMaxHostSize));
  }
  for (size_t i = begin; i < end; ++i) {
    if (!IsHostChar(uri[i])) {
      return ByteError(uri, i, "a letter, digit, '-', '.' or '_' of a host");
    }
  }
  return absl::OkStatus();
}

// Checks the text between the brackets: `begin` is the offset after the opening
// one, `end` that of the closing one.
absl::Status CheckIpv6Address(absl::string_view uri, size_t begin, size_t end) {
  absl::string_view text = uri.substr(begin, end - begin);
  char terminated[INET6_ADDRSTRLEN] = {};
  in6_addr address;
  // inet_pton would ignore everything after a NUL in the text.
  if (text.size() < sizeof(terminated) && !absl::StrContains(text, '\0')) {
    std::copy(text.begin(), text.end(), terminated);
    if (inet_pton(AF_INET6, terminated, &address) == 1) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "not an IPv6 address without zone between '[' and ']' "
      "(RFC 3986 section 3.2.2)");
}

absl::Status CheckPort(absl::string_view uri, size_t begin, size_t end) {
  uint32_t value = 0;
  for (size_t i = begin; i < end; ++i) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(uri[i]))) {
      return ByteError(uri, i, "a digit of the port");
    }
    value = std::min(value * 10 + static_cast<uint32_t>(uri[i] - '0'), 65536u);
  }
  if (begin < end && (uri[begin] == '0' || value > 65535)) {
    return absl::InvalidArgumentError(
        "port out of range, want 1 to 65535 without leading zeros");
  }
  return absl::OkStatus();
}

absl::Status CheckPath(absl::string_view uri, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (uri[i] == '%') {
      if (end - i < 3 || !IsHexDigit(uri[i + 1]) || !IsHexDigit(uri[i + 2])) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "'%%' at offset %d is not followed by two hex digits", i));
      }
      i += 2;
    } else if (!IsPathChar(uri[i])) {
      return ByteError(uri, i, "a character of a URI's path");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckQueryAndFragment(absl::string_view uri, size_t begin) {
  for (size_t i = begin; i < uri.size(); ++i) {
    if (!IsVisible(uri[i])) return ByteError(uri, i, "a visible ASCII byte");
  }
  return absl::OkStatus();
}

}  // namespace

//= rfc9449#4.2
//# The HTTP target URI (Section 7.1 of [RFC9110]) of the request to which the
//# JWT is attached, without query and fragment parts.
absl::StatusOr<absl::string_view> NormalizeHtu(absl::string_view uri,
                                               HtuBuffer& buffer) {
  if (uri.empty() || uri.size() > kMaxHtuSize) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got %d bytes, want 1 to %d", uri.size(), kMaxHtuSize));
  }
  bool https = absl::StartsWithIgnoreCase(uri, "https://");
  if (!https && !absl::StartsWithIgnoreCase(uri, "http://")) {
    return absl::InvalidArgumentError(
        "not an absolute URI that begins with https:// or http://");
  }
  absl::string_view scheme = https ? "https://" : "http://";

  size_t host = scheme.size();
  size_t authority_end = std::min(uri.find_first_of("/?#", host), uri.size());
  if (absl::StrContains(uri.substr(host, authority_end - host), '@')) {
    return absl::InvalidArgumentError("userinfo is not allowed");
  }
  size_t host_end;
  if (host < authority_end && uri[host] == '[') {
    size_t bracket = uri.substr(0, authority_end).find(']', host);
    if (bracket == absl::string_view::npos) {
      return absl::InvalidArgumentError("'[' without ']'");
    }
    host_end = bracket + 1;
    PROOFMINT_RETURN_IF_ERROR(CheckIpv6Address(uri, host + 1, bracket));
  } else {
    host_end = std::min(uri.find(':', host), authority_end);
    PROOFMINT_RETURN_IF_ERROR(CheckHostName(uri, host, host_end));
  }

  size_t port = host_end;
  if (port < authority_end) {
    if (uri[port] != ':') return ByteError(uri, port, "':' or the path");
    ++port;
  }
  PROOFMINT_RETURN_IF_ERROR(CheckPort(uri, port, authority_end));
  size_t path_end =
      std::min(uri.find_first_of("?#", authority_end), uri.size());
  PROOFMINT_RETURN_IF_ERROR(CheckPath(uri, authority_end, path_end));
  PROOFMINT_RETURN_IF_ERROR(CheckQueryAndFragment(uri, path_end));

  TextWriter out(buffer);
  out.Append(scheme);
  for (char c : uri.substr(host, host_end - host)) {
    char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
    out.Append({&lower, 1});
  }
  absl::string_view digits = uri.substr(port, authority_end - port);
  if (!digits.empty() && digits != (https ? "443" : "80")) {
    out.Append(":").Append(digits);
  }
  absl::string_view path = uri.substr(authority_end, path_end - authority_end);
  return out.Append(path.empty() ? "/" : path).text();
}

}  // namespace proofmint::dpop
