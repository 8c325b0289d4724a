// Counts the fields of HTTP/2 header blocks.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_HEADER_FIELDS_H_
#define PROOFMINT_SIGNER_SERVICE_NET_HEADER_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace proofmint::service {

// HeaderFields counts the fields of one header block (RFC 7541 section 6)
// without decoding them: it reads their forms and lengths and skips the text. A
// field may be a single byte that refers to a long one of the dynamic table, so
// the bytes of a block do not tell what the decoded block costs.
//
// Not thread-safe.
class HeaderFields {
 public:
  // Begin forgets the block before.
  void Begin() { *this = HeaderFields(); }

  // Add takes the next bytes of the block, in pieces of any size.
  void Add(std::span<const uint8_t> bytes);

  // Returns the number of fields, and of updates of the table's size, that have
  // begun.
  size_t count() const { return count_; }

 private:
  // Says what the next byte is.
  enum class Next { kField, kIndex, kLength, kLengthByte, kText };

  void BeginField(uint8_t byte);
  void BeginText(uint32_t size);

  Next next_ = Next::kField;
  int texts_ = 0;           // of the field that are still to come
  uint32_t text_size_ = 0;  // bytes of the text that are still to come
  int shift_ = 0;           // of the next byte of a length
  size_t count_ = 0;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_HEADER_FIELDS_H_
