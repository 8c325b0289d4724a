// Runs an attack on many connections, which are opened again whenever the
// server closes them.

#ifndef PROOFMINT_TESTS_RELIABILITY_FLOOD_FLOOD_H_
#define PROOFMINT_TESTS_RELIABILITY_FLOOD_FLOOD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/reliability/flood/attack.h"
#include "tests/reliability/flood/connection.h"

namespace proofmint::flood {

struct FloodOptions {
  int connections = 1;
  absl::Duration reconnect = absl::Milliseconds(5);
  absl::Duration duration = absl::Seconds(3);
  double rate = 0;  // blocks per second of all connections; 0: no pauses
  // Whether the client acknowledges the server's SETTINGS, which it does before
  // it has seen them.
  bool acknowledge = false;
};

struct FloodCounts {
  int64_t made = 0;     // connections on which the server sent something
  int64_t refused = 0;  // connections that ended before that
  int64_t closed = 0;   // of those made: closed by the server
  int64_t frames = 0;
  int64_t bytes = 0;  // without TLS's own
  std::string first_refusal;
};

// Runs `attack` for the whole duration, on a writer and a reader thread for
// each connection.
FloodCounts RunFlood(const Attack& attack, const Destination& destination,
                     const FloodOptions& options);

// Holds that many connections open, idle after the client's preface, on one
// thread.
FloodCounts HoldConnections(const Destination& destination,
                            const FloodOptions& options);

}  // namespace proofmint::flood

#endif  // PROOFMINT_TESTS_RELIABILITY_FLOOD_FLOOD_H_
