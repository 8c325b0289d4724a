// Defines the command line of proofmint-cost.

#ifndef PROOFMINT_BENCH_COST_FLAGS_H_
#define PROOFMINT_BENCH_COST_FLAGS_H_

#include <CLI/App.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "bench/cost/measurement.h"

namespace proofmint::cost {

struct Options {
  std::string way;
  Load load;
  std::string target;  // empty: no signer
  int signer_pid = 0;  // 0: no signer
};

// Flags adds the flags to an app, which writes their values to this object, and
// converts these to Options.
class Flags {
 public:
  void AddTo(CLI::App& app);

  // Returns the options; to be called once the app has parsed its arguments.
  // Fails with INVALID_ARGUMENT, naming the flag that is wrong.
  absl::StatusOr<Options> ToOptions() const;

 private:
  Options options_;
  double seconds_ = 2;
  double warmup_seconds_ = 0.5;
};

}  // namespace proofmint::cost

#endif  // PROOFMINT_BENCH_COST_FLAGS_H_
