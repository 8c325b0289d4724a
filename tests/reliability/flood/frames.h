// Encodes HTTP/2 frames (RFC 9113), header fields (RFC 7541) and gRPC messages,
// as valid or as harmful as an attack wants them.

#ifndef PROOFMINT_TESTS_RELIABILITY_FLOOD_FRAMES_H_
#define PROOFMINT_TESTS_RELIABILITY_FLOOD_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace proofmint::flood {

enum class FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
  kUnknown = 0x3f,  // no standard defines it, so a peer must ignore it
};

inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kAck = 1;
inline constexpr uint8_t kEndHeaders = 4;

inline constexpr absl::string_view kPreface =
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr size_t kFrameHeaderSize = 9;
// The largest payload that every peer accepts.
inline constexpr size_t kMaxPayload = 16384;
// The window of a stream and of a connection until the peer changes it.
inline constexpr uint32_t kInitialWindow = 65535;
inline constexpr uint32_t kMaxWindow = 0x7fffffff;

inline constexpr absl::string_view kSignProof =
    "/proofmint.v1.ProofSigner/SignProof";
inline constexpr absl::string_view kBatchSignProofs =
    "/proofmint.v1.ProofSigner/BatchSignProofs";

// Encodes the lowest `size` bytes of `value` in network byte order.
std::string BigEndian(uint64_t value, size_t size);

std::string Frame(FrameType type, uint8_t flags, uint32_t stream,
                  absl::string_view payload);

// Encodes the SETTINGS frame of a client. `window` is the initial window of
// streams.
std::string Settings(uint32_t window = kInitialWindow);

// Encodes a header field that does not enter the table.
std::string Field(absl::string_view name, absl::string_view value);
// Encodes a header field that becomes the newest entry of the table.
std::string IndexedField(absl::string_view name, absl::string_view value);
// Encodes the start of a field whose value is announced with `size` bytes.
std::string FieldStart(absl::string_view name, size_t size);
// The newest entry of the table.
inline constexpr char kNewestField = '\xbe';

// Encodes all fields of a call of `path`, without the table.
std::string CallFields(absl::string_view path);

// CallHeaders makes the HEADERS frames of calls on one connection, each on the
// next stream. The first frame has the fields; the others refer to them, so
// that they are short. No other fields may enter the table.
class CallHeaders {
 public:
  explicit CallHeaders(absl::string_view path) : path_(path) {}

  std::string Next();

  // Returns the stream of the last frame of Next.
  uint32_t stream() const { return stream_; }

 private:
  const std::string path_;
  uint32_t stream_ = 0;
};

// Encodes a gRPC message, which may claim to be compressed.
std::string GrpcMessage(absl::string_view message, bool compressed = false);

// Encodes a valid SignProofRequest, or a BatchSignProofsRequest of `size` such.
std::string SignRequest();
std::string BatchRequest(int size);

}  // namespace proofmint::flood

#endif  // PROOFMINT_TESTS_RELIABILITY_FLOOD_FRAMES_H_
