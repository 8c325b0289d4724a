// Exchange is one HTTP request with a DPoP proof to an identity provider.

#ifndef PROOFMINT_SIGNER_EXCHANGE_EXCHANGE_H_
#define PROOFMINT_SIGNER_EXCHANGE_EXCHANGE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/dpop/algorithm.h"
#include "signer/exchange/http_answer.h"
#include "signer/exchange/nonce_store.h"
#include "signer/exchange/outcome.h"
#include "signer/exchange/proof_source.h"

namespace proofmint {

// BindingPolicy says what becomes of a token that is not bound to our key.
enum class BindingPolicy {
  // Outcome reports it, and ok() holds. A token of another key is an error if
  // the exchange has a key handle, since userinfo or a refresh will fail.
  kReport,
  // It is an error. Only a token of type DPoP is sent to a resource.
  kRequire,
};

struct ExchangeOptions {
  // The provider's issuer identifier and our client there: what nonces are kept
  // by. For a resource of another server, give its origin as `issuer`.
  std::string issuer = "";
  std::string client_id = "";
  std::string url = "";  // of the request, exactly as it is called
  dpop::Algorithm algorithm = dpop::Algorithm::kEs256;
  // The key of an earlier proof; empty: a new key for each proof. For dpop_jkt
  // (RFC 9449 section 10) sign once with return_key_handle, send Proof::jkt as
  // dpop_jkt, and give that proof's handle here to redeem the code.
  std::string key_handle = "";
  // Whether the outcome is to have a handle, for userinfo or a refresh.
  bool return_key_handle = false;
  // Whether the client authenticates itself, so that a refresh needs no
  // particular key (RFC 9449 section 5): if the signer refuses `key_handle`,
  // a refresh goes on with a new key.
  bool confidential_client = false;
  absl::Duration iat_offset = absl::ZeroDuration();
  BindingPolicy binding = BindingPolicy::kReport;
};

// Exchange decides what to do next and does no I/O: a driver such as Run asks
// next(), does it, and reports the result. It signs a proof for each attempt,
// sends it once, and makes a second attempt only if the server refused the
// first and offered another nonce. There is no third, and none without a proof.
//
// Exchange is a value for one thread. It borrows the nonce store, which must
// outlive it. A call out of turn is a programming error and aborts the process.
class Exchange {
 public:
  // Token is a request of the token endpoint, by POST (RFC 9449 section 5).
  static Exchange Token(ExchangeOptions options, absl::string_view grant_type,
                        NonceStore& nonces);

  // Pushed is a pushed authorization request, by POST (RFC 9126, RFC 9449
  // section 10.1).
  static Exchange Pushed(ExchangeOptions options, NonceStore& nonces);

  // Resource is a request of a protected resource, such as userinfo (RFC 9449
  // section 7). `token_type` is the one that the provider gave with the token.
  // A token of type DPoP is sent with a proof that names it ("ath"), one of
  // type Bearer or without a type as a bearer token and without a proof. Others
  // are not sent.
  static Exchange Resource(ExchangeOptions options, absl::string_view htm,
                           absl::string_view access_token,
                           absl::string_view token_type, NonceStore& nonces);

  enum class Next {
    kSign,  // sign proof_request(), then OnProof
    kSend,  // send attempt(), then OnAnswer or OnTransportError
    kDone,  // outcome()
  };
  Next next() const { return next_; }

  // May be called only while next() is kSign. `took` is for the log.
  ProofRequest proof_request() const;
  void OnProof(absl::StatusOr<Proof> proof,
               absl::Duration took = absl::ZeroDuration());

  // Attempt is one HTTP request.
  struct Attempt {
    // 1 or 2. A client assertion (RFC 7523) is for one attempt: make a new one.
    int number = 0;
    // The headers to add, exactly these. They are secret.
    std::vector<std::pair<std::string, std::string>> headers = {};
  };

  // May be called only while next() is kSend. Send the attempt at once, and
  // never twice: not even after a network error.
  Attempt attempt() const;
  void OnAnswer(const HttpAnswer& answer);
  // Reports that no answer came. `sent`: the request, or a part of it, may have
  // reached the server. The message of `error` must hold no secret.
  void OnTransportError(absl::Status error, bool sent,
                        absl::Duration took = absl::ZeroDuration());

  // May be called only once next() is kDone.
  const Outcome& outcome() const;

 private:
  enum class Endpoint { kToken, kPushedAuthorization, kResource };

  Exchange(ExchangeOptions options, Endpoint endpoint, NonceStore& nonces);

  // exchange.cc defines signing, sending, and the ends without an answer.

  // Starts the second attempt, with `nonce`.
  void Retry(absl::string_view nonce);
  // Ends the exchange.
  void End(Verdict verdict, Hint hint = Hint::kNone);
  void EndForSigner(absl::Status error);
  // Ends the exchange because the server did not answer, or said that it
  // cannot. `may_be_done`: it may have carried the request out.
  void EndUnavailable(bool may_be_done);
  // Tells whether the request does no harm if it is carried out twice.
  bool IsIdempotent() const;

  // exchange_answer.cc defines what an answer means.

  // Reading holds an answer and what was read of it.
  struct Reading;
  // Notes what every answer has, and reads it.
  Reading Read(const HttpAnswer& answer);
  // Starts a retry or ends the exchange if the answer is a challenge for
  // another nonce. Returns false if it is none.
  bool AnswerChallenge(const Reading& reading);
  // These end the exchange: with a status of 2xx; with one that refuses; with
  // an answer of which no more can be read.
  void EndGranted(const Reading& reading);
  void EndTokenGranted(const Reading& reading);
  void EndRefused(const Reading& reading);
  void EndUnread(const Reading& reading, Verdict verdict,
                 Hint hint = Hint::kNone);

  ExchangeOptions options_;
  Endpoint endpoint_;
  NonceStore* nonces_;
  NonceKey nonce_key_;
  std::string grant_type_;
  std::string htm_ = "POST";
  std::string access_token_;   // of a resource
  std::string authorization_;  // the header of a resource
  std::optional<std::array<uint8_t, 32>> access_token_sha256_;
  bool with_proof_ = true;

  Next next_ = Next::kSign;
  std::string nonce_;  // for this attempt's proof; empty: none
  bool key_handle_dropped_ = false;
  std::string proof_;                 // of this attempt
  std::string first_proof_;           // which must not come again
  std::vector<std::string> secrets_;  // that must not get into texts
  Outcome outcome_;
};

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_EXCHANGE_H_
