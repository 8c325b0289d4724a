#include "signer/base/thread.h"

#include <signal.h>
#include <sys/mman.h>

#include <functional>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace proofmint::base {
namespace {

struct StartArguments {
  const char* name;
  std::function<void()> function;
};

// An exception cannot leave a thread: noexcept ends the process rather than
// unwind into the C library.
void* Run(void* arguments) noexcept {
  std::unique_ptr<StartArguments> start(
      static_cast<StartArguments*>(arguments));
  pthread_setname_np(pthread_self(), start->name);
  start->function();
  return nullptr;
}

}  // namespace

absl::StatusOr<Thread> Thread::Start(const char* name,
                                     std::function<void()> function) {
  auto start = std::make_unique<StartArguments>(
      StartArguments{name, std::move(function)});
  // The new thread inherits the mask.
  sigset_t all;
  sigset_t previous;
  sigfillset(&all);
  // A fault while its signal is blocked ends the process without a handler,
  // such as that of a sanitizer.
  for (int fault :
       {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
    sigdelset(&all, fault);
  }
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  pthread_t handle;
  const int error = pthread_create(&handle, nullptr, Run, start.get());
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
  if (error != 0) {
    return absl::ResourceExhaustedError(
        absl::ErrnoToStatus(error, absl::StrCat("thread ", name)).message());
  }
  start.release();  // Run owns it.
  return Thread(handle);
}

Thread::Thread(Thread&& other) noexcept
    : handle_(other.handle_),
      joinable_(std::exchange(other.joinable_, false)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this != &other) {
    Join();
    handle_ = other.handle_;
    joinable_ = std::exchange(other.joinable_, false);
  }
  return *this;
}

Thread::~Thread() { Join(); }

void Thread::Join() {
  if (std::exchange(joinable_, false)) pthread_join(handle_, nullptr);
}

void Thread::Detach() {
  if (std::exchange(joinable_, false)) pthread_detach(handle_);
}

absl::Status CheckThreads(size_t count, size_t memory) {
  void* reserved = mmap(nullptr, memory, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("memory: got less than ", memory >> 20,
                     " MiB, want that much; RLIMIT_AS is too low"));
  }
  std::latch done(1);
  std::vector<Thread> threads;
  absl::Status status;
  while (threads.size() < count && status.ok()) {
    absl::StatusOr<Thread> thread =
        Thread::Start("thread_check", [&done] { done.wait(); });
    if (thread.ok()) {
      threads.push_back(*std::move(thread));
    } else {
      status = absl::ResourceExhaustedError(absl::StrCat(
          "threads: got ", threads.size(), ", want ", count,
          "; RLIMIT_NPROC, RLIMIT_AS or the cgroup's limit is too low"));
    }
  }
  done.count_down();
  threads.clear();  // joins them
  munmap(reserved, memory);
  return status;
}

}  // namespace proofmint::base
