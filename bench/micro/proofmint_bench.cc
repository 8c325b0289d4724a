// proofmint-bench: Proofmint against BoringSSL and OpenSSL, each of these one
// at a time, in one process. It is a program of Google Benchmark, with its
// flags and output. Exits with 1 if a benchmark fails, as it does if any of its
// results is wrong.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bench/machine.h"
#include "bench/micro/comparison.h"
#include "bench/micro/library.h"
#include "bench/micro/sides.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/kernel.h"

namespace proofmint::bench {
namespace {

// Google Benchmark's default is 0.5 s. All that is timed is verified, which
// takes most of the time: many short repetitions tell more.
constexpr char kDefaultMinTime[] = "--benchmark_min_time=0.003";
// A take is so short that the minimum time would have 70,000 keys verified.
constexpr int kSlicesOfTakes = 10;

constexpr size_t kBatches[] = {1, 4, 16, 64, 256};
constexpr std::pair<const char*, Operation> kOperations[] = {
    {"keygen", Operation::kKeygen},
    {"sign", Operation::kSign},
    {"proof", Operation::kProof}};
constexpr std::pair<const char*, dpop::Algorithm> kAlgorithms[] = {
    {"es256", dpop::Algorithm::kEs256}, {"ed25519", dpop::Algorithm::kEd25519}};

// Setup is what all benchmarks share.
struct Setup {
  std::unique_ptr<crypto::Entropy> entropy;
  std::unique_ptr<Library> boringssl = NewBoringSslLibrary();
  std::unique_ptr<Library> openssl = NewOpenSslLibrary();
  crypto::Kernel kernel = crypto::DefaultKernel();
  std::string corrupt;  // a side, as for Compare
  bool failed = false;
};

using NewSide = std::function<absl::StatusOr<Side>()>;

absl::Status Run(Setup& setup, Operation operation, dpop::Algorithm algorithm,
                 const NewSide& new_side, benchmark::State& state) {
  PROOFMINT_ASSIGN_OR_RETURN(Side proofmint, new_side());
  const std::array<Side, 3> sides = {
      std::move(proofmint),
      LibrarySide("boringssl", operation, algorithm, *setup.boringssl,
                  *setup.entropy),
      LibrarySide("openssl", operation, algorithm, *setup.openssl,
                  *setup.entropy)};
  return Compare(state, algorithm, sides, setup.corrupt);
}

// Registers the benchmark of a new side against the libraries' `operation`.
benchmark::internal::Benchmark* Register(Setup& setup, const std::string& name,
                                         Operation operation,
                                         dpop::Algorithm algorithm,
                                         NewSide new_side) {
  return benchmark::RegisterBenchmark(
             name.c_str(),
             [=, &setup](benchmark::State& state) {
               absl::Status status =
                   Run(setup, operation, algorithm, new_side, state);
               if (status.ok()) return;
               setup.failed = true;
               state.SkipWithError(status.ToString().c_str());
             })
      ->UseManualTime()
      ->Unit(benchmark::kMicrosecond);
}

void RegisterAll(Setup& setup) {
  for (const auto& [operation_name, operation] : kOperations) {
    for (const auto& [algorithm_name, algorithm] : kAlgorithms) {
      for (size_t batch : kBatches) {
        Register(
            setup,
            absl::StrCat(algorithm_name, ".", operation_name, ".b", batch),
            operation, algorithm,
            [&setup, batch, &operation = operation, &algorithm = algorithm] {
              return BatchSide(operation, algorithm, batch, setup.kernel,
                               *setup.entropy);
            });
      }
    }
  }
  for (const auto& [algorithm_name, algorithm] : kAlgorithms) {
    Register(setup, absl::StrCat(algorithm_name, ".unary"), Operation::kSign,
             algorithm, [&setup, &algorithm = algorithm] {
               return UnarySide(algorithm, setup.kernel, *setup.entropy);
             });
    Register(setup, absl::StrCat(algorithm_name, ".take"), Operation::kKeygen,
             algorithm,
             [&setup, &algorithm = algorithm] {
               return TakeSide(algorithm, setup.kernel, *setup.entropy);
             })
        ->Iterations(kSlicesOfTakes * kTakesPerSlice)
        ->Unit(benchmark::kNanosecond);
  }
}

// Applies `flag` if it is one of this program's own.
bool ApplyFlag(absl::string_view flag, Setup& setup) {
  if (flag == "--kernel=boringssl") setup.kernel = crypto::Kernel::kBoringSsl;
  if (absl::StartsWith(flag, "--kernel=")) {
    return flag == "--kernel=boringssl" || flag == "--kernel=simd";
  }
  for (const char* side : {"proofmint", "boringssl", "openssl"}) {
    if (flag != absl::StrCat("--corrupt=", side)) continue;
    setup.corrupt = side;
    return true;
  }
  return false;
}

void PrintHelp() {
  std::cout << "Compares Proofmint with BoringSSL and OpenSSL.\n"
               "          [--kernel=simd|boringssl]  boringssl: Proofmint's "
               "code with BoringSSL beneath it\n"
               "          [--corrupt=proofmint|boringssl|openssl]  make a "
               "result of this side wrong, which must be found\n";
  benchmark::PrintDefaultHelp();
}

int Main(int argc, char** argv) {
  absl::StatusOr<std::unique_ptr<crypto::Entropy>> entropy =
      crypto::NewSystemEntropy();
  if (!entropy.ok()) {
    std::cerr << entropy.status() << '\n';
    return 1;
  }
  Setup setup = {.entropy = *std::move(entropy), .corrupt = ""};

  std::string min_time = kDefaultMinTime;
  std::vector<char*> flags(argv, argv + argc);
  flags.insert(flags.begin() + 1, min_time.data());
  int count = static_cast<int>(flags.size());
  benchmark::Initialize(&count, flags.data(), PrintHelp);
  auto end = std::remove_if(
      flags.begin() + 1, flags.begin() + count,
      [&](absl::string_view flag) { return ApplyFlag(flag, setup); });
  count = static_cast<int>(end - flags.begin());
  if (benchmark::ReportUnrecognizedArguments(count, flags.data())) return 1;

  // The libraries share names of functions: each must be the one that is meant.
  const std::string boringssl = setup.boringssl->Version();
  const std::string openssl = setup.openssl->Version();
  if (!absl::StartsWith(boringssl, "BoringSSL") ||
      !absl::StartsWith(openssl, "OpenSSL 3")) {
    std::cerr << "got " << boringssl << " and " << openssl
              << ", want BoringSSL and OpenSSL 3\n";
    return 1;
  }
  const Machine machine = DescribeMachine();
  benchmark::AddCustomContext("cpu", machine.cpu);
  benchmark::AddCustomContext("compiler", machine.compiler);
  benchmark::AddCustomContext("kernel",
                              std::string(crypto::KernelName(setup.kernel)));
  benchmark::AddCustomContext("openssl", openssl);
  RegisterAll(setup);
  const size_t matched = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return matched > 0 && !setup.failed ? 0 : 1;
}

}  // namespace
}  // namespace proofmint::bench

int main(int argc, char** argv) { return proofmint::bench::Main(argc, argv); }
