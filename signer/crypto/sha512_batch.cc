// This file computes SHA-512 with one message in each 64-bit lane. The rounds
// and the names of their parts are those of FIPS 180-4 section 6.4.
//
// The messages are sorted by their number of blocks and hashed one vector of
// messages at a time. A lane whose message has ended goes on computing, without
// changing its state, until the longest message of its vector ends.

#include "signer/crypto/sha512_batch.h"

#include <openssl/sha.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "signer/crypto/sha512_batch.cc"
#include <hwy/foreach_target.h>
// foreach_target.h must come before highway.h.
#include <hwy/highway.h>

#include "signer/crypto/secret.h"

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<uint64_t, 8>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());

constexpr size_t kBlockSize = 128;  // bytes
constexpr size_t kBlockWords = 16;
constexpr size_t kStateWords = 8;
constexpr size_t kRounds = 80;

// The break-even point against BoringSSL, as measured on Zen 4: a vector is
// faster if its messages together have at least this many times the blocks of
// the longest one.
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
constexpr size_t kBreakEven = kLanes + 1;  // never
#elif HWY_TARGET <= HWY_AVX3
constexpr size_t kBreakEven = 3;
#else
constexpr size_t kBreakEven = 2;
#endif

// The most messages that are sorted together.
constexpr size_t kMaxSorted = 256;

constexpr uint64_t kInitialState[kStateWords] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
    0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
    0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

constexpr uint64_t kRoundConstants[kRounds] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f,
    0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
    0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242,
    0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
    0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
    0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f,
    0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc,
    0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6,
    0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
    0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99,
    0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
    0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc,
    0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
    0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
    0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba,
    0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
    0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

// Scratch holds all copies of message bytes and states.
struct Scratch {
  // The message schedule's last 16 words, [word][lane].
  alignas(64) uint64_t schedule[kBlockWords * kLanes];
  alignas(64) uint64_t state[kStateWords * kLanes];  // [word][lane]
  alignas(64) uint8_t blocks[kLanes][kBlockSize];
};

constexpr uint64_t SwapToBigEndian(uint64_t word) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(word)
                                                    : word;
}

size_t MessageSize(const Sha512Message& message) {
  size_t size = 0;
  for (std::span<const uint8_t> part : message.parts) size += part.size();
  return size;
}

// Returns the number of blocks of the padded message: the message, a byte 0x80,
// zeros, and the size in 16 bytes.
constexpr size_t BlockCount(size_t size) {
  return (size + 16) / kBlockSize + 1;
}

// Returns the address of a block of the padded message: within a part if that
// part has all of it, otherwise `buffer`, to which the block is copied.
const uint8_t* PaddedBlock(const Sha512Message& message, size_t size,
                           size_t index, uint8_t* buffer) {
  const size_t begin = index * kBlockSize;
  size_t filled = 0;
  size_t part_begin = 0;
  for (std::span<const uint8_t> part : message.parts) {
    const size_t offset = begin + filled - part_begin;  // may be past the part
    part_begin += part.size();
    if (offset >= part.size() || filled == kBlockSize) continue;
    const size_t count = std::min(part.size() - offset, kBlockSize - filled);
    if (count == kBlockSize) return part.data() + offset;
    std::memcpy(buffer + filled, part.data() + offset, count);
    filled += count;
  }
  if (filled == kBlockSize) return buffer;

  std::memset(buffer + filled, 0, kBlockSize - filled);
  if (begin + filled == size) buffer[filled] = 0x80;
  if (index + 1 == BlockCount(size)) {
    const uint64_t bits[2] = {SwapToBigEndian(uint64_t{size} >> 61),
                              SwapToBigEndian(uint64_t{size} << 3)};
    std::memcpy(buffer + kBlockSize - sizeof(bits), bits, sizeof(bits));
  }
  return buffer;
}

HWY_INLINE V LargeSigma0(V x) {
  return hn::Xor3(hn::RotateRight<28>(x), hn::RotateRight<34>(x),
                  hn::RotateRight<39>(x));
}
HWY_INLINE V LargeSigma1(V x) {
  return hn::Xor3(hn::RotateRight<14>(x), hn::RotateRight<18>(x),
                  hn::RotateRight<41>(x));
}
HWY_INLINE V SmallSigma0(V x) {
  return hn::Xor3(hn::RotateRight<1>(x), hn::RotateRight<8>(x),
                  hn::ShiftRight<7>(x));
}
HWY_INLINE V SmallSigma1(V x) {
  return hn::Xor3(hn::RotateRight<19>(x), hn::RotateRight<61>(x),
                  hn::ShiftRight<6>(x));
}

