#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/reliability/flood/attack.h"
#include "tests/reliability/flood/frames.h"

namespace proofmint::flood {
namespace {

constexpr size_t kValueSize = size_t{64} << 20;

std::string Continuation(absl::string_view fields) {
  return Frame(FrameType::kContinuation, 0, /*stream=*/1, fields);
}

// Returns a sender that begins the headers of a call with `fields`, and goes on
// with `frame`, 64 at a time, until `size` bytes of it are sent.
Sender EndlessHeaders(std::string fields, std::string frame, size_t size) {
  constexpr int kFramesPerBlock = 64;
  Block more;
  for (int i = 0; i < kFramesPerBlock; ++i) more.Add(frame);
  return [first = Frame(FrameType::kHeaders, 0, /*stream=*/1, fields), more,
          left = size](FlowWindow&) mutable {
    Block block;
    if (!first.empty()) {
      block.Add(first);
      first.clear();
    } else if (left > 0) {
      block = more;
      left -= std::min(left, more.bytes.size());
    }
    return block;
  };
}

Sender HeaderValue() {
  return EndlessHeaders(
      CallFields(kSignProof) + FieldStart("x-value", kValueSize),
      Continuation(std::string(kMaxPayload, 'v')), kValueSize);
}

Sender HeaderFields() {
  std::string fields;
  const std::string field = Field("x-field", std::string(110, 'f'));
  while (fields.size() + field.size() <= kMaxPayload) fields += field;
  return EndlessHeaders(CallFields(kSignProof), Continuation(fields),
                        ~size_t{0});
}

Sender EmptyContinuation() {
  return EndlessHeaders(CallFields(kSignProof), Continuation(""), ~size_t{0});
}

// Each block is a call whose headers, once decoded, have 16 MB. With 16,000
// references gRPC itself closes the connection.
Sender TableReferences() {
  constexpr size_t kReferences = 4000;
  return [references = std::string(kReferences, kNewestField),
          stream = uint32_t{0}](FlowWindow&) mutable {
    const bool first = stream == 0;
    stream += first ? 1 : 2;
    Block block;
    block.Add(Frame(FrameType::kHeaders, kEndHeaders, stream,
                    CallFields(kSignProof) +
                        (first ? IndexedField("x-entry", std::string(3900, 'e'))
                               : references)));
    return block;
  };
}

}  // namespace

std::vector<Attack> HeaderAttacks() {
  return {
      {"header_value", "one header value of 64 MiB", HeaderValue,
       kInitialWindow},
      {"header_fields", "headers that do not end", HeaderFields,
       kInitialWindow},
      {"table_references", "calls with 4,000 references to a header of 3.9 KB",
       TableReferences, kInitialWindow},
      {"empty_continuation", "empty CONTINUATION frames", EmptyContinuation,
       kInitialWindow},
  };
}

}  // namespace proofmint::flood
