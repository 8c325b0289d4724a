// Rows that time a key from a warm pool.

#ifndef PROOFMINT_BENCH_TAKE_ROW_H_
#define PROOFMINT_BENCH_TAKE_ROW_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/batch_row.h"
#include "bench/cycle_clock.h"
#include "bench/row.h"
#include "signer/keys/key_pool.h"

namespace proofmint::bench {

// Every KeyPool::Take of one key is timed alone, one take after the other
// without work between them; the pool is filled again between rounds, with the
// clock stopped. The libraries generate a key instead.
class TakeRow : public Row {
 public:
  // `clock` must outlive the row.
  TakeRow(std::string name, dpop::Algorithm algorithm, Contest& contest,
          const CycleClock& clock);

  int RoundsPerRepetition() const override { return 10; }
  void Run(benchmark::State& state) override;
  Summary Summarize() const override;

 private:
  absl::Status Measure(benchmark::State& state);
  absl::Status MeasureRound(benchmark::State& state, keys::KeyPool& pool,
                            std::span<Contestant> contestants);
  // Fills `keys` one by one and returns how many nanoseconds each took.
  absl::StatusOr<std::vector<double>> TimeTakes(keys::KeyPool& pool,
                                                std::span<dpop::ProofKey> keys);

  Work work_;
  Contest& contest_;
  const CycleClock& clock_;
  std::vector<double> takes_;  // nanoseconds
};

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_TAKE_ROW_H_
