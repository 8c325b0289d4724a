// Checks what listeners of every kind have in common.

#ifndef PROOFMINT_TESTS_SERVICE_NET_LISTENER_CHECKS_H_
#define PROOFMINT_TESTS_SERVICE_NET_LISTENER_CHECKS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/base/clock.h"
#include "signer/base/unique_fd.h"
#include "tests/service/testing/accepted_connections.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::service {

// Each check takes a listener that is bound and not started, and destroys it
// before the connections that it hands over.

// Connect opens a new connection to the listener under test.
using Connect = absl::FunctionRef<base::UniqueFd()>;

// Connections that are made before Start are handed over, too.
template <typename Listener>
void CheckServesConnectionsMadeBeforeStart(std::unique_ptr<Listener> bound,
                                           Connect connect) {
  testing::AcceptedConnections connections;
  const auto listener = std::move(bound);
  base::UniqueFd first = connect();
  base::UniqueFd second = connect();
  ASSERT_TRUE(first.valid() && second.valid());
  ASSERT_THAT(listener->Start(connections.Sink()), testing::IsOk());
  EXPECT_GE(connections.Wait(1), 0);
}

// While the process has no descriptors left, the listener waits without using
// the CPU, and afterwards it hands over the connection that waited.
template <typename Listener>
void CheckAcceptsAgainAfterDescriptorsRanOut(std::unique_ptr<Listener> bound,
                                             Connect connect) {
  testing::AcceptedConnections connections;
  const auto listener = std::move(bound);
  base::UniqueFd client = connect();  // Waits in the backlog.
  ASSERT_TRUE(client.valid());
  {
    testing::NoDescriptors none;
    ASSERT_THAT(listener->Start(connections.Sink()), testing::IsOk());
    const absl::Duration start = base::ProcessCpuTime();
    EXPECT_FALSE(connections.WaitFor(0, absl::Milliseconds(300)));
    EXPECT_LT(base::ProcessCpuTime() - start, absl::Milliseconds(100));
  }
  EXPECT_GE(connections.Wait(0), 0);
}

// All peers that had connected when a listener ends are served by it.
template <typename Listener>
void CheckServesItsBacklogWhenItEnds(std::unique_ptr<Listener> bound,
                                     Connect connect) {
  constexpr size_t kClients = 20;
  testing::AcceptedConnections connections;
  std::atomic<bool> ending = false;
  auto listener = std::move(bound);
  ASSERT_THAT(listener->Start(
                  [&, sink = connections.Sink()](base::UniqueFd connection) {
                    sink(std::move(connection));
                    // The others still wait in the backlog at the end.
                    while (!ending) std::this_thread::yield();
                  }),
              testing::IsOk());
  std::vector<base::UniqueFd> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().valid());
  }
  ASSERT_GE(connections.Wait(0), 0);
  ending = true;
  listener.reset();
  EXPECT_TRUE(connections.WaitFor(kClients - 1, absl::ZeroDuration()));
}

// A listener that ends without Start closes the connections in its backlog.
template <typename Listener>
void CheckHangsUpIfItNeverStarted(std::unique_ptr<Listener> listener,
                                  Connect connect) {
  base::UniqueFd client = connect();
  ASSERT_TRUE(client.valid());
  listener.reset();
  std::string received;
  EXPECT_TRUE(testing::ReadUntilClosed(client, absl::Seconds(10), received));
}

// Of eight threads that call Bind(address) at the same time, one gets the
// address. Returns the listener, or null if it is not exactly one.
template <typename Listener>
std::unique_ptr<Listener> CheckExactlyOneBinds(const std::string& address) {
  constexpr int kThreads = 8;
  std::atomic<int> ready = 0;
  std::vector<absl::StatusOr<std::unique_ptr<Listener>>> results(kThreads);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] {
      ++ready;
      while (ready < kThreads) std::this_thread::yield();
      result = Listener::Bind(address);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::unique_ptr<Listener>> winners;
  for (auto& result : results) {
    if (result.ok()) {
      winners.push_back(*std::move(result));
    } else {
      EXPECT_THAT(result, testing::StatusIs(absl::StatusCode::kAlreadyExists,
                                            ::testing::HasSubstr(address)));
    }
  }
  EXPECT_EQ(winners.size(), 1u);
  return winners.size() == 1 ? std::move(winners[0]) : nullptr;
}

}  // namespace proofmint::service

#endif  // PROOFMINT_TESTS_SERVICE_NET_LISTENER_CHECKS_H_