// Returns the bits of `yes` where `mask` has ones, and of `no` where it has
// zeros.
HWY_INLINE V SelectBits(V mask, V yes, V no) {
#if HWY_TARGET <= HWY_AVX3
  return hn::IfVecThenElse(mask, yes, no);  // one instruction
#else
  // On these targets IfVecThenElse may look at sign bits only.
  return hn::Xor(no, hn::And(mask, hn::Xor(yes, no)));
#endif
}

struct WorkingVariables {
  V a, b, c, d, e, f, g, h;
  V b_xor_c;
};

// Computes one round. The caller rotates the arguments instead of moving the
// values from variable to variable.
HWY_INLINE void Round(V a, V b, V& d, V e, V f, V g, V& h, V& b_xor_c,
                      V word_and_constant) {
  const V choice = SelectBits(e, f, g);
  const V t1 =
      hn::Add(hn::Add(h, word_and_constant), hn::Add(LargeSigma1(e), choice));
  // The majority of a, b and c: b, or c where a and b differ.
  const V a_xor_b = hn::Xor(a, b);
  const V majority = hn::Xor(b, hn::And(a_xor_b, b_xor_c));
  b_xor_c = a_xor_b;
  d = hn::Add(d, t1);
  h = hn::Add(t1, hn::Add(LargeSigma0(a), majority));
}

// Returns word i of the schedule plus the constant of its round. With kExtend,
// first replaces the word by the one 16 rounds later.
template <bool kExtend>
HWY_INLINE V ScheduledWord(uint64_t* schedule, const uint64_t* constants,
                           size_t i) {
  const D d;
  auto at = [schedule](size_t word)
                HWY_ATTR { return schedule + word % kBlockWords * kLanes; };
  V word = hn::Load(d, at(i));
  if constexpr (kExtend) {
    word = hn::Add(
        hn::Add(word, SmallSigma0(hn::Load(d, at(i + 1)))),
        hn::Add(hn::Load(d, at(i + 9)), SmallSigma1(hn::Load(d, at(i + 14)))));
    hn::Store(word, d, at(i));
  }
  return hn::Add(word, hn::Set(d, constants[i]));
}

template <bool kExtend>
HWY_INLINE void SixteenRounds(WorkingVariables& v, uint64_t* schedule,
                              const uint64_t* constants) {
  for (size_t i = 0; i < kBlockWords; i += kStateWords) {
    auto word = [schedule, constants, i](size_t j) HWY_ATTR {
      return ScheduledWord<kExtend>(schedule, constants, i + j);
    };
    Round(v.a, v.b, v.d, v.e, v.f, v.g, v.h, v.b_xor_c, word(0));
    Round(v.h, v.a, v.c, v.d, v.e, v.f, v.g, v.b_xor_c, word(1));
    Round(v.g, v.h, v.b, v.c, v.d, v.e, v.f, v.b_xor_c, word(2));
    Round(v.f, v.g, v.a, v.b, v.c, v.d, v.e, v.b_xor_c, word(3));
    Round(v.e, v.f, v.h, v.a, v.b, v.c, v.d, v.b_xor_c, word(4));
    Round(v.d, v.e, v.g, v.h, v.a, v.b, v.c, v.b_xor_c, word(5));
    Round(v.c, v.d, v.f, v.g, v.h, v.a, v.b, v.b_xor_c, word(6));
    Round(v.b, v.c, v.e, v.f, v.g, v.h, v.a, v.b_xor_c, word(7));
  }
}

// Compresses the block in the schedule into the states of the lanes where
// `active` is all ones.
HWY_INLINE void Compress(Scratch& s, const uint64_t* active) {
  const D d;
  auto state = [&s, d](size_t word)
                   HWY_ATTR { return hn::Load(d, s.state + word * kLanes); };
  WorkingVariables v = {state(0), state(1), state(2),
                        state(3), state(4), state(5),
                        state(6), state(7), hn::Xor(state(1), state(2))};
  SixteenRounds<false>(v, s.schedule, kRoundConstants);
  for (size_t t = kBlockWords; t < kRounds; t += kBlockWords) {
    SixteenRounds<true>(v, s.schedule, kRoundConstants + t);
  }
  const V mask = hn::Load(d, active);
  auto add = [&s, d, mask](size_t word, V variable) HWY_ATTR {
    uint64_t* p = s.state + word * kLanes;
    hn::Store(hn::Add(hn::Load(d, p), hn::And(variable, mask)), d, p);
  };
  add(0, v.a);
  add(1, v.b);
  add(2, v.c);
  add(3, v.d);
  add(4, v.e);
  add(5, v.f);
  add(6, v.g);
  add(7, v.h);
}

