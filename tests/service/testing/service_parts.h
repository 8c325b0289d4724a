// Makes parts of the service for tests of other parts.

#ifndef PROOFMINT_TESTS_SERVICE_TESTING_SERVICE_PARTS_H_
#define PROOFMINT_TESTS_SERVICE_TESTING_SERVICE_PARTS_H_

#include <memory>

#include "signer/keys/key_handles.h"
#include "signer/service/gate/admission.h"
#include "signer/service/gate/caller.h"
#include "signer/service/gate/serving_state.h"
#include "signer/service/rpc/gated_call.h"
#include "tests/testing/fake_entropy.h"

namespace proofmint::testing {

// TestKeyHandles are key handles with a KEK of their own, which draw no entropy
// of the test.
class TestKeyHandles {
 public:
  const keys::KeyHandles& operator*() const { return *handles_; }

 private:
  FakeEntropy entropy_;
  std::unique_ptr<keys::KeyHandles> handles_ =
      keys::KeyHandles::New({}, entropy_).value();
};

// OpenGate is a gate that lets every call in, until a test changes that.
struct OpenGate {
  OpenGate() { state.SetReady(true); }

  service::Gate operator*() {
    return {.callers = callers, .state = state, .admission = admission};
  }

  service::Callers callers{{}};
  service::ServingState state;
  service::Admission admission{{.max_in_flight = 1024}};
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_TESTING_SERVICE_PARTS_H_
