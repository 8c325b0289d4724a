// Limits the connections of peers at the moment they are accepted.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_CONNECTION_LIMITS_H_
#define PROOFMINT_SIGNER_SERVICE_NET_CONNECTION_LIMITS_H_

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/leaky_buckets.h"
#include "signer/base/mutex.h"
#include "signer/service/observe/connection_record.h"

namespace proofmint::service {

// ConnectionLimits decides for each accepted connection whether gRPC gets it or
// it is closed at once. It bounds
//
// - the open connections over Unix sockets and, apart from them, over TCP, so
//   that peers of the network cannot take the places of the host's own callers;
// - those of one caller: a quarter of them, so that it takes three more to keep
//   others out;
// - those of peers that may not call (see kMaxOpenNotAllowed);
// - the TLS handshakes that begin, which cost 2.5 ms of CPU time each;
// - all connections of a caller that misused some (see Penalize).
//
// A caller is here "uid:1000" over Unix sockets, and over TCP the address of
// the peer, of which IPv6 counts by the network of 64 bits that a host gets: a
// name in a certificate is known only after the handshake. So all peers behind
// one address translation or proxy are one caller.
//
// With the default of 1,024, a caller may have 256 connections: a broker of 100
// processes under one uid, with two each, or with one each that are replaced
// while the old ones still run. An idle connection takes 15 KB of this process
// in plaintext. Clients that a server closes at accept come back with backoff.
//
// gRPC does not tell when it closes a connection. The limits find out by
// comparing the inode of each descriptor with the one that was accepted: when a
// descriptor comes back, and for all descriptors, some 0.3 us each, when a
// limit is reached, but not more often than every kSweepInterval. So each
// accept costs little, however many connections a peer opens.
//
// Thread-safe: all accept loops share one.
class ConnectionLimits {
 public:
  struct Options {
    // The most connections that are open over Unix sockets, and over TCP.
    int max_connections = 1024;
  };

  // Peers that may not call have at most so many open Unix connections
  // together. On these gRPC tells them CALLER_NOT_ALLOWED with their uid, which
  // says what to mend, and answers health checks; it does not say more to the
  // hundredth process. Any further connection is closed at accept.
  static constexpr int kMaxOpenNotAllowed = 4;

  // The TLS handshakes per second that may begin: of one address, and of all.
  // As many as an address may have connections can begin at once, and of all
  // twice as many; this is for clients that all connect to a new server. 200/s
  // take half a CPU, and leave the p99 of other calls below 40 ms. gRPC does
  // not tell when a handshake ends, so unfinished ones count as connections,
  // and last as long as its handshake timeout at most.
  static constexpr double kHandshakesOfAddress = 25;
  static constexpr double kHandshakes = 200;

  // A caller whose connections were closed for misuse gets a point for each; a
  // point is forgotten in kPointFades. While it has more than kMaxPoints, that
  // is from three closings in short order on, it gets no new connection. It
  // has kMostPoints at most, so a minute after the last closing it is free.
  static constexpr absl::Duration kPointFades = absl::Seconds(5);
  static constexpr double kMaxPoints = 2;
  static constexpr double kMostPoints = 14;

  static constexpr absl::Duration kSweepInterval = absl::Milliseconds(50);

  // Records in `record`, which must outlive this object, each connection that
  // is refused. `now` returns the time, as MonotonicNow does.
  ConnectionLimits(const Options& options, ConnectionRecord& record,
                   std::function<absl::Duration()> now = base::MonotonicNow);

  // AdmitUnix returns whether the accepted Unix connection `fd` may be served;
  // if not, it is recorded as refused and the caller of this function closes
  // it. `caller` is Caller::id, and `allowed` says whether it may call.
  bool AdmitUnix(int fd, absl::string_view caller, bool allowed);

  // AdmitTcp does the same for the TCP connection `fd` of the peer `address`,
  // as PeerAddress returns it. `tls` says that a handshake begins.
  bool AdmitTcp(int fd, absl::string_view address, bool tls);

  // Penalize gives a point to `caller`, because its connection was closed for
  // misuse. For TLS the name of a certificate may have points, too, beside the
  // address. Any thread; takes a lock that is held for microseconds.
  void Penalize(absl::string_view caller);

  // Penalized returns whether connections of `caller` are refused because of
  // its points. AdmitUnix and AdmitTcp ask this themselves; the name of a
  // certificate is to be asked for after the handshake.
  bool Penalized(absl::string_view caller) const;

  // Returns the number of open connections, which takes a system call for each.
  size_t open_connections() const;

 private:
  enum Transport { kUnix, kTcp };

  struct Connection {
    std::string caller;
    Transport transport;
    bool allowed;
    ino_t inode;  // of the socket; a later one with this descriptor has another
  };

  bool Admit(int fd, Connection connection, bool tls);
  // Adds the connection, or returns why it is refused.
  std::optional<ConnectionRefusal> Add(int fd, Connection connection, bool tls);
  static bool IsOpen(int fd, const Connection& connection);
  // Returns which limit one more connection such as `connection` exceeds.
  std::optional<ConnectionRefusal> Exceeded(const Connection& connection) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool TakeHandshake(absl::string_view address, absl::Duration now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Counts that a connection was opened (1) or closed (-1).
  void Count(const Connection& connection, int change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Forgets the connections that are closed.
  void Sweep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int max_connections_;
  const int max_of_caller_;
  ConnectionRecord& record_;
  const std::function<absl::Duration()> now_;

  mutable base::Mutex mutex_;
  // By descriptor. Of a closed connection until a sweep, or until its
  // descriptor is used again.
  absl::flat_hash_map<int, Connection> connections_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, int> of_caller_ ABSL_GUARDED_BY(mutex_);
  std::array<int, 2> of_transport_ ABSL_GUARDED_BY(mutex_) = {};
  int not_allowed_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration swept_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  base::LeakyBuckets handshakes_of_address_ ABSL_GUARDED_BY(mutex_){
      kHandshakesOfAddress};
  base::LeakyBucket handshakes_ ABSL_GUARDED_BY(mutex_){kHandshakes};

  // Apart from mutex_, under which a sweep takes a millisecond.
  mutable base::Mutex points_mutex_;
  base::LeakyBuckets points_ ABSL_GUARDED_BY(points_mutex_){
      1 / absl::ToDoubleSeconds(kPointFades)};
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_CONNECTION_LIMITS_H_
