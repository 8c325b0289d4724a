// Reloads files that change while the server runs, and reports each change.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_RELOADER_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_RELOADER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "signer/base/mutex.h"

namespace proofmint::service {

// Reloader reads files again and reports the result, by one log line and one
// count for each change: "reloaded", or "not reloaded; the old contents
// stay in use" with the error.
//
// Thread-safe. It has no thread of its own: Run reads on the caller's thread.
class Reloader {
 public:
  // `what` names the files in the log and in metrics, such as "kek_file".
  //
  // `reload` returns true once new contents are in use and false if nothing has
  // changed since its last call. After an error the old contents must stay in
  // use. It is called by one thread at a time.
  Reloader(absl::string_view what,
           std::function<absl::StatusOr<bool>()> reload);

  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Run calls `reload` and reports its result. An error that is the same as
  // that of the call before is reported once. Blocks while `reload` runs,
  // here or on another thread.
  void Run();

  const std::string& what() const { return what_; }

  // Return how often new contents were taken, and how often Run reported an
  // error.
  uint64_t reloads() const { return reloads_; }
  uint64_t errors() const { return errors_; }

 private:
  const std::string what_;
  const std::function<absl::StatusOr<bool>()> reload_;
  base::Mutex mutex_;  // held while reload_ runs
  absl::Status last_status_ ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> reloads_ = 0;
  std::atomic<uint64_t> errors_ = 0;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_RELOADER_H_
