// Runs parts of tests in a process of their own.

#ifndef PROOFMINT_TESTS_TESTING_CHILD_PROCESS_H_
#define PROOFMINT_TESTS_TESTING_CHILD_PROCESS_H_

#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "tests/testing/sanitizers.h"

namespace proofmint::testing {

// ThreadSanitizer cannot follow a forked child that goes on using threads and
// locks.
#define PROOFMINT_SKIP_IF_FORK_IS_NOT_SUPPORTED() \
  if (proofmint::testing::kHasThreadSanitizer)    \
  GTEST_SKIP() << "forks, which ThreadSanitizer does not follow"

// Runs `body`, which returns an exit code, in a forked child that is killed
// should it hang. Returns the exit code, or 1000 and the signal that ended it.
template <typename Body>
int RunInChild(Body body) {
  constexpr unsigned kPatience = 60;  // seconds
  pid_t child = fork();
  if (child == 0) {
    alarm(kPatience);
    _exit(body());
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

// Lets this thread's calls of a system call fail with `error` from now on, if
// the low half of argument number `argument` is `value`. False if that cannot
// be arranged.
inline bool RefuseSystemCall(long number, size_t argument, uint32_t value,
                             int error) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
               static_cast<uint32_t>(offsetof(seccomp_data, args) +
                                     argument * sizeof(uint64_t))),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
      BPF_STMT(BPF_RET | BPF_K,
               SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program = {.len = std::size(filter), .filter = filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Lets this thread start no more threads. False if that cannot be arranged.
inline bool RefuseThreads() {
  return RefuseSystemCall(SYS_clone3, 1, sizeof(clone_args), EAGAIN);
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_CHILD_PROCESS_H_
