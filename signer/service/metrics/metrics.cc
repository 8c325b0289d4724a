#include "signer/service/metrics/metrics.h"

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "signer/dpop/algorithm.h"
#include "signer/service/metrics/metric_family.h"

namespace proofmint::service {
namespace {

class KeyMetrics : public prometheus::Collectable {
 public:
  KeyMetrics(crypto::Kernel kernel, const keys::KeyPool& pool)
      : kernel_(crypto::KernelName(kernel)), pool_(pool) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    prometheus::MetricFamily build =
        GaugeFamily(kBuildInfo, "1; the labels tell what runs.");
    AddSample(build, 1, {{"version", PROOFMINT_VERSION}, {"kernel", kernel_}});

    prometheus::MetricFamily keys =
        GaugeFamily(kKeyPoolKeys, "Keys that are ready.");
    prometheus::MetricFamily capacity = GaugeFamily(
        kKeyPoolCapacity, "Keys that are kept ready when nobody takes any.");
    prometheus::MetricFamily taken = CounterFamily(
        kKeysTaken, "Keys handed out, one for each proof with a fresh key.");
    for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
      const keys::KeyPool::Stats stats = pool_.GetStats(algorithm);
      const std::string name(dpop::AlgorithmName(algorithm));
      AddSample(keys, double(stats.depth), {{"algorithm", name}});
      AddSample(capacity, double(pool_.capacity()), {{"algorithm", name}});
      AddSample(taken, double(stats.pooled),
                {{"algorithm", name}, {"source", "pool"}});
      AddSample(taken, double(stats.missed),
                {{"algorithm", name}, {"source", "on_demand"}});
    }

    prometheus::MetricFamily locked = GaugeFamily(
        kKeyPoolMemoryLocked,
        "1 if no key that is ready can be swapped out, 0 if it can.");
    AddSample(locked, pool_.memory_locked() ? 1 : 0);
    return {build, keys, capacity, locked, taken};
  }

 private:
  const std::string kernel_;
  const keys::KeyPool& pool_;
};

}  // namespace

std::unique_ptr<prometheus::Collectable> NewKeyMetrics(
    crypto::Kernel kernel, const keys::KeyPool& pool) {
  return std::make_unique<KeyMetrics>(kernel, pool);
}

}  // namespace proofmint::service
