// Collects the connections of a listener, and takes its descriptors away.

#ifndef PROOFMINT_TESTS_SERVICE_TESTING_ACCEPTED_CONNECTIONS_H_
#define PROOFMINT_TESTS_SERVICE_TESTING_ACCEPTED_CONNECTIONS_H_

#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/time/time.h"
#include "signer/base/unique_fd.h"

namespace proofmint::testing {

// AcceptedConnections keeps the connections that a listener hands over. Its
// mutex is not Abseil's, because ThreadSanitizer cannot see into that of
// Debian's library.
class AcceptedConnections {
 public:
  std::function<void(base::UniqueFd)> Sink() {
    return [this](base::UniqueFd connection) {
      std::lock_guard lock(mutex_);
      connections_.push_back(std::move(connection));
      changed_.notify_all();
    };
  }

  // Waits for the connection number `index` and returns its descriptor, which
  // remains owned by this object, or -1.
  int Wait(size_t index) {
    if (!WaitFor(index, absl::Seconds(10))) return -1;
    std::lock_guard lock(mutex_);
    return connections_[index].get();
  }

  // Returns whether connection number `index` comes within `limit`.
  bool WaitFor(size_t index, absl::Duration limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, absl::ToChronoMilliseconds(limit),
                             [&] { return connections_.size() > index; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<base::UniqueFd> connections_;
};

// NoDescriptors keeps this process from opening descriptors while it exists.
class NoDescriptors {
 public:
  NoDescriptors() {
    ABSL_RAW_CHECK(getrlimit(RLIMIT_NOFILE, &before_) == 0 &&
                       base::UniqueFd(dup(STDERR_FILENO)).get() > kLast,
                   "standard streams are closed");
    // A higher limit would not do: threads of gRPC may close descriptors below
    // it meanwhile.
    rlimit none_left = before_;
    none_left.rlim_cur = kLast + 1;
    ABSL_RAW_CHECK(setrlimit(RLIMIT_NOFILE, &none_left) == 0,
                   "the limit of descriptors cannot be lowered");
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  static constexpr int kLast = STDERR_FILENO;

  rlimit before_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_TESTING_ACCEPTED_CONNECTIONS_H_
