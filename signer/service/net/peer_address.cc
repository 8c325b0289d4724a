#include "signer/service/net/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace proofmint::service {
namespace {

constexpr size_t kNetworkSize = 8;  // of the 16 bytes of an IPv6 address
constexpr size_t kMappedPrefixSize = 12;

std::string Text(int family, const void* address) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, address, text, sizeof(text)) == nullptr ? "" : text;
}

}  // namespace

std::string PeerAddress(int fd) {
  union {
    sockaddr any;
    sockaddr_in ipv4;
    sockaddr_in6 ipv6;
  } peer = {};
  socklen_t size = sizeof(peer);
  if (getpeername(fd, &peer.any, &size) != 0) return "";
  if (peer.any.sa_family == AF_INET) {
    return Text(AF_INET, &peer.ipv4.sin_addr);
  }
  in6_addr address = peer.ipv6.sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    return Text(AF_INET, address.s6_addr + kMappedPrefixSize);
  }
  memset(address.s6_addr + kNetworkSize, 0, sizeof(address) - kNetworkSize);
  return absl::StrCat(Text(AF_INET6, &address), "/64");
}

}  // namespace proofmint::service
