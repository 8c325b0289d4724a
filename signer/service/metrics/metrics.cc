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
    prometheus::MetricFamily build = GaugeFamily(
        kBuildInfo,
        "Always 1; the labels name the version and the kernel in use.");
    AddSample(build, 1, {{"version", PROOFMINT_VERSION}, {"kernel", kernel_}});

    prometheus::MetricFamily keys =
        GaugeFamily(kKeyPoolKeys, "Keys that are ready to be taken.");
    prometheus::MetricFamily capacity =
        GaugeFamily(kKeyPoolCapacity, "Keys that a full pool holds.");
    prometheus::MetricFamily taken = CounterFamily(
        kKeysTaken, "Keys taken, one for each proof with a new key.");
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
        "1 if no key in the pool can be swapped out, 0 if keys can.");
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
