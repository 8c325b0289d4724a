// Runs a Coalescer on a transport that the test answers.

#ifndef PROOFMINT_TESTS_CLIENT_COALESCER_FIXTURE_H_
#define PROOFMINT_TESTS_CLIENT_COALESCER_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "signer/client/coalescer.h"
#include "tests/client/fake_transport.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::client {

// CoalescerTest has a coalescer that nearly does not wait before a retry.
class CoalescerTest : public ::testing::Test {
 protected:
  CoalescerTest() { Start({}); }

  struct Options {
    absl::Duration max_batch_delay = absl::ZeroDuration();
    size_t max_batch_size = 256;
    size_t max_batches_in_flight = 1;
    size_t max_queued = 1000;
  };

  void Start(const Options& options) {
    coalescer_.reset();
    auto transport = std::make_unique<testing::FakeTransport>();
    transport_ = transport.get();
    auto coalescer = Coalescer::Start(
        {.max_batch_delay = options.max_batch_delay,
         .max_batch_size = options.max_batch_size,
         .max_batches_in_flight = options.max_batches_in_flight,
         .max_queued = options.max_queued,
         .retry = {.initial_backoff = absl::Microseconds(1),
                   .max_backoff = absl::Microseconds(1)}},
        std::move(transport));
    ASSERT_THAT(coalescer, testing::IsOk());
    coalescer_ = *std::move(coalescer);
  }

  // Adds calls whose names are their nonces.
  void Add(std::vector<std::string> names,
           absl::Duration timeout = absl::Hours(1)) {
    for (const std::string& name : names) {
      coalescer_->Add(testing::RequestNamed(name), timeout, results_.For(name));
    }
  }

  // Expects that each of the calls ended with its own proof, once.
  void ExpectProofs(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      absl::StatusOr<Proof> proof = results_.Wait(name);
      ASSERT_THAT(proof, testing::IsOk());
      EXPECT_EQ(proof->jwt, "proof of " + name);
      EXPECT_EQ(results_.Count(name), 1u) << name;
    }
  }

  testing::Results results_;
  testing::FakeTransport* transport_ = nullptr;  // the coalescer's
  std::unique_ptr<Coalescer> coalescer_;
};

}  // namespace proofmint::client

#endif  // PROOFMINT_TESTS_CLIENT_COALESCER_FIXTURE_H_
