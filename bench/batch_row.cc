#include "bench/batch_row.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "signer/base/status_macros.h"

namespace proofmint::bench {
namespace {

// What other processes and threads run meanwhile is not counted: it would fall
// on the slower side more often, in its longer slices, and flatter ours. All
// sides compute on the calling thread alone, except that the keys of
// Operation::kUnary were made before, by the thread of the pool.
std::chrono::duration<double> ThreadTime() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) +
         std::chrono::nanoseconds(now.tv_nsec);
}

// A slice is long beside the clock and what the side before it left in the
// caches, and short beside the noise of a shared machine. These take about the
// same time.
constexpr size_t kMinSlice = 64;      // items, ours
constexpr size_t kLibrarySlice = 32;  // items, a library

// Verification takes most of the time, and bounds what can be measured.
constexpr size_t kKeysPerRepetition = 2048;
constexpr size_t kSignaturesPerRepetition = 512;

}  // namespace

absl::StatusOr<std::chrono::duration<double>> TimeSlice(
    Contestant& contestant) {
  PROOFMINT_RETURN_IF_ERROR(contestant.side->Prepare());
  std::chrono::duration<double> start = ThreadTime();
  absl::Status done = contestant.side->Run();
  std::chrono::duration<double> end = ThreadTime();
  PROOFMINT_RETURN_IF_ERROR(done);
  PROOFMINT_RETURN_IF_ERROR(contestant.side->Collect(contestant.results));
  return end - start;
}

absl::Status VerifyResults(std::span<Contestant> contestants,
                           const std::string& corrupt) {
  for (Contestant& contestant : contestants) {
    if (contestant.name == corrupt) contestant.results.CorruptOne();
    absl::Status verified = contestant.results.Verify();
    if (!verified.ok()) {
      return absl::InternalError(contestant.name + ": " +
                                 std::string(verified.message()));
    }
  }
  return absl::OkStatus();
}

BatchRow::BatchRow(std::string name, Operation operation,
                   dpop::Algorithm algorithm, size_t batch, Contest& contest)
    : Row(std::move(name)),
      work_{operation, algorithm, std::max(batch, kMinSlice)},
      batch_(batch),
      contest_(contest) {}

int BatchRow::RoundsPerRepetition() const {
  size_t items = work_.operation == Operation::kKeygen
                     ? kKeysPerRepetition
                     : kSignaturesPerRepetition;
  return static_cast<int>(items / work_.slice);
}

void BatchRow::Run(benchmark::State& state) {
  absl::Status measured = Measure(state);
  if (!measured.ok()) state.SkipWithError(measured.ToString().c_str());
}

absl::Status BatchRow::Measure(benchmark::State& state) {
  crypto::Entropy& entropy = *contest_.entropy;
  Work library_work = work_;
  library_work.slice = kLibrarySlice;
  Results none(work_.algorithm);
  std::unique_ptr<Side> ours;
  if (work_.operation == Operation::kUnary) {
    PROOFMINT_ASSIGN_OR_RETURN(ours,
                               NewUnarySide(work_, contest_.kernel, entropy));
  } else {
    ours = NewBatchSide(work_, batch_, contest_.kernel, entropy);
  }
  std::array<Contestant, 3> contestants = {
      Contestant{"ours", std::move(ours), none},
      Contestant{"boringssl",
                 NewLibrarySide(library_work, *contest_.boringssl, entropy),
                 none},
      Contestant{"openssl",
                 NewLibrarySide(library_work, *contest_.openssl, entropy),
                 none}};
  // What ran before was another row: one slice of each goes unmeasured.
  for (Contestant& contestant : contestants) {
    PROOFMINT_RETURN_IF_ERROR(TimeSlice(contestant).status());
  }
  for ([[maybe_unused]] auto round : state) {
    PROOFMINT_RETURN_IF_ERROR(MeasureRound(state, contestants));
  }
  return VerifyResults(contestants, contest_.corrupt);
}

absl::Status BatchRow::MeasureRound(benchmark::State& state,
                                    std::span<Contestant> contestants) {
  std::array<double, 3> microseconds;
  for (size_t turn = 0; turn < contestants.size(); ++turn) {
    size_t i = (rounds_.size() + turn) % contestants.size();
    PROOFMINT_ASSIGN_OR_RETURN(std::chrono::duration<double> time,
                               TimeSlice(contestants[i]));
    size_t slice = i == 0 ? work_.slice : kLibrarySlice;
    microseconds[i] = time.count() * 1e6 / static_cast<double>(slice);
    if (i == 0) state.SetIterationTime(time.count());
  }
  rounds_.push_back({microseconds[0], microseconds[1], microseconds[2]});
  return absl::OkStatus();
}

}  // namespace proofmint::bench
