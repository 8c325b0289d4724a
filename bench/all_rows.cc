#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/batch_row.h"
#include "bench/row.h"
#include "bench/take_row.h"

namespace proofmint::bench {
namespace {

constexpr size_t kBatches[] = {1, 4, 16, 64, 256};
constexpr std::pair<const char*, Operation> kOperations[] = {
    {"keygen", Operation::kKeygen},
    {"sign", Operation::kSign},
    {"proof", Operation::kProof}};
constexpr std::pair<const char*, dpop::Algorithm> kAlgorithms[] = {
    {"es256", dpop::Algorithm::kEs256}, {"ed25519", dpop::Algorithm::kEd25519}};

}  // namespace

std::vector<std::unique_ptr<Row>> AllRows(Contest& contest,
                                          const CycleClock& clock) {
  std::vector<std::unique_ptr<Row>> rows;
  for (auto [operation_name, operation] : kOperations) {
    for (auto [algorithm_name, algorithm] : kAlgorithms) {
      for (size_t batch : kBatches) {
        rows.push_back(std::make_unique<BatchRow>(
            absl::StrCat(algorithm_name, ".", operation_name, ".b", batch),
            operation, algorithm, batch, contest));
      }
    }
  }
  for (auto [algorithm_name, algorithm] : kAlgorithms) {
    rows.push_back(std::make_unique<BatchRow>(
        absl::StrCat(algorithm_name, ".unary"), Operation::kUnary, algorithm,
        /*batch=*/1, contest));
    rows.push_back(std::make_unique<TakeRow>(
        absl::StrCat(algorithm_name, ".take"), algorithm, contest, clock));
  }
  return rows;
}

}  // namespace proofmint::bench
