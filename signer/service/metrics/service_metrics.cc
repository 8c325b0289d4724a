// Collects the metrics of calls, admission, self-checks and reloads.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "signer/service/metrics/metric_family.h"
#include "signer/service/metrics/metrics.h"
#include "signer/service/observe/log.h"

namespace proofmint::service {
namespace {

// Returns the sum over all threads of the counter that `counter` returns.
template <typename Picker>
double Sum(const std::vector<CallStats>& threads, Picker counter) {
  uint64_t sum = 0;
  for (const CallStats& stats : threads) sum += counter(stats).value();
  return static_cast<double>(sum);
}

class ServiceMetrics : public prometheus::Collectable {
 public:
  explicit ServiceMetrics(const ServiceMetricSources& sources)
      : sources_(sources) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families = {
        Calls(),
        Errors(),
        Histogram(kQueueSeconds,
                  "Seconds from the arrival of a call until the minter begins "
                  "with it.",
                  &CallStats::queue),
        Histogram(kExecutionSeconds,
                  "Seconds that a run of the minter takes; it makes up to 64 "
                  "proofs.",
                  &CallStats::execution),
        ConnectionsClosed(),
        ConnectionsRefused(),
        SelfChecks(),
        Reloads()};
    auto add = [&](prometheus::MetricFamily family, double value) {
      AddSample(family, value);
      families.push_back(std::move(family));
    };
    add(GaugeFamily(kServing, "1 if calls are served, 0 if they are refused."),
        sources_.state.serving() ? 1 : 0);
    add(CounterFamily(kProofs, "Proofs made for callers."),
        Sum(
            sources_.calls,
            [](const CallStats& s) -> auto& { return s.proofs; }));
    add(GaugeFamily(kInFlightProofs, "Proofs requested and not yet made."),
        double(sources_.admission.in_flight()));
    add(GaugeFamily(kMaxInFlightProofs, "Proofs that may be in flight."),
        double(sources_.admission.max_in_flight()));
    add(GaugeFamily(kUnreadAnswerBytes,
                    "Memory of answers that callers have not read."),
        double(sources_.unread_answers.total()));
    add(GaugeFamily(kConnections, "Open connections."),
        double(sources_.connection_limits.open_connections()));
    add(CounterFamily(kLogDropped,
                      "Log lines that were dropped or could not be written."),
        double(LogDropped()));
    add(CounterFamily(kAuditDropped,
                      "Audit lines that were dropped or could not be written."),
        sources_.audit_log == nullptr ? 0
                                      : double(sources_.audit_log->dropped()));
    add(CounterFamily(kTlsHandshakeFailures, "TLS handshakes that failed."),
        double(TlsHandshakeFailures()));
    if (sources_.tls != nullptr) {
      add(GaugeFamily(
              kTlsCertificateExpiry,
              "When the server certificate expires, in seconds since 1970."),
          absl::ToDoubleSeconds(sources_.tls->not_after() - absl::UnixEpoch()));
    }
    return families;
  }

 private:
  prometheus::MetricFamily Calls() const {
    prometheus::MetricFamily family =
        CounterFamily(kCalls, "Calls answered, by method and code.");
    for (size_t method = 0; method < kMethodNames.size(); ++method) {
      for (size_t code = 0; code < CallStats::kCodes; ++code) {
        const double calls = Sum(
            sources_.calls, [&](const CallStats& stats) -> auto& {
              return stats.calls[method][code];
            });
        // Most methods never return most codes.
        if (calls == 0 && code != 0) continue;
        AddSample(family, calls,
                  {{"method", kMethodNames[method]},
                   {"code", absl::StatusCodeToString(
                                static_cast<absl::StatusCode>(code))}});
      }
    }
    return family;
  }

  // Returns a counter with a sample for each of `reasons`, whose value
  // value(INDEX) returns.
  template <typename Reasons, typename Value>
  static prometheus::MetricFamily ByReason(const char* name, const char* help,
                                           const Reasons& reasons,
                                           Value value) {
    prometheus::MetricFamily family = CounterFamily(name, help);
    for (size_t reason = 0; reason < reasons.size(); ++reason) {
      AddSample(family, double(value(reason)),
                {{"reason", std::string(reasons[reason])}});
    }
    return family;
  }

  prometheus::MetricFamily Errors() const {
    return ByReason(
        kErrors, "Requests refused or failed, by reason.", kReasons,
        [this](size_t reason) {
          return Sum(
              sources_.calls, [reason](const CallStats& stats) -> auto& {
                return stats.errors[reason];
              });
        });
  }

  prometheus::MetricFamily Histogram(const char* name, const char* help,
                                     TimeHistogram CallStats::*member) const {
    prometheus::MetricFamily family = HistogramFamily(name, help);
    prometheus::ClientMetric::Histogram& histogram =
        family.metric.emplace_back().histogram;
    uint64_t cumulative = 0;
    uint64_t sum_nanoseconds = 0;
    for (size_t bucket = 0; bucket < TimeHistogram::kBuckets; ++bucket) {
      for (const CallStats& stats : sources_.calls) {
        cumulative += (stats.*member).count(bucket);
      }
      const double bound =
          bucket < TimeHistogram::kBounds.size()
              ? static_cast<double>(TimeHistogram::kBounds[bucket]) / 1e6
              : std::numeric_limits<double>::infinity();
      histogram.bucket.push_back({cumulative, bound});
    }
    for (const CallStats& stats : sources_.calls) {
      sum_nanoseconds += (stats.*member).sum_nanoseconds();
    }
    histogram.sample_count = cumulative;
    histogram.sample_sum = static_cast<double>(sum_nanoseconds) / 1e9;
    return family;
  }

  prometheus::MetricFamily ConnectionsClosed() const {
    return ByReason(kConnectionsClosed,
                    "Open connections that were closed, by reason.",
                    kConnectionClosures, [this](size_t reason) {
                      return sources_.connections.closed(
                          static_cast<ConnectionClosure>(reason));
                    });
  }

  prometheus::MetricFamily ConnectionsRefused() const {
    return ByReason(kConnectionsRefused,
                    "Connections that were refused, by reason.",
                    kConnectionRefusals, [this](size_t reason) {
                      return sources_.connections.refused(
                          static_cast<ConnectionRefusal>(reason));
                    });
  }

  prometheus::MetricFamily SelfChecks() const {
    prometheus::MetricFamily family = CounterFamily(
        kSelfChecks, "Self-checks, which make and verify proofs, by result.");
    AddSample(family, double(sources_.self_checks.ok), {{"result", "ok"}});
    AddSample(family, double(sources_.self_checks.errors),
              {{"result", "error"}});
    return family;
  }

  prometheus::MetricFamily Reloads() const {
    prometheus::MetricFamily family = CounterFamily(
        kReloads, "Reloads of changed files, by files and result.");
    for (const Reloader* reloader : sources_.reloaders) {
      const std::string& what = reloader->what();
      AddSample(family, double(reloader->reloads()),
                {{"what", what}, {"result", "ok"}});
      AddSample(family, double(reloader->errors()),
                {{"what", what}, {"result", "error"}});
    }
    return family;
  }

  const ServiceMetricSources sources_;
};

}  // namespace

std::unique_ptr<prometheus::Collectable> NewServiceMetrics(
    const ServiceMetricSources& sources) {
  return std::make_unique<ServiceMetrics>(sources);
}

}  // namespace proofmint::service
