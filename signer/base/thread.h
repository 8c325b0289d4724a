// Starts named threads, and fails with a status where std::thread throws.

#ifndef PROOFMINT_SIGNER_BASE_THREAD_H_
#define PROOFMINT_SIGNER_BASE_THREAD_H_

#include <pthread.h>

#include <cstddef>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace proofmint::base {

// Thread owns a running thread and joins it in the destructor, or owns none.
// All signals but those of faults are blocked in the thread, so that the
// threads which wait for signals receive them and no system call here is
// interrupted.
//
// The code is compiled with exceptions for the libraries' sake; `function` must
// not throw, and the process is terminated if it does.
//
// Movable, not copyable. Not thread-safe: one thread owns it.
class Thread {
 public:
  // The longest name that Linux keeps.
  static constexpr size_t kMaxNameSize = 15;  // bytes

  // Start runs `function` on a new thread with the name `name`, a literal of at
  // most kMaxNameSize bytes, which top(1) and debuggers show. Fails with
  // RESOURCE_EXHAUSTED if a limit of threads or memory is reached. `function`
  // is then destroyed without having run.
  static absl::StatusOr<Thread> Start(const char* name,
                                      std::function<void()> function);

  // Makes a Thread that owns none.
  Thread() = default;

  Thread(Thread&& other) noexcept;
  // Joins the thread that it owned before.
  Thread& operator=(Thread&& other) noexcept;

  // Joins the thread.
  ~Thread();

  // Join waits for the thread's function to return. Afterwards, and if it owned
  // no thread, the Thread owns none. Must not be called by the thread itself.
  void Join();

  // Detach gives up the thread, which runs until its function returns or the
  // process ends.
  void Detach();

  // Returns whether it owns a thread, which may have returned from its
  // function.
  bool joinable() const { return joinable_; }

  // Returns the thread that it owns, for functions of pthread.h.
  pthread_t handle() const { return handle_; }

 private:
  explicit Thread(pthread_t handle) : handle_(handle), joinable_(true) {}

  pthread_t handle_ = {};
  bool joinable_ = false;
};

// CheckThreads starts `count` threads and reserves `memory` bytes of address
// space, all at once, and gives them back: whether a library can start its
// threads must be known beforehand if it does not report that it could not.
// Fails with RESOURCE_EXHAUSTED, which names the limits. Thread-safe.
absl::Status CheckThreads(size_t count, size_t memory);

}  // namespace proofmint::base

#endif  // PROOFMINT_SIGNER_BASE_THREAD_H_
