#include "tests/reliability/flood/frames.h"

#include "absl/strings/str_cat.h"

namespace proofmint::flood {
namespace {

constexpr absl::string_view kMethodAndScheme = "\x83\x86";  // POST, http
// Refers to :path, :authority, content-type and te, which CallHeaders adds to
// the table in this order; te is the newest.
constexpr absl::string_view kFieldsOfTable = "\xc1\xc0\xbf\xbe";

// Appends an integer with a prefix of 7 bits whose highest bit is 0: a length
// without Huffman coding (RFC 7541 section 5.1).
void AppendLength(size_t length, std::string& out) {
  constexpr size_t kPrefix = 127;
  if (length < kPrefix) {
    out.push_back(static_cast<char>(length));
    return;
  }
  out.push_back(static_cast<char>(kPrefix));
  for (length -= kPrefix; length >= 128; length /= 128) {
    out.push_back(static_cast<char>(length % 128 + 128));
  }
  out.push_back(static_cast<char>(length));
}

std::string Literal(char form, absl::string_view name,
                    absl::string_view value) {
  std::string out(1, form);
  AppendLength(name.size(), out);
  absl::StrAppend(&out, name);
  AppendLength(value.size(), out);
  absl::StrAppend(&out, value);
  return out;
}

// Encodes a protobuf field with the wire type "length-delimited". `value` has
// fewer than 16384 bytes.
std::string ProtoField(int number, absl::string_view value) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  if (value.size() < 128) {
    out.push_back(static_cast<char>(value.size()));
  } else {
    out.push_back(static_cast<char>(value.size() % 128 + 128));
    out.push_back(static_cast<char>(value.size() / 128));
  }
  return absl::StrCat(out, value);
}

}  // namespace

std::string BigEndian(uint64_t value, size_t size) {
  std::string out(size, '\0');
  for (size_t i = size; i-- > 0; value >>= 8) {
    out[i] = static_cast<char>(value & 0xff);
  }
  return out;
}

std::string Frame(FrameType type, uint8_t flags, uint32_t stream,
                  absl::string_view payload) {
  std::string out = BigEndian(payload.size(), 3);
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  return absl::StrCat(out, BigEndian(stream, 4), payload);
}

std::string Settings(uint32_t window) {
  constexpr uint16_t kInitialWindowSize = 4;
  return Frame(FrameType::kSettings, 0, 0,
               BigEndian(kInitialWindowSize, 2) + BigEndian(window, 4));
}

std::string Field(absl::string_view name, absl::string_view value) {
  return Literal('\0', name, value);
}

std::string IndexedField(absl::string_view name, absl::string_view value) {
  return Literal('\x40', name, value);
}

std::string FieldStart(absl::string_view name, size_t size) {
  std::string out(1, '\0');
  AppendLength(name.size(), out);
  absl::StrAppend(&out, name);
  AppendLength(size, out);
  return out;
}

std::string CallFields(absl::string_view path) {
  return absl::StrCat(
      kMethodAndScheme, Field(":path", path), Field(":authority", "localhost"),
      Field("content-type", "application/grpc"), Field("te", "trailers"));
}

std::string CallHeaders::Next() {
  const bool first = stream_ == 0;
  stream_ += first ? 1 : 2;
  const std::string fields =
      first ? absl::StrCat(IndexedField(":path", path_),
                           IndexedField(":authority", "localhost"),
                           IndexedField("content-type", "application/grpc"),
                           IndexedField("te", "trailers"))
            : std::string(kFieldsOfTable);
  return Frame(FrameType::kHeaders, kEndHeaders, stream_,
               absl::StrCat(kMethodAndScheme, fields));
}

std::string GrpcMessage(absl::string_view message, bool compressed) {
  return absl::StrCat(
      compressed ? absl::string_view("\1", 1) : absl::string_view("\0", 1),
      BigEndian(message.size(), 4), message);
}

std::string SignRequest() {
  return absl::StrCat("\x08\x01",  // ALGORITHM_ES256
                      ProtoField(2, "POST"),
                      ProtoField(3, "https://idp.example/token"));
}

std::string BatchRequest(int size) {
  std::string out;
  for (int i = 0; i < size; ++i) {
    absl::StrAppend(&out, ProtoField(1, SignRequest()));
  }
  return out;
}

}  // namespace proofmint::flood
