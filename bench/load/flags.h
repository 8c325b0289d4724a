// Defines the command line of proofmint-load.

#ifndef PROOFMINT_BENCH_LOAD_FLAGS_H_
#define PROOFMINT_BENCH_LOAD_FLAGS_H_

#include <CLI/App.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "bench/load/options.h"

namespace proofmint::load {

// Flags adds the flags to an app, which writes their values to this object, and
// converts these to Options.
class Flags {
 public:
  void AddTo(CLI::App& app);

  // Returns the options; to be called once the app has parsed its arguments.
  // Fails with INVALID_ARGUMENT, naming the flag that is wrong.
  absl::StatusOr<Options> ToOptions() const;

 private:
  Options options_;  // all but those below, which are text at first
  std::string algorithm_ = "ES256";
  std::string duration_ = "10s";
  std::string warmup_ = "2s";
  std::string max_p99_;
  std::string timeout_ = "5s";
  std::string sweep_;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_FLAGS_H_
