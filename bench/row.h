// A row of the result table and how it is measured.

#ifndef PROOFMINT_BENCH_ROW_H_
#define PROOFMINT_BENCH_ROW_H_

#include <benchmark/benchmark.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/cycle_clock.h"
#include "bench/library.h"
#include "bench/side.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"

namespace proofmint::bench {

// Who is compared, by what.
struct Contest {
  crypto::Kernel kernel;
  std::unique_ptr<crypto::Entropy> entropy;
  std::unique_ptr<Library> boringssl = NewBoringSslLibrary();
  std::unique_ptr<Library> openssl = NewOpenSslLibrary();
  // "ours", "boringssl" or "openssl": one result of that side is falsified
  // before verification. For the test of this program.
  std::string corrupt;
};

// Round is what one slice of each side took, one right after the other,
// microseconds an item.
struct Round {
  double ours;
  double boringssl;
  double openssl;
};

// Latency is of single calls, each timed alone, in nanoseconds.
struct Latency {
  double p50;
  double p99;
  double p999;
};

// Summary is one line of the result: medians over all rounds. A ratio is the
// median of the rounds' ratios, not the ratio of medians, so that only what was
// measured side by side is compared.
struct Summary {
  std::string name;
  double ours_us;
  double boringssl_us;
  double openssl_us;
  double ratio_boringssl;
  double ratio_openssl;
  std::optional<Latency> latency;
};

class Row {
 public:
  explicit Row(std::string name) : name_(std::move(name)) {}
  virtual ~Row() = default;
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  // The number of rounds in one repetition.
  virtual int RoundsPerRepetition() const = 0;

  // Measures one repetition and verifies all results of it. An error is left in
  // `state`.
  virtual void Run(benchmark::State& state) = 0;

  // Once something has been measured.
  virtual Summary Summarize() const;

  const std::string& name() const { return name_; }

 protected:
  std::string name_;
  std::vector<Round> rounds_;
};

// AllRows returns every row, in the order of the table. Both references must
// outlive them.
std::vector<std::unique_ptr<Row>> AllRows(Contest& contest,
                                          const CycleClock& clock);

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_ROW_H_
