#include "signer/client/signer_client.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/base/mutex.h"
#include "signer/base/status_macros.h"
#include "signer/client/capabilities.h"
#include "signer/client/channel.h"
#include "signer/client/coalescer.h"
#include "signer/client/grpc_transport.h"
#include "signer/service/contract/limits.h"

namespace proofmint {
namespace {

constexpr char kTargetVariable[] = "PROOFMINT_TARGET";

std::string TargetOrDefault(const std::string& target) {
  if (!target.empty()) return target;
  const char* from_environment = std::getenv(kTargetVariable);
  return from_environment != nullptr && *from_environment != '\0'
             ? from_environment
             : service::kDefaultAddress;
}

template <typename Got>
absl::Status OptionError(absl::string_view option, const Got& got,
                         absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": got ", got, ", want ", want));
}

absl::Status CheckOptions(const SignerClientOptions& options) {
  if (options.timeout <= absl::ZeroDuration()) {
    return OptionError("timeout", absl::FormatDuration(options.timeout),
                       "a positive duration");
  }
  if (options.max_batch_delay < absl::ZeroDuration() ||
      options.max_batch_delay >= options.timeout) {
    return OptionError("max_batch_delay",
                       absl::FormatDuration(options.max_batch_delay),
                       "a duration from 0 to less than timeout");
  }
  if (options.max_batch_size < 1 ||
      options.max_batch_size > service::kMaxBatchSize) {
    return OptionError("max_batch_size", options.max_batch_size,
                       absl::StrCat("1 to ", service::kMaxBatchSize));
  }
  if (options.max_batches_in_flight < 1) {
    return OptionError("max_batches_in_flight", options.max_batches_in_flight,
                       "at least 1");
  }
  if (options.max_queued < 1) {
    return OptionError("max_queued", options.max_queued, "at least 1");
  }
  const RetryOptions& retry = options.retry;
  if (retry.initial_backoff <= absl::ZeroDuration()) {
    return OptionError("retry.initial_backoff",
                       absl::FormatDuration(retry.initial_backoff),
                       "a positive duration");
  }
  if (retry.max_backoff < retry.initial_backoff) {
    return OptionError("retry.max_backoff",
                       absl::FormatDuration(retry.max_backoff),
                       "at least retry.initial_backoff");
  }
  if (!(retry.multiplier >= 1)) {  // nor a NaN
    return OptionError("retry.multiplier", retry.multiplier, "at least 1");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SignerClient>> SignerClient::New(
    SignerClientOptions options) {
  options.target = TargetOrDefault(options.target);
  PROOFMINT_RETURN_IF_ERROR(CheckOptions(options));
  PROOFMINT_ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel,
                             client::NewChannel(options.target, options.tls));
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<client::GrpcTransport> transport,
                             client::GrpcTransport::Start(channel));
  const client::CoalescerOptions coalescer_options = {
      .max_batch_delay = options.max_batch_delay,
      .max_batch_size = options.max_batch_size,
      .max_batches_in_flight =
          static_cast<size_t>(options.max_batches_in_flight),
      .max_queued = options.max_queued,
      .retry = options.retry};
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<client::Coalescer> coalescer,
      client::Coalescer::Start(coalescer_options, std::move(transport)));
  return std::unique_ptr<SignerClient>(new SignerClient(
      std::move(options), std::move(channel), std::move(coalescer)));
}

SignerClient::SignerClient(SignerClientOptions options,
                           std::shared_ptr<grpc::Channel> channel,
                           std::unique_ptr<client::Coalescer> coalescer)
    : options_(std::move(options)),
      channel_(std::move(channel)),
      coalescer_(std::move(coalescer)) {}

SignerClient::~SignerClient() = default;

absl::Duration SignerClient::TimeoutOf(absl::Time deadline) const {
  return deadline == absl::InfiniteFuture()
             ? options_.timeout
             : std::min(deadline - absl::Now(), options_.timeout);
}

void SignerClient::SignProof(ProofRequest request, absl::Time deadline,
                             Callback done) {
  coalescer_->Add(std::move(request), TimeoutOf(deadline), std::move(done));
}

absl::StatusOr<Proof> SignerClient::SignProof(ProofRequest request,
                                              absl::Time deadline) {
  struct Waiter {
    base::Mutex mutex;
    base::ConditionVariable ready;
    bool is_ready ABSL_GUARDED_BY(mutex) = false;
    absl::StatusOr<Proof> proof ABSL_GUARDED_BY(mutex);
  } waiter;
  SignProof(std::move(request), deadline,
            [&waiter](absl::StatusOr<Proof> proof) {
              base::MutexLock lock(waiter.mutex);
              waiter.proof = std::move(proof);
              waiter.is_ready = true;
              // Under the lock: afterwards the waiter may be gone.
              waiter.ready.NotifyAll();
            });
  base::MutexLock lock(waiter.mutex);
  while (!waiter.is_ready) waiter.ready.Wait(waiter.mutex);
  return std::move(waiter.proof);
}

absl::StatusOr<Capabilities> SignerClient::GetCapabilities(
    absl::Time deadline) {
  return client::FetchCapabilities(channel_, options_.retry,
                                   TimeoutOf(deadline));
}

SignerClientStats SignerClient::stats() const { return coalescer_->stats(); }

}  // namespace proofmint
