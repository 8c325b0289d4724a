// Returns the address of a peer, by which its connections are counted.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_PEER_ADDRESS_H_
#define PROOFMINT_SIGNER_SERVICE_NET_PEER_ADDRESS_H_

#include <string>

namespace proofmint::service {

// PeerAddress returns the address, without the port, of the peer of the TCP
// connection `fd`: "192.0.2.7" for IPv4, also where it comes through an IPv6
// socket, and the network "2001:db8:1:2::/64" for IPv6, because a host gets all
// addresses of such a network. Returns "" if the peer has reset the connection.
std::string PeerAddress(int fd);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_PEER_ADDRESS_H_
