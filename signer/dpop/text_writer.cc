#include "signer/dpop/text_writer.h"

#include <charconv>
#include <cstring>
#include <limits>

#include "absl/base/internal/raw_logging.h"
#include "signer/dpop/base64url.h"

namespace proofmint::dpop {

TextWriter& TextWriter::Append(absl::string_view text) {
  if (!text.empty())
    std::memcpy(Reserve(text.size()), text.data(), text.size());
  return *this;
}

TextWriter& TextWriter::AppendBase64Url(std::span<const uint8_t> bytes) {
  EncodeBase64Url(bytes, Reserve(Base64UrlSize(bytes.size())));
  return *this;
}

TextWriter& TextWriter::AppendDecimal(int64_t value) {
  char digits[std::numeric_limits<int64_t>::digits10 + 2];  // and a sign
  std::to_chars_result end =
      std::to_chars(digits, digits + sizeof(digits), value);
  return Append({digits, static_cast<size_t>(end.ptr - digits)});
}

char* TextWriter::Reserve(size_t size) {
  ABSL_RAW_CHECK(size <= buffer_.size() - size_, "text buffer too small");
  char* place = buffer_.data() + size_;
  size_ += size;
  return place;
}

}  // namespace proofmint::dpop
