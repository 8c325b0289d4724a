// TextWriter appends text to a buffer of the caller.

#ifndef PROOFMINT_SIGNER_DPOP_TEXT_WRITER_H_
#define PROOFMINT_SIGNER_DPOP_TEXT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/strings/string_view.h"

namespace proofmint::dpop {

// TextWriter appends to a buffer of fixed size, which it does not own. The
// caller must make the buffer large enough for the largest text that it can
// write: a write past the end is a programming error and aborts the process.
//
// Not thread-safe.
class TextWriter {
 public:
  explicit TextWriter(std::span<char> buffer) : buffer_(buffer) {}

  TextWriter& Append(absl::string_view text);
  TextWriter& AppendBase64Url(std::span<const uint8_t> bytes);
  TextWriter& AppendDecimal(int64_t value);

  // Returns the text written so far; valid as long as the buffer is.
  absl::string_view text() const { return {buffer_.data(), size_}; }

 private:
  // Returns the address of the next `size` characters and counts them as
  // written.
  char* Reserve(size_t size);

  std::span<char> buffer_;
  size_t size_ = 0;
};

}  // namespace proofmint::dpop

#endif  // PROOFMINT_SIGNER_DPOP_TEXT_WRITER_H_
