#include "bench/load/request_set.h"

#include <grpcpp/support/slice.h>

#include <algorithm>
#include <numeric>

#include "proofmint/v1/proof_signer.pb.h"
#include "signer/service/contract/conversions.h"

namespace proofmint::load {
namespace {

// Returns one period of the mix by smooth weighted round-robin: at every place
// each algorithm gains its weight as credit; the one with the most credit takes
// the place and pays the sum of all weights. So none falls more than one place
// behind its share.
std::vector<dpop::Algorithm> Interleave(
    const std::vector<WeightedAlgorithm>& mix) {
  int total = 0;
  for (const WeightedAlgorithm& entry : mix) total += entry.weight;
  std::vector<int> owed(mix.size());
  std::vector<dpop::Algorithm> order;
  for (int place = 0; place < total; ++place) {
    for (size_t i = 0; i < mix.size(); ++i) owed[i] += mix[i].weight;
    size_t chosen = std::max_element(owed.begin(), owed.end()) - owed.begin();
    owed[chosen] -= total;
    order.push_back(mix[chosen].algorithm);
  }
  return order;
}

}  // namespace

std::string MethodName(int batch) {
  return batch == 1 ? "/proofmint.v1.ProofSigner/SignProof"
                    : "/proofmint.v1.ProofSigner/BatchSignProofs";
}

RequestSet::RequestSet(const Options& options) {
  const std::vector<dpop::Algorithm> order = Interleave(options.algorithms);
  const size_t proofs = std::lcm(order.size(), size_t(options.batch));
  for (size_t done = 0; done < proofs; done += options.batch) {
    PreparedRequest prepared;
    v1::BatchSignProofsRequest batch;
    for (int i = 0; i < options.batch; ++i) {
      prepared.algorithms.push_back(order[(done + i) % order.size()]);
      v1::SignProofRequest* request = batch.add_requests();
      request->set_algorithm(service::ToProto(prepared.algorithms.back()));
      request->set_htm(kHtm);
      request->set_htu(kHtu);
      request->set_nonce(options.nonce);
    }
    grpc::Slice slice(options.batch == 1 ? batch.requests(0).SerializeAsString()
                                         : batch.SerializeAsString());
    prepared.bytes = grpc::ByteBuffer(&slice, 1);
    requests_.push_back(std::move(prepared));
  }
}

const PreparedRequest& RequestSet::Next() {
  const PreparedRequest& request = requests_[next_];
  next_ = next_ + 1 == requests_.size() ? 0 : next_ + 1;
  return request;
}

}  // namespace proofmint::load
