// ExchangeCaseRun runs a case of the section "exchanges" of
// exchange_cases.json.

#ifndef PROOFMINT_TESTS_EXCHANGE_EXCHANGE_CASE_RUN_H_
#define PROOFMINT_TESTS_EXCHANGE_EXCHANGE_CASE_RUN_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "signer/exchange/exchange.h"
#include "signer/exchange/http_answer.h"
#include "signer/exchange/nonce_store.h"
#include "signer/exchange/outcome.h"
#include "tests/exchange/case_file.h"

namespace proofmint::testing {

// ExchangeTransport carries the requests of a case to a server that answers
// what the case says.
class ExchangeTransport {
 public:
  virtual ~ExchangeTransport() = default;

  // What the server does with a request.
  enum class Play {
    kAnswer,
    kClose,   // takes the request and closes the connection
    kRefuse,  // takes no connection
  };

  // Sends `attempt` to `url` while the server plays `play`, with `answer` if
  // that is kAnswer. Returns what the client got, or its error, which is a
  // NotSentError if the server saw nothing.
  virtual absl::StatusOr<HttpAnswer> Send(const std::string& method,
                                          const std::string& url,
                                          const Exchange::Attempt& attempt,
                                          Play play,
                                          const HttpAnswer& answer) = 0;
};

// ExchangeCaseRun plays the part of the driver, of the signer and, without a
// transport, of the identity provider. What differs from the case fails the
// running test. It is for one run.
class ExchangeCaseRun {
 public:
  // With a `transport`, each request goes over it, and the exchange gets what
  // comes back, with the times of the case. `transport` is borrowed.
  explicit ExchangeCaseRun(const Case& test_case,
                           ExchangeTransport* transport = nullptr)
      : fields_(test_case.members, test_case.id), transport_(transport) {}

  void Run();

 private:
  static constexpr int64_t kAnswerMs = 120;
  static constexpr int64_t kSignerMs = 5;

  NonceKey ReadKey(Fields& fields);
  void StoreNonces(const std::vector<nlohmann::json>& nonces);
  Exchange MakeExchange();
  // Returns false if the exchange wants another step.
  bool RunStep(const nlohmann::json& json, Exchange& exchange);
  void RunSign(Fields& step, Exchange& exchange);
  static HttpAnswer ReadAnswer(const nlohmann::json& json);
  void RunSend(Fields& step, Exchange& exchange);
  void Lose(Fields& lost, Exchange& exchange);

  // exchange_case_checks.cc defines these.
  void CheckNonces(const std::vector<nlohmann::json>& nonces);
  void CheckOutcome(const Outcome& got);
  // Checks what holds in every case.
  void CheckAlways(const Outcome& got);

  void AddSecret(const std::string& secret) { secrets_.push_back(secret); }

  Fields fields_;
  ExchangeTransport* const transport_;
  NonceStore nonces_;
  ExchangeOptions options_;
  std::string htm_ = "POST";
  std::string access_token_;
  std::string jwt_;
  std::string ending_body_;  // of the last answer, if no step followed
  int signs_ = 0;
  int sends_ = 0;
  std::vector<NonceKey> named_keys_;
  std::set<std::string> sent_proofs_;
  std::vector<std::string> secrets_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_EXCHANGE_EXCHANGE_CASE_RUN_H_
