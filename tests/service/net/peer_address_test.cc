#include "signer/service/net/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "signer/base/unique_fd.h"

namespace proofmint::service {
namespace {

// Returns PeerAddress of the connection of a client that connects from
// `client` to a socket of `family`, IPv6 ones taking IPv4, too; "none" if this
// host does not have the address.
std::string AddressOfClient(int family, const sockaddr* client,
                            socklen_t client_size) {
  base::UniqueFd listening(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 any = {};
  any.sin6_family = static_cast<sa_family_t>(family);
  sockaddr_in6 bound = {};
  socklen_t size = sizeof(bound);
  int both = 0;
  if (family == AF_INET6) {
    setsockopt(listening.get(), IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof(both));
  }
  const socklen_t any_size =
      family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (bind(listening.get(), reinterpret_cast<sockaddr*>(&any), any_size) != 0 ||
      listen(listening.get(), 1) != 0 ||
      getsockname(listening.get(), reinterpret_cast<sockaddr*>(&bound),
                  &size) != 0) {
    return "none";
  }
  base::UniqueFd socket_of_client(
      socket(client->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (bind(socket_of_client.get(), client, client_size) != 0) return "none";
  // The port is at the same place in both kinds of addresses.
  sockaddr_in6 target = {};
  memcpy(&target, client, client_size);
  target.sin6_port = bound.sin6_port;
  if (connect(socket_of_client.get(), reinterpret_cast<sockaddr*>(&target),
              client_size) != 0) {
    return "none";
  }
  base::UniqueFd accepted(accept(listening.get(), nullptr, nullptr));
  return PeerAddress(accepted.get());
}

std::string AddressOfIpv4Client(int family, const char* address) {
  sockaddr_in client = {};
  client.sin_family = AF_INET;
  inet_pton(AF_INET, address, &client.sin_addr);
  return AddressOfClient(family, reinterpret_cast<sockaddr*>(&client),
                         sizeof(client));
}

TEST(PeerAddressTest, OfIpv4HasNoPort) {
  EXPECT_EQ(AddressOfIpv4Client(AF_INET, "127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(AddressOfIpv4Client(AF_INET, "127.1.2.3"), "127.1.2.3");
}

TEST(PeerAddressTest, OfIpv4ThroughAnIpv6SocketIsTheSame) {
  const std::string address = AddressOfIpv4Client(AF_INET6, "127.1.2.3");
  if (address == "none") GTEST_SKIP() << "this host has no IPv6";
  EXPECT_EQ(address, "127.1.2.3");
}

TEST(PeerAddressTest, OfIpv6IsItsNetwork) {
  sockaddr_in6 client = {};
  client.sin6_family = AF_INET6;
  client.sin6_addr = in6addr_loopback;
  const std::string address = AddressOfClient(
      AF_INET6, reinterpret_cast<sockaddr*>(&client), sizeof(client));
  if (address == "none") GTEST_SKIP() << "this host has no IPv6";
  EXPECT_EQ(address, "::/64");
}

TEST(PeerAddressTest, OfWhatIsNotConnectedIsEmpty) {
  base::UniqueFd unconnected(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(PeerAddress(unconnected.get()), "");
  EXPECT_EQ(PeerAddress(-1), "");
}

}  // namespace
}  // namespace proofmint::service
