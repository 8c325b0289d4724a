#include "tests/reliability/flood/attack.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace proofmint::flood {

void Block::Add(absl::string_view frame) {
  absl::StrAppend(&bytes, frame);
  ++frames;
}

Sender Repeat(absl::string_view frame, int count) {
  Block block;
  for (int i = 0; i < count; ++i) block.Add(frame);
  return [block](FlowWindow&) { return block; };
}

const std::vector<Attack>& Attacks() {
  static const std::vector<Attack>* const kAttacks = [] {
    auto* attacks = new std::vector<Attack>();
    for (const std::vector<Attack>& kind :
         {CallAttacks(), HeaderAttacks(), FrameAttacks(), MemoryAttacks()}) {
      attacks->insert(attacks->end(), kind.begin(), kind.end());
    }
    return attacks;
  }();
  return *kAttacks;
}

}  // namespace proofmint::flood
