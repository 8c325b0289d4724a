#include "signer/service/net/listen_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "signer/base/status_macros.h"

namespace proofmint::service {
namespace {

constexpr size_t kMaxPathSize = sizeof(sockaddr_un::sun_path) - 1;

constexpr absl::string_view kListen = "listen";

absl::Status Error(absl::string_view flag, absl::string_view got,
                   absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(flag, ": got ", got, ", want ", want));
}

// Reads "ADDRESS" or "[ADDRESS]" and says whether it is loopback. An IPv4
// address written as an IPv6 one counts as foreign.
bool ParseHost(const std::string& host, bool& loopback) {
  in_addr ipv4;
  if (inet_pton(AF_INET, host.c_str(), &ipv4) == 1) {
    loopback = ntohl(ipv4.s_addr) >> 24 == 127;
    return true;
  }
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') {
    return false;
  }
  in6_addr ipv6;
  if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &ipv6) !=
      1) {
    return false;
  }
  loopback = std::memcmp(&ipv6, &in6addr_loopback, sizeof(ipv6)) == 0;
  return true;
}

absl::StatusOr<TcpAddress> ParseTcpAddress(absl::string_view flag,
                                           absl::string_view text) {
  constexpr absl::string_view kWant =
      "a numeric address and a port such as 127.0.0.1:PORT or [::1]:PORT";
  size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Error(flag, text, kWant);
  std::string host(text.substr(0, colon));
  absl::string_view port = text.substr(colon + 1);
  uint32_t number;
  if (!absl::SimpleAtoi(port, &number) || number > 65535) {
    return Error(flag, absl::StrCat("port \"", port, "\" in ", text),
                 "0 to 65535");
  }
  TcpAddress address;
  if (!ParseHost(host, address.loopback)) return Error(flag, text, kWant);
  address.host_port = absl::StrCat(host, ":", number);
  return address;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  if (text == "systemd") return SystemdSockets{};
  absl::string_view path = text;
  if (absl::ConsumePrefix(&path, "unix:")) {
    if (path.empty() || path.size() > kMaxPathSize) {
      return Error(kListen,
                   absl::StrCat("a socket path of ", path.size(), " bytes"),
                   absl::StrCat("1 to ", kMaxPathSize));
    }
    return UnixAddress{std::string(path)};
  }
  if (!absl::StrContains(text, ':')) {
    return Error(kListen, text,
                 "unix:PATH, systemd, 127.0.0.1:PORT or [::1]:PORT");
  }
  return ParseTcpAddress(kListen, text);
}

absl::StatusOr<LoopbackAddress> ParseLoopbackAddress(absl::string_view flag,
                                                     absl::string_view text) {
  PROOFMINT_ASSIGN_OR_RETURN(TcpAddress address, ParseTcpAddress(flag, text));
  if (!address.loopback) {
    return Error(flag, text, "a loopback address such as 127.0.0.1:PORT");
  }
  return LoopbackAddress{std::move(address.host_port)};
}

}  // namespace proofmint::service
