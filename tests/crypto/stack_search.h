// Stack and Secrets find secrets that a function has left on its stack. They
// are of no use with sanitizers, which change the layout of stack frames.

#ifndef PROOFMINT_TESTS_CRYPTO_STACK_SEARCH_H_
#define PROOFMINT_TESTS_CRYPTO_STACK_SEARCH_H_

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/crypto/scalar_field.h"

namespace proofmint::crypto {

inline constexpr size_t kStackSize = 4 << 20;  // bytes

// Stack is memory that a function uses as its stack.
class Stack {
 public:
  Stack()
      : memory_(
            static_cast<char*>(mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~Stack() { munmap(memory_, kStackSize); }

  // Runs `function` on a thread that uses this stack, and waits for its end.
  void Run(std::function<void()> function) {
    pthread_attr_t attributes;
    ASSERT_EQ(pthread_attr_init(&attributes), 0);
    ASSERT_EQ(pthread_attr_setstack(&attributes, memory_, kStackSize), 0);
    pthread_t thread;
    ASSERT_EQ(pthread_create(
                  &thread, &attributes,
                  [](void* argument) -> void* {
                    (*static_cast<std::function<void()>*>(argument))();
                    return nullptr;
                  },
                  &function),
              0);
    ASSERT_EQ(pthread_join(thread, nullptr), 0);
    pthread_attr_destroy(&attributes);
  }

  absl::string_view memory() const { return {memory_, kStackSize}; }

  // Counts the bytes that are not zero, as all bytes were at first, without the
  // top of the stack, which the thread itself uses.
  size_t CountNonZero() const {
    constexpr size_t kThreadSize = 10 << 10;
    return static_cast<size_t>(
        std::count_if(memory_, memory_ + kStackSize - kThreadSize,
                      [](char byte) { return byte != 0; }));
  }

 private:
  char* memory_;
};

// Secrets finds secrets in memory, in any form in which parts of them may be
// there. Eight bytes of a secret are enough to be found.
class Secrets {
 public:
  void Add(absl::string_view name, std::span<const uint8_t> bytes) {
    for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      uint64_t forward;
      std::memcpy(&forward, bytes.data() + i, 8);
      Insert(name, forward);
      Insert(name, __builtin_bswap64(forward));
    }
  }
  void Add(absl::string_view name, const Limbs256& limbs) {
    for (uint64_t limb : limbs) Insert(name, limb);
  }

  // Returns the names of the secrets that are in `memory`, at any offset.
  std::string FoundIn(absl::string_view memory) {
    if (!sorted_) std::sort(words_.begin(), words_.end());
    sorted_ = true;
    const char* filter = low_bits_.data();
    const char* end = memory.data() + memory.size();
    std::string found;
    for (const char* place = memory.data(); end - place >= 8; ++place) {
      uint64_t word;
      std::memcpy(&word, place, 8);
      if (filter[word & 0xffff] == 0) continue;
      auto it = std::lower_bound(words_.begin(), words_.end(),
                                 std::pair<uint64_t, std::string>(word, ""));
      if (it != words_.end() && it->first == word) {
        absl::StrAppend(&found, it->second, " at ", end - place,
                        " bytes below the top\n");
      }
    }
    return found;
  }

 private:
  void Insert(absl::string_view name, uint64_t word) {
    // Words that are small numbers, or nearly all ones, occur everywhere in
    // memory, in either byte order. They are not searched for.
    for (uint64_t end : {word, __builtin_bswap64(word)}) {
      if (end <= 0xffff'ffff || ~end <= 0xffff'ffff) return;
    }
    words_.emplace_back(word, std::string(name));
    low_bits_[word & 0xffff] = 1;
    sorted_ = false;
  }

  std::vector<std::pair<uint64_t, std::string>> words_;
  bool sorted_ = false;
  // Tells whether a word with these low bits is searched for: only few words of
  // a memory need a look at `words_`.
  std::vector<char> low_bits_ = std::vector<char>(1 << 16);
};

}  // namespace proofmint::crypto

#endif  // PROOFMINT_TESTS_CRYPTO_STACK_SEARCH_H_
