#include "signer/service/observe/reloader.h"

#include <utility>

#include "signer/service/observe/log.h"

namespace proofmint::service {

Reloader::Reloader(absl::string_view what,
                   std::function<absl::StatusOr<bool>()> reload)
    : what_(what), reload_(std::move(reload)) {}

void Reloader::Run() {
  base::MutexLock lock(mutex_);
  const absl::StatusOr<bool> reloaded = reload_();
  const absl::Status last_status =
      std::exchange(last_status_, reloaded.status());
  if (!reloaded.ok()) {
    if (reloaded.status() == last_status) return;
    ++errors_;
    LogError(
        "not reloaded; the old contents stay in use",
        {{"what", what_}, {"error", std::string(reloaded.status().message())}});
  } else if (*reloaded) {
    ++reloads_;
    LogInfo("reloaded", {{"what", what_}});
  }
}

}  // namespace proofmint::service
