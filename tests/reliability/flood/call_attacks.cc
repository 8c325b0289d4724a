#include "tests/reliability/flood/attack.h"
#include "tests/reliability/flood/frames.h"

namespace proofmint::flood {
namespace {

constexpr int kCallsPerBlock = 100;

Sender RapidReset() {
  return [calls = CallHeaders(kSignProof)](FlowWindow&) mutable {
    Block block;
    for (int i = 0; i < kCallsPerBlock; ++i) {
      constexpr uint32_t kCancel = 8;
      block.Add(calls.Next());
      block.Add(Frame(FrameType::kRstStream, 0, calls.stream(),
                      BigEndian(kCancel, 4)));
    }
    return block;
  };
}

Sender HeadersAlone() {
  return [calls = CallHeaders(kSignProof)](FlowWindow&) mutable {
    Block block;
    for (int i = 0; i < kCallsPerBlock; ++i) block.Add(calls.Next());
    return block;
  };
}

Sender WholeCalls() {
  return [calls = CallHeaders(kSignProof),
          message = GrpcMessage(SignRequest())](FlowWindow&) mutable {
    Block block;
    for (int i = 0; i < kCallsPerBlock; ++i) {
      block.Add(calls.Next());
      block.Add(Frame(FrameType::kData, kEndStream, calls.stream(), message));
    }
    return block;
  };
}

}  // namespace

std::vector<Attack> CallAttacks() {
  return {
      {"rapid_reset", "calls that are reset at once", RapidReset,
       kInitialWindow},
      {"headers", "calls without a message", HeadersAlone, kInitialWindow},
      {"calls", "whole calls, as many as it can send", WholeCalls,
       kInitialWindow},
  };
}

}  // namespace proofmint::flood
