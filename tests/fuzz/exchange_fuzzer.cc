// libFuzzer target: plays a broker against a hostile identity provider. The
// input is what the provider answers to the attempts of one exchange; the rules
// that every exchange keeps are checked after each answer.
//
// The input is lines. The first has options, one character each; then every
// answer is a status line, header lines, an empty line and a body that ends at
// the next line of "====" or at the end.

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/dpop/syntax.h"
#include "signer/exchange/exchange.h"
#include "signer/exchange/http_answer.h"
#include "tests/fuzz/fuzz_check.h"

namespace proofmint {
namespace {

constexpr char kHandle[] = "handle-of-an-earlier-proof";
constexpr char kToken[] = "access-token-of-the-resource";
constexpr char kStored[] = "nonce-that-was-stored";

bool IsPrintable(const std::string& text) {
  return text.size() <= 256 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7e; });
}

bool Has(absl::string_view options, char option) {
  return absl::StrContains(options, option);
}

Exchange MakeExchange(absl::string_view options, NonceStore& nonces) {
  ExchangeOptions settings = {.issuer = "https://idp.example",
                              .client_id = "broker",
                              .url = "https://idp.example/x"};
  if (Has(options, 'h')) settings.key_handle = kHandle;
  settings.return_key_handle = Has(options, 'k');
  if (Has(options, 'q')) settings.binding = BindingPolicy::kRequire;
  if (Has(options, 'r')) {
    return Exchange::Resource(settings, "GET", kToken,
                              Has(options, 'b') ? "Bearer" : "DPoP", nonces);
  }
  if (Has(options, 'p')) return Exchange::Pushed(settings, nonces);
  return Exchange::Token(settings, "authorization_code", nonces);
}

HttpAnswer ReadAnswer(absl::string_view text) {
  HttpAnswer answer;
  answer.sent_at = absl::FromUnixSeconds(1767323045);
  answer.received_at = answer.sent_at + absl::Milliseconds(100);
  const size_t end_of_head = text.find("\n\n");
  bool is_first = true;
  for (absl::string_view line :
       absl::StrSplit(text.substr(0, end_of_head), '\n')) {
    if (is_first) {
      if (!absl::SimpleAtoi(line, &answer.status)) answer.status = 400;
      is_first = false;
      continue;
    }
    const std::pair<std::string, std::string> header =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    answer.headers.push_back(header);
  }
  if (end_of_head != absl::string_view::npos) {
    answer.body = std::string(text.substr(end_of_head + 2));
  }
  return answer;
}

// Checks what holds of every outcome.
void CheckOutcome(const Outcome& outcome, const HttpAnswer& last,
                  const std::vector<std::string>& secrets) {
  FUZZ_CHECK(outcome.attempts >= 0 && outcome.attempts <= 2);
  FUZZ_CHECK(outcome.nonce_challenges <= outcome.attempts);
  FUZZ_CHECK(static_cast<int>(outcome.idp_times.size()) == outcome.attempts);
  FUZZ_CHECK(IsPrintable(outcome.location_host));
  for (const std::string& text :
       {outcome.idp_token_type, outcome.error, outcome.error_description,
        outcome.content_type}) {
    FUZZ_CHECK(IsPrintable(text));
    for (const std::string& secret : secrets) {
      FUZZ_CHECK(secret.size() < 8 || !absl::StrContains(text, secret));
    }
  }
  const bool is_success =
      outcome.http_status >= 200 && outcome.http_status < 300;
  if (outcome.ok()) FUZZ_CHECK(is_success);
  switch (outcome.verdict) {
    case Verdict::kGranted:
    case Verdict::kNotBound:
    case Verdict::kBindingMismatch:
      FUZZ_CHECK(is_success);
      FUZZ_CHECK(outcome.error.empty() && outcome.error_description.empty());
      break;
    default:
      FUZZ_CHECK(!outcome.ok());
      FUZZ_CHECK(outcome.idp_token_type.empty());
      FUZZ_CHECK(outcome.binding == Binding::kNone);
  }
  FUZZ_CHECK(outcome.retry_after.value_or(absl::ZeroDuration()) >=
             absl::ZeroDuration());
  FUZZ_CHECK(outcome.attempts == 0 || outcome.body == last.body);
}

void Play(absl::string_view options, const std::vector<HttpAnswer>& answers) {
  NonceStore nonces;
  const NonceKey key = {"https://idp.example", "broker",
                        Has(options, 'r') ? NonceIssuer::kResourceServer
                                          : NonceIssuer::kAuthorizationServer};
  if (Has(options, 'n')) nonces.Put(key, kStored);
  Exchange exchange = MakeExchange(options, nonces);
  std::vector<std::string> secrets;  // that the provider has seen
  if (Has(options, 'r')) secrets.push_back(kToken);
  std::set<std::string> sent;
  HttpAnswer last;
  size_t next_answer = 0;
  for (int steps = 0; exchange.next() != Exchange::Next::kDone; ++steps) {
    FUZZ_CHECK(steps < 4);
    if (exchange.next() == Exchange::Next::kSign) {
      const ProofRequest request = exchange.proof_request();
      FUZZ_CHECK(request.nonce.empty() ||
                 dpop::ValidateNonce(request.nonce).ok());
      FUZZ_CHECK(request.key_handle == (Has(options, 'h') ? kHandle : ""));
      secrets.push_back(request.nonce);
      exchange.OnProof(Proof{.jwt = absl::StrCat("proof-number-", steps),
                             .jkt = absl::StrCat("jkt-", steps)});
      continue;
    }
    const Exchange::Attempt attempt = exchange.attempt();
    for (const auto& [name, value] : attempt.headers) {
      if (name == "DPoP") FUZZ_CHECK(sent.insert(value).second);
      secrets.push_back(value);
    }
    if (next_answer == answers.size()) {
      exchange.OnTransportError(absl::UnavailableError("lost"), true);
      last = HttpAnswer();
    } else {
      last = answers[next_answer++];
      secrets.push_back(ReadNonce(last).value);
      exchange.OnAnswer(last);
    }
  }
  CheckOutcome(exchange.outcome(), last, secrets);
  const std::string nonce = nonces.Get(key);
  FUZZ_CHECK(nonce.empty() || dpop::ValidateNonce(nonce).ok());
}

}  // namespace
}  // namespace proofmint

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end_of_options = input.find('\n');
  std::vector<proofmint::HttpAnswer> answers;
  if (end_of_options != absl::string_view::npos) {
    for (absl::string_view answer :
         absl::StrSplit(input.substr(end_of_options + 1), "\n====\n")) {
      answers.push_back(proofmint::ReadAnswer(answer));
    }
  }
  proofmint::Play(input.substr(0, end_of_options), answers);
  return 0;
}
