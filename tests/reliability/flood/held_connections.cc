#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/reliability/flood/flood.h"
#include "tests/reliability/flood/frames.h"

namespace proofmint::flood {
namespace {

// How long a new connection waits for the server.
constexpr absl::Duration kPatience = absl::Seconds(1);

class HeldConnections {
 public:
  HeldConnections(const Destination& destination, const FloodOptions& options)
      : destination_(destination),
        options_(options),
        end_(absl::Now() + options.duration) {}

  FloodCounts Run();

 private:
  using Connections = std::vector<std::unique_ptr<Connection>>;

  // Opens one more; returns whether the server let it in.
  bool Open();
  // Removes those that the server has closed, after at most `wait`.
  void RemoveClosed(absl::Duration wait);
  void CountRefusal(absl::string_view reason);

  const Destination& destination_;
  const FloodOptions& options_;
  const absl::Time end_;
  Connections open_;
  FloodCounts counts_;
};

void HeldConnections::CountRefusal(absl::string_view reason) {
  if (++counts_.refused == 1) counts_.first_refusal = std::string(reason);
}

bool HeldConnections::Open() {
  const absl::Time patience = std::min(end_, absl::Now() + kPatience);
  auto opened = Connection::Open(
      destination_, [patience] { return absl::Now() >= patience; });
  if (!opened.ok()) {
    CountRefusal(opened.status().message());
    return false;
  }
  std::unique_ptr<Connection> connection = *std::move(opened);
  const std::string greeting = absl::StrCat(kPreface, Settings());
  if (!connection->Send(greeting) || connection->Receive().empty()) {
    CountRefusal("closed before the server's first byte");
    return false;
  }
  ++counts_.made;
  ++counts_.frames;
  counts_.bytes += static_cast<int64_t>(greeting.size());
  open_.push_back(std::move(connection));
  return true;
}

void HeldConnections::RemoveClosed(absl::Duration wait) {
  std::vector<pollfd> polled;
  for (const auto& connection : open_) {
    polled.push_back({connection->descriptor(), POLLIN, 0});
  }
  poll(polled.data(), polled.size(),
       static_cast<int>(absl::ToInt64Milliseconds(wait)));
  Connections still_open;
  for (size_t i = 0; i < polled.size(); ++i) {
    char unread[4096];
    if (polled[i].revents != 0 &&
        recv(polled[i].fd, unread, sizeof(unread), MSG_DONTWAIT) <= 0) {
      ++counts_.closed;
    } else {
      still_open.push_back(std::move(open_[i]));
    }
  }
  open_ = std::move(still_open);
}

FloodCounts HeldConnections::Run() {
  const auto wanted = static_cast<size_t>(options_.connections);
  while (absl::Now() < end_) {
    const bool waits = open_.size() == wanted || !Open();
    RemoveClosed(waits ? std::max(options_.reconnect, absl::Milliseconds(1))
                       : absl::ZeroDuration());
  }
  return counts_;
}

}  // namespace

FloodCounts HoldConnections(const Destination& destination,
                            const FloodOptions& options) {
  return HeldConnections(destination, options).Run();
}

}  // namespace proofmint::flood
