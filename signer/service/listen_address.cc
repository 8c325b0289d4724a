#include "signer/service/listen_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace proofmint::service {
namespace {

constexpr size_t kMaxPathSize = sizeof(sockaddr_un::sun_path) - 1;

constexpr absl::string_view kListen = "listen";

absl::Status Error(absl::string_view flag, absl::string_view got,
                   absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(flag, ": got ", got, ", want ", want));
}

bool IsLoopback(const std::string& host) {
  if (host == "[::1]") return true;
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 &&
         ntohl(address.s_addr) >> 24 == 127;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
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
    return Error(kListen, text, "unix:PATH, 127.0.0.1:PORT or [::1]:PORT");
  }
  return ParseLoopbackAddress(kListen, text);
}

absl::StatusOr<LoopbackAddress> ParseLoopbackAddress(absl::string_view flag,
                                                     absl::string_view text) {
  size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) {
    return Error(flag, text, "127.0.0.1:PORT");
  }
  std::string host(text.substr(0, colon));
  absl::string_view port = text.substr(colon + 1);
  uint32_t number;
  if (!absl::SimpleAtoi(port, &number) || number > 65535) {
    return Error(flag, absl::StrCat("port \"", port, "\" in ", text),
                 "0 to 65535");
  }
  if (!IsLoopback(host)) {
    return Error(flag, text, "a loopback address such as 127.0.0.1:PORT");
  }
  return LoopbackAddress{absl::StrCat(host, ":", number)};
}

}  // namespace proofmint::service