// Writes the digest of one lane. If it were inlined, clang would write all
// lanes at once with scatter instructions, which are slow.
HWY_NOINLINE void WriteDigest(const uint64_t* state, Sha512Digest& digest) {
  for (size_t word = 0; word < kStateWords; ++word) {
    const uint64_t bytes = SwapToBigEndian(state[word * kLanes]);
    std::memcpy(digest.data() + word * sizeof(bytes), &bytes, sizeof(bytes));
  }
}

// Entry is a message of the batch; entries are sorted by the number of blocks.
struct Entry {
  size_t blocks;
  size_t index;
};

// Hashes up to kLanes messages; the longest one must be the last.
HWY_INLINE void HashVector(std::span<const Entry> entries,
                           std::span<const Sha512Message> messages,
                           std::span<Sha512Digest> digests, Scratch& s) {
  constexpr uint8_t kNoBlock[kBlockSize] = {};
  for (size_t i = 0; i < kStateWords * kLanes; ++i) {
    s.state[i] = kInitialState[i / kLanes];
  }
  for (size_t block = 0; block < entries.back().blocks; ++block) {
    alignas(64) uint64_t active[kLanes] = {};
    const uint8_t* sources[kLanes];
    for (size_t lane = 0; lane < kLanes; ++lane) {
      sources[lane] = kNoBlock;
      if (lane >= entries.size() || block >= entries[lane].blocks) continue;
      const Sha512Message& message = messages[entries[lane].index];
      sources[lane] =
          PaddedBlock(message, MessageSize(message), block, s.blocks[lane]);
      active[lane] = ~uint64_t{0};
    }
    for (size_t word = 0; word < kBlockWords; ++word) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        uint64_t bytes;
        std::memcpy(&bytes, sources[lane] + word * sizeof(bytes),
                    sizeof(bytes));
        s.schedule[word * kLanes + lane] = SwapToBigEndian(bytes);
      }
    }
    Compress(s, active);
  }
  for (size_t lane = 0; lane < entries.size(); ++lane) {
    WriteDigest(s.state + lane, digests[entries[lane].index]);
  }
}

void HashOne(const Sha512Message& message, Sha512Digest& digest) {
  struct Context {
    ~Context() {
      WipeMemory({reinterpret_cast<uint8_t*>(this), sizeof(*this)});
    }
    SHA512_CTX sha512;
  } context;
  SHA512_Init(&context.sha512);
  for (std::span<const uint8_t> part : message.parts) {
    SHA512_Update(&context.sha512, part.data(), part.size());
  }
  SHA512_Final(digest.data(), &context.sha512);
}

void HashSome(std::span<const Sha512Message> messages,
              std::span<Sha512Digest> digests, Scratch& s) {
  Entry entries[kMaxSorted];
  for (size_t i = 0; i < messages.size(); ++i) {
    entries[i] = {BlockCount(MessageSize(messages[i])), i};
  }
  const auto shorter = [](const Entry& a, const Entry& b) {
    return a.blocks < b.blocks;
  };
  Entry* end = entries + messages.size();
  if (!std::is_sorted(entries, end, shorter)) std::sort(entries, end, shorter);

  for (size_t first = 0; first < messages.size(); first += kLanes) {
    const std::span<const Entry> vector(
        entries + first, std::min(kLanes, messages.size() - first));
    size_t blocks = 0;
    for (const Entry& entry : vector) blocks += entry.blocks;
    if (blocks >= kBreakEven * vector.back().blocks) {
      HashVector(vector, messages, digests, s);
    } else {
      for (const Entry& entry : vector) {
        HashOne(messages[entry.index], digests[entry.index]);
      }
    }
  }
}

void HashBatch(std::span<const Sha512Message> messages,
               std::span<Sha512Digest> digests) {
  if (messages.size() < kBreakEven) {
    for (size_t i = 0; i < messages.size(); ++i) {
      HashOne(messages[i], digests[i]);
    }
    return;
  }
  for (size_t i = 0; i < messages.size(); i += kMaxSorted) {
    const size_t count = std::min(kMaxSorted, messages.size() - i);
    RunWithScratch<Scratch>([&](Scratch& scratch) HWY_ATTR {
      HashSome(messages.subspan(i, count), digests.subspan(i, count), scratch);
    });
  }
}

int64_t Target() { return HWY_TARGET; }

}  // namespace
}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace proofmint::crypto {

HWY_EXPORT(HashBatch);
HWY_EXPORT(Target);

void Sha512Batch(std::span<const Sha512Message> messages,
                 std::span<Sha512Digest> digests) {
  HWY_DYNAMIC_DISPATCH(HashBatch)(messages, digests);
}

int64_t Sha512BatchTarget() { return HWY_DYNAMIC_DISPATCH(Target)(); }

}  // namespace proofmint::crypto
#endif  // HWY_ONCE
