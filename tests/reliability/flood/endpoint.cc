#include "tests/reliability/flood/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace proofmint::flood {
namespace {

constexpr uint32_t kLoopbackNetwork = 127;

absl::StatusOr<Endpoint> UnixEndpoint(absl::string_view path) {
  Endpoint endpoint;
  auto* address = reinterpret_cast<sockaddr_un*>(&endpoint.address);
  if (path.empty() || path.size() >= sizeof(address->sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("got a path of ", path.size(), " bytes, want 1 to ",
                     sizeof(address->sun_path) - 1));
  }
  address->sun_family = AF_UNIX;
  std::memcpy(address->sun_path, path.data(), path.size());
  endpoint.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return endpoint;
}

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text) {
  absl::string_view path = text;
  if (absl::ConsumePrefix(&path, "unix:")) return UnixEndpoint(path);
  Endpoint endpoint;
  auto* address = reinterpret_cast<sockaddr_in*>(&endpoint.address);
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), &address->sin_addr) !=
          1 ||
      ntohl(address->sin_addr.s_addr) >> 24 != kLoopbackNetwork ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("got \"", text,
                     "\", want unix:PATH or an address of this machine "
                     "such as 127.0.0.1:8443"));
  }
  address->sin_family = AF_INET;
  address->sin_port = htons(static_cast<uint16_t>(port));
  endpoint.size = sizeof(sockaddr_in);
  return endpoint;
}

}  // namespace proofmint::flood
