// Judges what an HTTP/2 client sends by the headers of its frames.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_FRAME_GUARD_H_
#define PROOFMINT_SIGNER_SERVICE_NET_FRAME_GUARD_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/time/time.h"
#include "signer/base/leaky_buckets.h"
#include "signer/service/net/header_fields.h"
#include "signer/service/observe/connection_record.h"

namespace proofmint::service {

// FrameGuard follows the frames of one HTTP/2 connection of a server (RFC 9113
// section 4.1) in both directions, and tells when the client sends more of what
// costs the server much and the client little than any honest client does.
// gRPC 1.51 has no such limits: it obeys the limits of its SETTINGS only after
// the client has acknowledged them, and serves no other connection while one
// has bytes to read. FrameGuard reads frame headers, and of header blocks how
// many fields they have; it decodes no HPACK and skips all other payload.
//
// Not thread-safe.
class FrameGuard {
 public:
  // The most calls that are open at the same time. Clients keep to 256, the
  // limit in the server's SETTINGS. When one has acknowledged that limit, gRPC
  // closes its connection at one call more. This limit must not be as low: a
  // client may see the end of a call before Sent does.
  static constexpr size_t kMaxOpenCalls = 512;
  // A call that the client resets goes on counting until so long after it was
  // opened: the server has work with it all the same.
  static constexpr absl::Duration kHoldReset = absl::Milliseconds(250);

  // Limits of a header block, HEADERS with its CONTINUATION frames: its bytes,
  // its CONTINUATION frames, of which none may be empty, and the pieces in
  // which it is read. gRPC parses an unfinished block from its beginning for
  // each piece.
  static constexpr size_t kMaxHeaderBlock = 16 << 10;
  static constexpr int kMaxContinuations = 8;
  static constexpr int kMaxHeaderPieces = 64;
  // The most fields of a block. A field takes 120 bytes of gRPC's memory for as
  // long as the call is open, and perhaps one byte of the block. gRPC's clients
  // send some ten.
  static constexpr size_t kMaxHeaderFields = 128;

  // Small frames are DATA of less than kSmallData bytes that does not end a
  // call, frames of calls that are not open, and WINDOW_UPDATE.
  static constexpr size_t kSmallData = 256;
  static constexpr double kSmallFrames = 4000;       // a second
  static constexpr double kSmallFramesBurst = 8000;  // at once
  // Control frames are SETTINGS, PING, PRIORITY, GOAWAY and frames of unknown
  // types.
  static constexpr double kControlFrames = 500;
  static constexpr double kControlFramesBurst = 1000;
  // Each new call allows so many more of either kind: some clients send an
  // empty DATA frame, a WINDOW_UPDATE and a PING for every call.
  static constexpr double kFramesPerCall = 2;

  FrameGuard() = default;

  // Received takes bytes that the client has sent, before the server parses
  // them: the next ones in each call, and one call for each piece that the
  // server parses at once. `now` is a time of base::MonotonicNow. Returns why
  // the connection is to be closed, then and ever after, or nothing.
  std::optional<ConnectionClosure> Received(std::span<const uint8_t> bytes,
                                            absl::Duration now);

  // Returns whether the frame for which the connection is to be closed is no
  // DATA and longer than HTTP/2 allows before other settings (RFC 9113 section
  // 4.2). Broken peers send one, and gRPC would close the connection, too: this
  // alone is no flood.
  bool malformed() const { return closure_.has_value() && oversized_; }

  // Sent takes bytes that the server has sent: the next ones in each call.
  void Sent(std::span<const uint8_t> bytes);

  // Returns how many calls count as open, and how many were opened in all.
  size_t open_calls() const { return calls_.size(); }
  uint64_t calls() const { return opened_; }

 private:
  struct FrameHeader {
    uint32_t length;  // of the payload
    uint8_t type;
    uint8_t flags;
    uint32_t id;
  };

  // FrameReader finds the frame headers in a stream of bytes.
  class FrameReader {
   public:
    explicit FrameReader(uint32_t prefix) : skip_(prefix) {}

    // Takes bytes away from `bytes` until a frame header is complete. Returns
    // false when no bytes are left.
    bool Next(std::span<const uint8_t>& bytes, FrameHeader& header);

    // Returns whether bytes of the last frame's payload are still to come.
    bool in_payload() const { return skip_ > 0; }

    // Returns which of `bytes`, the next ones, are of that payload.
    std::span<const uint8_t> PayloadOf(std::span<const uint8_t> bytes) const {
      return bytes.first(std::min<size_t>(skip_, bytes.size()));
    }

   private:
    uint32_t skip_;  // bytes to the next header
    std::array<uint8_t, 9> header_;
    size_t header_size_ = 0;  // bytes that header_ has
  };

  struct Call {
    uint32_t id;
    absl::Duration opened;
    bool half_closed;  // The client has sent END_STREAM.
    bool reset = false;
  };

  std::optional<ConnectionClosure> Judge(const FrameHeader& frame,
                                         absl::Duration now);
  std::optional<ConnectionClosure> JudgeHeaders(const FrameHeader& frame,
                                                absl::Duration now);
  std::optional<ConnectionClosure> JudgeContinuation(const FrameHeader& frame);
  std::optional<ConnectionClosure> JudgeData(const FrameHeader& frame,
                                             absl::Duration now);
  std::optional<ConnectionClosure> JudgeReset(const FrameHeader& frame,
                                              absl::Duration now);
  std::optional<ConnectionClosure> ChargeSmall(double frames,
                                               absl::Duration now);
  // Reads the next bytes of the payload of HEADERS or CONTINUATION.
  void ReadHeaderBlock(std::span<const uint8_t> payload);

  // Returns the call `id` if it counts as open, or the end of calls_.
  std::vector<Call>::iterator FindCall(uint32_t id);

  FrameReader received_{/*prefix=*/24};  // the connection preface
  FrameReader sent_{/*prefix=*/0};
  std::vector<Call> calls_;  // by rising id
  uint32_t last_id_ = 0;     // of the calls that the client has opened
  uint64_t opened_ = 0;
  // The header block that was read last.
  bool in_block_ = false;    // The last frame belongs to it.
  bool block_ended_ = true;  // END_HEADERS
  size_t block_size_ = 0;    // bytes
  int continuations_ = 0;    // frames
  int header_pieces_ = 0;    // calls of Received that continued it
  HeaderFields fields_;
  // The payload of the frame that was read last, if it belongs to a block: a
  // byte with the size of the padding, the priority, the fragment of the block
  // and the padding (RFC 9113 section 6.2).
  bool padding_size_next_ = false;
  uint32_t priority_left_ = 0;  // bytes
  uint32_t fragment_left_ = 0;  // bytes
  base::LeakyBucket small_{kSmallFrames};
  base::LeakyBucket control_{kControlFrames};
  bool oversized_ = false;  // The last frame is, if it is no DATA.
  std::optional<ConnectionClosure> closure_;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_FRAME_GUARD_H_
