#include "bench/row.h"

#include "bench/statistics.h"

namespace proofmint::bench {

Summary Row::Summarize() const {
  std::vector<double> ours, boringssl, openssl, by_boringssl, by_openssl;
  for (const Round& round : rounds_) {
    ours.push_back(round.ours);
    boringssl.push_back(round.boringssl);
    openssl.push_back(round.openssl);
    by_boringssl.push_back(round.boringssl / round.ours);
    by_openssl.push_back(round.openssl / round.ours);
  }
  return {.name = name_,
          .ours_us = Median(ours),
          .boringssl_us = Median(boringssl),
          .openssl_us = Median(openssl),
          .ratio_boringssl = Median(by_boringssl),
          .ratio_openssl = Median(by_openssl),
          .latency = std::nullopt};
}

}  // namespace proofmint::bench
