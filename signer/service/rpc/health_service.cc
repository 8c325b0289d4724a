#include "signer/service/rpc/health_service.h"

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "signer/service/rpc/message_bytes.h"
#include "signer/service/rpc/unary_call.h"

namespace proofmint::service {

using ::grpc::health::v1::HealthCheckRequest;

class HealthService::CheckCall final : public UnaryCall {
 public:
  CheckCall(HealthService& service, CallQueue& queue)
      : UnaryCall(queue), service_(service) {
    service.RequestCheck(&context_, &request_bytes_, &writer_,
                         queue.events.get(), queue.events.get(), tag());
  }

 private:
  void AwaitNext() override { new CheckCall(service_, queue_); }

  void Serve() override {
    HealthCheckRequest request;
    absl::Status parsed = ParseMessage(request_bytes_, request);
    if (!parsed.ok()) return AnswerError(parsed);
    Response response;
    {
      base::MutexLock lock(service_.mutex_);
      response.set_status(service_.StatusOf(request.service()));
    }
    if (response.status() == Response::SERVICE_UNKNOWN) {
      return AnswerError(
          absl::NotFoundError("service: not served by this server"));
    }
    AnswerWith(response);
  }

  HealthService& service_;
};

// WatchCall is a call of Watch, from when it is awaited until gRPC has
// delivered its last event. Its events are handled on the thread of its queue,
// but Step also runs on threads that change a status, so the service's lock
// guards all members that change.
class HealthService::WatchCall final {
 public:
  WatchCall(HealthService& service, CallQueue& queue)
      : service_(service), queue_(queue) {
    context_.AsyncNotifyWhenDone(done_.tag());
    service.RequestWatch(&context_, &request_, &writer_, queue.events.get(),
                         queue.events.get(), arrived_.tag());
  }

 private:
  friend class HealthService;

  // Event is an event of the call, with its own tag and handler.
  class Event final : public QueueEvent {
   public:
    Event(WatchCall& call, void (WatchCall::*handler)(bool))
        : call_(call), handler_(handler) {}
    void OnEvent(bool ok) override { (call_.*handler_)(ok); }

   private:
    WatchCall& call_;
    void (WatchCall::*handler_)(bool);
  };

  void Arrived(bool ok) {
    if (!ok) {  // The server is being shut down; there is no other event.
      delete this;
      return;
    }
    ++queue_.calls;
    new WatchCall(service_, queue_);
    base::MutexLock lock(service_.mutex_);
    service_.watches_.insert(this);
    service_.Step(*this);
  }

  void Written(bool ok) {
    base::MutexLock lock(service_.mutex_);
    writing_ = false;
    client_gone_ |= !ok;
    service_.Step(*this);
  }

  void Finished(bool) {
    {
      base::MutexLock lock(service_.mutex_);
      has_finished_ = true;
      if (!is_done_) return;
      service_.watches_.erase(this);
    }
    --queue_.calls;
    delete this;
  }

  // The call has ended: cancelled by the client, with its connection, or by us.
  void Done(bool) {
    {
      base::MutexLock lock(service_.mutex_);
      is_done_ = true;
      client_gone_ = true;
      service_.Step(*this);
      if (!has_finished_) return;
      service_.watches_.erase(this);
    }
    --queue_.calls;
    delete this;
  }

  HealthService& service_;
  CallQueue& queue_;
  Event arrived_{*this, &WatchCall::Arrived};
  Event written_{*this, &WatchCall::Written};
  Event finished_{*this, &WatchCall::Finished};
  Event done_{*this, &WatchCall::Done};
  grpc::ServerContext context_;
  HealthCheckRequest request_;
  grpc::ServerAsyncWriter<Response> writer_{&context_};
  Response::ServingStatus last_status_ = Response::UNKNOWN;
  bool writing_ = false;
  bool finishing_ = false;
  bool has_finished_ = false;
  bool is_done_ = false;
  bool client_gone_ = false;
};

void HealthService::SetServing(absl::string_view service, bool serving) {
  base::MutexLock lock(mutex_);
  if (shut_down_) return;
  statuses_[std::string(service)] =
      serving ? Response::SERVING : Response::NOT_SERVING;
  for (WatchCall* watch : watches_) Step(*watch);
}

void HealthService::Shutdown() {
  base::MutexLock lock(mutex_);
  shut_down_ = true;
  for (auto& [service, status] : statuses_) status = Response::NOT_SERVING;
  for (WatchCall* watch : watches_) Step(*watch);
}

void HealthService::Step(WatchCall& watch) {
  if (watch.writing_ || watch.finishing_) return;
  const Response::ServingStatus status = StatusOf(watch.request_.service());
  if (!watch.client_gone_ && status != watch.last_status_) {
    watch.last_status_ = status;
    watch.writing_ = true;
    Response response;
    response.set_status(status);
    watch.writer_.Write(response, watch.written_.tag());
  } else if (watch.client_gone_ || shut_down_) {
    watch.finishing_ = true;
    watch.writer_.Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                      "the server is shutting down"),
                         watch.finished_.tag());
  }
}

HealthService::Response::ServingStatus HealthService::StatusOf(
    const std::string& service) const {
  auto status = statuses_.find(service);
  return status == statuses_.end() ? Response::SERVICE_UNKNOWN : status->second;
}

void HealthService::AwaitCalls(CallQueue& queue) {
  new CheckCall(*this, queue);
  new WatchCall(*this, queue);
}

}  // namespace proofmint::service
