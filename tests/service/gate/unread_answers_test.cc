#include "signer/service/gate/unread_answers.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace proofmint::service {
namespace {

using Decision = UnreadAnswers::Decision;
using Peer = UnreadAnswers::Peer;
using Ticket = UnreadAnswers::Ticket;

constexpr size_t kMiB = 1 << 20;
constexpr size_t kLimit = 60 * kMiB;

Peer PeerOf(int connection, int caller) {
  return {UnreadAnswers::Key(absl::StrCat("fd:", connection)),
          UnreadAnswers::Key(absl::StrCat("uid:", caller))};
}

class UnreadAnswersTest : public ::testing::Test {
 protected:
  // Adds answers so that `bytes` more count for `peer`.
  void Add(Peer peer, size_t bytes) {
    tickets_.push_back(
        answers_.Add(peer, bytes - UnreadAnswers::kBytesPerCall));
  }

  // Adds answers of `bytes` to `peer` until its calls are dropped.
  void AddUntilDropped(Peer peer, size_t bytes) {
    for (int i = 0; i < 2000 && answers_.Check(peer) != Decision::kDrop; ++i) {
      Add(peer, bytes);
    }
  }

  UnreadAnswers answers_{kLimit};
  std::vector<Ticket> tickets_;
};

TEST_F(UnreadAnswersTest, CountsAnAnswerUntilItsTicketIsReleased) {
  {
    Ticket ticket = answers_.Add(PeerOf(1, 1), 1000);
    EXPECT_EQ(answers_.total(), 1000 + UnreadAnswers::kBytesPerCall);
    Ticket moved = std::move(ticket);
    EXPECT_EQ(answers_.total(), 1000 + UnreadAnswers::kBytesPerCall);
    moved = answers_.Add(PeerOf(2, 1), 50);
    EXPECT_EQ(answers_.total(), 50 + UnreadAnswers::kBytesPerCall);
    moved.Release();
    moved.Release();
    EXPECT_EQ(answers_.total(), 0u);
    moved = answers_.Add({}, 7);
  }
  EXPECT_EQ(answers_.total(), 0u);
}

TEST_F(UnreadAnswersTest, AConnectionAloneHasAFifth) {
  Add(PeerOf(1, 1), kLimit / 5);
  EXPECT_EQ(answers_.Check(PeerOf(1, 1)), Decision::kServe);
  Add(PeerOf(1, 1), kMiB);
  EXPECT_EQ(answers_.Check(PeerOf(1, 1)), Decision::kRefuse);
  // Its caller may use other connections.
  EXPECT_EQ(answers_.Check(PeerOf(2, 1)), Decision::kServe);
  Add(PeerOf(1, 1), kLimit / 3 - kLimit / 5 - kMiB);
  EXPECT_EQ(answers_.Check(PeerOf(1, 1)), Decision::kRefuse);
  Add(PeerOf(1, 1), kMiB);
  EXPECT_EQ(answers_.Check(PeerOf(1, 1)), Decision::kDrop);
  EXPECT_EQ(answers_.Check(PeerOf(2, 1)), Decision::kServe);
}

// Answers of 32 KiB, so that the last one of a connection hardly matters.
constexpr size_t kAnswer = 32 << 10;
constexpr size_t kReduced = UnreadAnswers::kReducedShare;

TEST_F(UnreadAnswersTest, ACallerWithMoreThanAHalfHasTheReducedShare) {
  for (int connection = 0; connection < 128; ++connection) {
    AddUntilDropped(PeerOf(connection, 1), kAnswer);
  }
  EXPECT_GT(answers_.total(), kLimit / 2);
  EXPECT_LE(answers_.total(), kLimit / 2 + 128 * (kReduced + kAnswer));
  // A connection that reads is served, but not with large answers.
  const Peer reads = PeerOf(999, 1);
  EXPECT_EQ(answers_.Check(reads, kReduced), Decision::kServe);
  EXPECT_EQ(answers_.Check(reads, kReduced + 1), Decision::kRefuse);
  Add(reads, kReduced);
  EXPECT_EQ(answers_.Check(reads), Decision::kServe);
  EXPECT_EQ(answers_.Check(reads, 1), Decision::kRefuse);
  Add(reads, kAnswer);
  EXPECT_EQ(answers_.Check(reads), Decision::kDrop);
  // One of another caller may have a quarter of what is free.
  EXPECT_EQ(answers_.Check(PeerOf(1000, 2), kMiB), Decision::kServe);
  Add(PeerOf(1000, 2), kMiB);
  EXPECT_EQ(answers_.Check(PeerOf(1000, 2), kMiB), Decision::kServe);
}

TEST_F(UnreadAnswersTest, ServesWhatReadsHoweverManyCallersDoNot) {
  for (int caller = 0; caller < 8; ++caller) {
    for (int connection = 0; connection < 4; ++connection) {
      AddUntilDropped(PeerOf(4 * caller + connection, caller), kAnswer);
    }
  }
  EXPECT_LE(answers_.total(), kLimit + kMiB);
  EXPECT_EQ(answers_.Check(PeerOf(5000, 99)), Decision::kServe);
}

TEST_F(UnreadAnswersTest, ServesNoCallWhileAllBytesAreInUse) {
  Add(PeerOf(1, 1), kLimit + kMiB);
  EXPECT_EQ(answers_.Check(PeerOf(1, 1)), Decision::kDrop);
  Add(PeerOf(2, 2), kMiB);
  EXPECT_EQ(answers_.Check(PeerOf(2, 2)), Decision::kDrop);
  // A peer that has read all of its answers is served.
  EXPECT_EQ(answers_.Check(PeerOf(3, 3)), Decision::kServe);
}

TEST_F(UnreadAnswersTest, DoesNotTakeUnidentifiedCallersForOne) {
  Add({.connection = 1}, kLimit * 3 / 4);
  EXPECT_EQ(answers_.Check({.connection = 1}), Decision::kDrop);
  EXPECT_EQ(answers_.Check({.connection = 2}), Decision::kServe);
}

TEST_F(UnreadAnswersTest, CountsOnManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      std::vector<Ticket> tickets;
      for (int i = 0; i < 20'000; ++i) {
        const Peer peer = PeerOf(i % 7, t % 2);
        if (answers_.Check(peer) == Decision::kServe) {
          tickets.push_back(answers_.Add(peer, kMiB));
        }
        if (tickets.size() > 9) tickets.clear();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answers_.total(), 0u);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(answers_.Check(PeerOf(i, i % 2)), Decision::kServe);
  }
}

}  // namespace
}  // namespace proofmint::service
