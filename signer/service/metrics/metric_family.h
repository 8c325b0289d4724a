// Builds metric families, which a prometheus::Collectable returns.

#ifndef PROOFMINT_SIGNER_SERVICE_METRICS_METRIC_FAMILY_H_
#define PROOFMINT_SIGNER_SERVICE_METRICS_METRIC_FAMILY_H_

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace proofmint::service {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

inline prometheus::MetricFamily CounterFamily(const char* name,
                                              const char* help) {
  return {name, help, prometheus::MetricType::Counter, {}};
}

inline prometheus::MetricFamily GaugeFamily(const char* name,
                                            const char* help) {
  return {name, help, prometheus::MetricType::Gauge, {}};
}

inline prometheus::MetricFamily HistogramFamily(const char* name,
                                                const char* help) {
  return {name, help, prometheus::MetricType::Histogram, {}};
}

// Adds one sample to `family`, a counter or a gauge.
inline void AddSample(prometheus::MetricFamily& family, double value,
                      MetricLabels labels = {}) {
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_METRICS_METRIC_FAMILY_H_
