#include "bench/micro/comparison.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"

namespace proofmint::bench {
namespace {

absl::Status Verify(dpop::Algorithm algorithm, const Side& side,
                    Results& results, const std::string& corrupt) {
  if (side.name == corrupt) results.back() = Proof();
  absl::Status verified = ResultVerifier(algorithm).Verify(results);
  if (verified.ok()) return verified;
  return absl::InternalError(absl::StrCat(side.name, ": ", verified.message()));
}

}  // namespace

absl::Status Compare(benchmark::State& state, dpop::Algorithm algorithm,
                     std::span<const Side> sides, const std::string& corrupt) {
  std::vector<Results> results(sides.size());
  std::vector<double> seconds(sides.size());
  // The benchmark before was another one: a slice of each side does not count.
  for (size_t i = 0; i < sides.size(); ++i) {
    PROOFMINT_RETURN_IF_ERROR(sides[i].run(results[i]).status());
  }
  size_t rounds = 0;
  while (state.KeepRunningBatch(static_cast<int64_t>(sides[0].slice))) {
    for (size_t turn = 0; turn < sides.size(); ++turn) {
      size_t i = (rounds + turn) % sides.size();
      PROOFMINT_ASSIGN_OR_RETURN(double slice, sides[i].run(results[i]));
      if (i == 0) state.SetIterationTime(slice);
      seconds[i] += slice;
    }
    ++rounds;
  }
  for (size_t i = 0; i < sides.size(); ++i) {
    PROOFMINT_RETURN_IF_ERROR(Verify(algorithm, sides[i], results[i], corrupt));
  }
  auto microseconds = [&](size_t i) {
    return seconds[i] * 1e6 / static_cast<double>(rounds * sides[i].slice);
  };
  for (size_t i = 1; i < sides.size(); ++i) {
    state.counters[sides[i].name + "_us"] = microseconds(i);
    state.counters["vs_" + sides[i].name] = microseconds(i) / microseconds(0);
  }
  if (sides[0].add_counters) sides[0].add_counters(state.counters);
  return absl::OkStatus();
}

}  // namespace proofmint::bench
