// Rows that compare batches with libraries that do one at a time.

#ifndef PROOFMINT_BENCH_BATCH_ROW_H_
#define PROOFMINT_BENCH_BATCH_ROW_H_

#include <array>
#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/row.h"

namespace proofmint::bench {

// A side of a comparison with what it made and not yet verified.
struct Contestant {
  std::string name;
  std::unique_ptr<Side> side;
  Results results;
};

// TimeSlice has the contestant do one slice and returns how much of this
// thread's time that took.
absl::StatusOr<std::chrono::duration<double>> TimeSlice(Contestant& contestant);

// VerifyResults verifies all that was made, after falsifying one result of the
// contestant named `corrupt`.
absl::Status VerifyResults(std::span<Contestant> contestants,
                           const std::string& corrupt);

// The slices of the three sides take turns; each round another side is first.
class BatchRow : public Row {
 public:
  BatchRow(std::string name, Operation operation, dpop::Algorithm algorithm,
           size_t batch, Contest& contest);

  int RoundsPerRepetition() const override;
  void Run(benchmark::State& state) override;

 private:
  absl::Status Measure(benchmark::State& state);
  absl::Status MeasureRound(benchmark::State& state,
                            std::span<Contestant> contestants);

  Work work_;
  size_t batch_;
  Contest& contest_;
};

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_BATCH_ROW_H_
