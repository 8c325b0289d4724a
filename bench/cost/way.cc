#include "bench/cost/way.h"

#include "absl/strings/str_cat.h"
#include "bench/cost/client_way.h"
#include "bench/cost/in_process_ways.h"
#include "bench/cost/stub_ways.h"
#include "bench/micro/library.h"

namespace proofmint::cost {

absl::StatusOr<std::unique_ptr<Way>> NewWay(absl::string_view name,
                                            const std::string& target,
                                            size_t threads) {
  if (name == "arrivals") return NewArrivals();
  if (name == "openssl") {
    return NewInProcess(bench::NewOpenSslLibrary, threads);
  }
  if (name == "boringssl") {
    return NewInProcess(bench::NewBoringSslLibrary, threads);
  }
  if (name == "unary_stub") return NewUnaryStub(target);
  if (name == "batch_stub") return NewBatchStub(target);
  if (name == "signer_client") return NewClientWay(target);
  return absl::InvalidArgumentError(
      absl::StrCat("way: got ", name,
                   ", want arrivals, openssl, boringssl, unary_stub, "
                   "batch_stub or signer_client"));
}

}  // namespace proofmint::cost
