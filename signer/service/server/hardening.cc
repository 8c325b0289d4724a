#include "signer/service/server/hardening.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "signer/base/errno_status.h"

namespace proofmint::service {

absl::Status ForbidDumps() {
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
    return base::ErrnoStatus(
        "hardening: core files and debuggers could not be forbidden");
  }
  return absl::OkStatus();
}

void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void ShareHeapIfMemoryIsLimited() {
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return;
  }
  mallopt(M_ARENA_MAX, 1);
}

}  // namespace proofmint::service
