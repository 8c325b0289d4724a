// Opens sockets without gRPC, to act as a broken or hostile client, or as
// another server.

#ifndef PROOFMINT_TESTS_TESTING_RAW_SOCKET_H_
#define PROOFMINT_TESTS_TESTING_RAW_SOCKET_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/unique_fd.h"

namespace proofmint::testing {

using base::UniqueFd;

// Returns a connection to the Unix socket `path`, or an invalid descriptor.
UniqueFd ConnectUnix(const std::string& path);

// Returns a connection to `address`, such as "127.0.0.1:9464", or an invalid
// descriptor.
UniqueFd ConnectTcp(const std::string& address);

// Returns a socket of `type` that is bound to `path` and, if it is a stream,
// listens with room for `backlog` connections.
UniqueFd BindUnix(const std::string& path, int type, int backlog = 16);

// Sends all of `bytes`, or as much as the peer reads before it disconnects.
void Send(const UniqueFd& socket, absl::string_view bytes);

// Shuts down the sending direction.
void FinishSending(const UniqueFd& socket);

// Reads until the peer closes the connection. Returns false if it does not
// within `limit`.
bool ReadUntilClosed(const UniqueFd& socket, absl::Duration limit,
                     std::string& received);

// Waits until there is data to read. Returns false if there is none within
// `limit`.
bool WaitReadable(const UniqueFd& socket, absl::Duration limit);

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_RAW_SOCKET_H_
