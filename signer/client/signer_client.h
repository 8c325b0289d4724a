// SignerClient gets DPoP proofs from proofmintd. It makes single calls cheap:
// those that are made at about the same time travel in one RPC.

#ifndef PROOFMINT_SIGNER_CLIENT_SIGNER_CLIENT_H_
#define PROOFMINT_SIGNER_CLIENT_SIGNER_CLIENT_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/client/retry_policy.h"
#include "signer/client/signer_client_stats.h"
#include "signer/exchange/proof_source.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace proofmint {

namespace client {
class Coalescer;
}  // namespace client

// TlsFiles names PEM files for mutual TLS. They are read again every minute;
// new connections use what they then hold. Replace certificate and key
// together: write both into a new directory and rename a symbolic link to it.
struct TlsFiles {
  std::string certificate;  // this client's, then those that lead to its root
  std::string key;          // of the certificate; not encrypted
  std::string ca;           // the authorities of the server's certificate
};

struct SignerClientOptions {
  // The signer, in gRPC's syntax: "unix:PATH", "HOST:PORT",
  // "ipv4:ADDRESS:PORT,ADDRESS:PORT…", or "dns:///HOST:PORT" for all addresses
  // of a name. Calls rotate among several addresses and leave out those that
  // are down or whose health is NOT_SERVING. Empty: $PROOFMINT_TARGET or,
  // without it, the daemon's default, unix:/run/proofmint/proofmintd.sock.
  std::string target;

  // Without it connections are plaintext, which the signer accepts on a Unix
  // socket and, if it was told so, on loopback.
  std::optional<TlsFiles> tls;

  // The longest that a call may take with all its retries. An earlier deadline
  // of the call wins.
  absl::Duration timeout = absl::Seconds(2);

  // How long a call may wait for others to share its RPC. A call waits only
  // while calls are so frequent that at least three are expected within this
  // time, and until a batch is worth sending. Zero: a call never waits while an
  // RPC may be sent; choose it if the calls come from a few threads that each
  // wait for the proof before they make the next call.
  absl::Duration max_batch_delay = absl::Milliseconds(1);

  size_t max_batch_size = 256;    // calls in an RPC, 1 to 256
  int max_batches_in_flight = 4;  // RPCs at the same time, at least 1
  // Calls that wait to be sent, first or again. Further ones fail at once with
  // RESOURCE_EXHAUSTED.
  size_t max_queued = 65536;

  RetryOptions retry;
};

// Capabilities is what the signer can do (GetCapabilitiesResponse).
struct Capabilities {
  std::vector<std::string> dpop_signing_alg_values;  // such as "ES256"
  size_t max_batch_size = 0;
  absl::Duration max_iat_offset;
  std::string version;
  std::string kernel;
};

// SignerClient calls one signer, or a fleet of equal ones. Make one for the
// process: calls can share an RPC only within a client.
//
// A call leaves at once while calls are rare. While they are frequent, it waits
// for others, max_batch_delay at most, and while max_batches_in_flight RPCs are
// out it leaves with the next. Calls in one RPC do not depend on each other: an
// invalid request fails alone, and a call ends at its deadline although its RPC
// is still out.
//
// A call that fails for a passing reason (IsTransient) is sent again, alone or
// with others, until its deadline: after the delay that the signer asks for and
// a backoff, if the RetryBudget of the client allows it. A retry that would
// begin after the deadline is not made. A call whose last retry is not made, or
// not answered before the deadline, ends with the error of the attempt before.
// While no signer can be reached, calls wait for one until their deadline. The
// signer mints a new proof for each attempt, so no proof is returned twice.
//
// Errors have the codes and details of docs/errors.md; ReasonOf and
// RetryDelayOf read them. Besides there are
//   DEADLINE_EXCEEDED   the deadline or the timeout passed, and no attempt had
//                       been answered;
//   CANCELLED           the client was destroyed;
//   RESOURCE_EXHAUSTED  max_queued calls wait already;
//   UNAVAILABLE         no connection, without details.
//
// The client has two threads, besides those of gRPC, and keeps gRPC's runtime
// for the lifetime of the process. Thread-safe, except for the destructor.
class SignerClient final : public ProofSource {
 public:
  // Makes a client; does not connect. Fails with INVALID_ARGUMENT, whose
  // message begins with the name of the option, such as "tls.key: …", and with
  // RESOURCE_EXHAUSTED if the system has no thread to give.
  static absl::StatusOr<std::unique_ptr<SignerClient>> New(
      SignerClientOptions options);

  // Ends all calls that have no result yet with CANCELLED, and returns when
  // every callback has returned. Must not run in a callback, nor while another
  // thread calls a method.
  ~SignerClient() override;

  SignerClient(const SignerClient&) = delete;
  SignerClient& operator=(const SignerClient&) = delete;

  // Requests a proof and returns. Calls `done` exactly once: on a thread of the
  // client or, if the call fails at once, on this thread before SignProof
  // returns. `done` may make further calls, but must not block: it holds up the
  // results of other calls.
  void SignProof(ProofRequest request, absl::Time deadline,
                 Callback done) override;

  // Requests a proof and waits for it. Must not be called in a callback.
  absl::StatusOr<Proof> SignProof(ProofRequest request, absl::Time deadline);

  // Asks the signer what it can do, with the retries of SignProof, and waits
  // for the answer. Must not be called in a callback.
  absl::StatusOr<Capabilities> GetCapabilities(absl::Time deadline);

  SignerClientStats stats() const;

 private:
  SignerClient(SignerClientOptions options,
               std::shared_ptr<grpc::Channel> channel,
               std::unique_ptr<client::Coalescer> coalescer);

  // Returns how long a call with `deadline` may take.
  absl::Duration TimeoutOf(absl::Time deadline) const;

  const SignerClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<client::Coalescer> coalescer_;
};

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_CLIENT_SIGNER_CLIENT_H_
