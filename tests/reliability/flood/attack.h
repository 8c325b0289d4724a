// Lists the attacks of proofmint-flood: what one hostile connection sends.

#ifndef PROOFMINT_TESTS_RELIABILITY_FLOOD_ATTACK_H_
#define PROOFMINT_TESTS_RELIABILITY_FLOOD_ATTACK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/reliability/flood/flow_window.h"

namespace proofmint::flood {

// Block is the next piece of an attack, which is sent at once. The connection
// is closed after an empty one.
struct Block {
  std::string bytes;
  int64_t frames = 0;

  void Add(absl::string_view frame);
};

// Sender makes the blocks of one connection, on its writer thread.
using Sender = std::function<Block(FlowWindow& window)>;

struct Attack {
  std::string name;
  std::string description;
  std::function<Sender()> new_sender;  // for each connection
  uint32_t stream_window;              // that the client announces
  // Whether the client reads what the server sends. If not, it reads once, to
  // see whether it was let in.
  bool reads = true;
};

// Returns all attacks.
const std::vector<Attack>& Attacks();

// Return the attacks of one kind, for Attacks.
std::vector<Attack> CallAttacks();    // many calls
std::vector<Attack> HeaderAttacks();  // header blocks
std::vector<Attack> FrameAttacks();   // frames of one type
std::vector<Attack> MemoryAttacks();  // little work, much memory

// Returns a sender that repeats a block of `count` times `frame`.
Sender Repeat(absl::string_view frame, int count);

}  // namespace proofmint::flood

#endif  // PROOFMINT_TESTS_RELIABILITY_FLOOD_ATTACK_H_
