// Reads the addresses that proofmint-flood may attack.

#ifndef PROOFMINT_TESTS_RELIABILITY_FLOOD_ENDPOINT_H_
#define PROOFMINT_TESTS_RELIABILITY_FLOOD_ENDPOINT_H_

#include <sys/socket.h>

#include <string>

#include "absl/status/statusor.h"

namespace proofmint::flood {

// Endpoint is an address as the system calls take it.
struct Endpoint {
  sockaddr_storage address = {};
  socklen_t size = 0;
};

// Reads unix:PATH, or HOST:PORT with a loopback address such as 127.0.0.1.
// Fails with INVALID_ARGUMENT for everything else: the tool never sends to
// another machine.
absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text);

}  // namespace proofmint::flood

#endif  // PROOFMINT_TESTS_RELIABILITY_FLOOD_ENDPOINT_H_
