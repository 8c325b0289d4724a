#include "signer/service/net/header_fields.h"

#include <algorithm>

namespace proofmint::service {
namespace {

// An integer begins with a prefix of some bits and goes on in bytes whose
// highest bit says whether another follows (RFC 7541 section 5.1).
constexpr uint8_t kMore = 0x80;
constexpr int kBitsOfByte = 7;
constexpr int kMaxShift = 3 * kBitsOfByte;

// The first bits of a field's first byte (RFC 7541 section 6).
constexpr uint8_t kIndexed = 0x80;
constexpr uint8_t kLiteralWithIndexing = 0x40;
constexpr uint8_t kTableSizeUpdate = 0x20;

}  // namespace

void HeaderFields::Add(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    if (next_ == Next::kText) {
      const size_t skipped = std::min<size_t>(text_size_, bytes.size());
      bytes = bytes.subspan(skipped);
      text_size_ -= static_cast<uint32_t>(skipped);
      if (text_size_ == 0) next_ = texts_ > 0 ? Next::kLength : Next::kField;
      continue;
    }
    const uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    switch (next_) {
      case Next::kField:
        BeginField(byte);
        break;
      case Next::kIndex:
        if ((byte & kMore) == 0) {
          next_ = texts_ > 0 ? Next::kLength : Next::kField;
        }
        break;
      case Next::kLength: {
        constexpr uint8_t kPrefix = 0x7f;  // The first bit is for Huffman code.
        text_size_ = byte & kPrefix;
        shift_ = 0;
        if (text_size_ == kPrefix) {
          next_ = Next::kLengthByte;
        } else {
          BeginText(text_size_);
        }
        break;
      }
      case Next::kLengthByte:
        // A text that is longer than three such bytes can say is longer than
        // any block that is let through, too.
        if (shift_ <= kMaxShift) {
          text_size_ += static_cast<uint32_t>(byte & ~kMore) << shift_;
        }
        shift_ += kBitsOfByte;
        if ((byte & kMore) == 0) BeginText(text_size_);
        break;
      case Next::kText:
        break;
    }
  }
}

void HeaderFields::BeginField(uint8_t byte) {
  ++count_;
  uint8_t prefix = 0x0f;  // a literal without indexing, or never indexed
  texts_ = 1;
  if ((byte & kIndexed) != 0) {
    prefix = 0x7f;
    texts_ = 0;
  } else if ((byte & kLiteralWithIndexing) != 0) {
    prefix = 0x3f;
  } else if ((byte & kTableSizeUpdate) != 0) {
    prefix = 0x1f;
    texts_ = 0;
  }
  const uint8_t index = byte & prefix;
  if (texts_ == 1 && index == 0) texts_ = 2;  // The name is a text, too.
  if (index == prefix) {
    next_ = Next::kIndex;
  } else {
    next_ = texts_ > 0 ? Next::kLength : Next::kField;
  }
}

void HeaderFields::BeginText(uint32_t size) {
  --texts_;
  if (size > 0) {
    next_ = Next::kText;
  } else {
    next_ = texts_ > 0 ? Next::kLength : Next::kField;
  }
}

}  // namespace proofmint::service
