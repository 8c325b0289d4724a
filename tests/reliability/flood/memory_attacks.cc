#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/reliability/flood/attack.h"
#include "tests/reliability/flood/frames.h"

namespace proofmint::flood {
namespace {

// Returns 800 MiB of zeros, compressed to 0.8 MB by gzip. Only the first two
// MiB are compressed: after a full flush all others look like the second one.
std::string CompressedZeros() {
  constexpr int kMegabytes = 800;
  constexpr int kGzip = 16;  // added to the size of the window
  std::string zeros(size_t{1} << 20, '\0');
  z_stream stream = {};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip,
               MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
  auto compress = [&](std::string* input, int flush) {
    std::string out(zeros.size(), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(input->data());
    stream.avail_in = static_cast<uInt>(input->size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, flush);
    out.resize(out.size() - stream.avail_out);
    return out;
  };
  std::string out = compress(&zeros, Z_FULL_FLUSH);
  const std::string next = compress(&zeros, Z_FULL_FLUSH);
  for (int i = 1; i < kMegabytes; ++i) out += next;
  constexpr size_t kTrailerSize = 8;  // the checksum and the length
  std::string nothing;
  const std::string end = compress(&nothing, Z_FINISH);
  deflateEnd(&stream);
  const uLong one = crc32(0, reinterpret_cast<Bytef*>(zeros.data()),
                          static_cast<uInt>(zeros.size()));
  uLong checksum = one;
  for (int i = 1; i < kMegabytes; ++i) {
    checksum = crc32_combine(checksum, one, static_cast<z_off_t>(zeros.size()));
  }
  out += end.substr(0, end.size() - kTrailerSize);
  for (uint64_t number : {uint64_t{checksum}, kMegabytes * zeros.size()}) {
    const std::string bytes = BigEndian(number, 4);
    out.append(bytes.rbegin(), bytes.rend());
  }
  return out;
}

// GzipBomb sends one bomb after the other. Each waits for the windows that the
// server grants, since a server refuses the rest, and ends when the server
// refuses the call.
class GzipBomb {
 public:
  Block operator()(FlowWindow& window) {
    Block block;
    if (left_.empty()) {
      stream_ += stream_ == 0 ? 1 : 2;
      left_ = Message();
      window.Begin(stream_);
      block.Add(Frame(FrameType::kHeaders, kEndHeaders, stream_,
                      CallFields(kSignProof) + Field("grpc-encoding", "gzip")));
      return block;
    }
    const size_t size = window.Take(std::min(left_.size(), kMaxPayload));
    if (size == 0) {
      left_ = "";
      return window.closed() ? Block() : (*this)(window);
    }
    const absl::string_view payload = left_.substr(0, size);
    left_.remove_prefix(size);
    block.Add(Frame(FrameType::kData, left_.empty() ? kEndStream : 0, stream_,
                    payload));
    return block;
  }

  static absl::string_view Message() {
    static const auto* const kMessage =
        new std::string(GrpcMessage(CompressedZeros(), /*compressed=*/true));
    return *kMessage;
  }

 private:
  uint32_t stream_ = 0;
  absl::string_view left_;  // of the message
};

Sender SlowReader() {
  constexpr int kBatch = 256;
  return [calls = CallHeaders(kBatchSignProofs),
          message = GrpcMessage(BatchRequest(kBatch))](FlowWindow&) mutable {
    Block block;
    if (calls.stream() == 0) {
      block.Add(Frame(FrameType::kWindowUpdate, 0, 0,
                      BigEndian(kMaxWindow - kInitialWindow, 4)));
    }
    block.Add(calls.Next());
    block.Add(Frame(FrameType::kData, kEndStream, calls.stream(), message));
    return block;
  };
}

Sender Nothing() {
  return [](FlowWindow&) { return Block(); };
}

}  // namespace

std::vector<Attack> MemoryAttacks() {
  return {
      {"gzip_bomb", "calls of 0.8 MB that unpack to 800 MiB",
       [] { return Sender(GzipBomb()); }, kInitialWindow},
      {"slow_reader", "batches of 256, with the largest window; reads nothing",
       SlowReader, kMaxWindow, /*reads=*/false},
      {"handshakes", "connections that end after the handshake", Nothing,
       kInitialWindow},
  };
}

}  // namespace proofmint::flood
