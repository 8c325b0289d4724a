// Connects to a Unix socket as another user.

#ifndef PROOFMINT_TESTS_TESTING_CONNECT_AS_H_
#define PROOFMINT_TESTS_TESTING_CONNECT_AS_H_

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "signer/base/unique_fd.h"
#include "tests/testing/raw_socket.h"

namespace proofmint::testing {

// Process describes the process that connects.
struct Process {
  uid_t uid;
  gid_t gid;
  std::vector<gid_t> groups = {};
};

// Returns a connection to the socket `path` that is made by a thread with the
// credentials of `process`, which takes root; an invalid descriptor if that
// fails. The thread makes the system calls itself, because the C library would
// change the credentials of all threads.
inline base::UniqueFd ConnectUnixAs(const Process& process,
                                    const std::string& path) {
  base::UniqueFd connection;
  std::thread([&] {
    if (syscall(SYS_setgroups, process.groups.size(), process.groups.data()) ==
            0 &&
        syscall(SYS_setresgid, -1, process.gid, -1) == 0 &&
        syscall(SYS_setresuid, -1, process.uid, -1) == 0) {
      connection = ConnectUnix(path);
    }
  }).join();
  return connection;
}

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TESTING_CONNECT_AS_H_
