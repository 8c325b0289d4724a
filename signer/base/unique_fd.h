// Defines an owner of a file descriptor.

#ifndef PROOFMINT_SIGNER_BASE_UNIQUE_FD_H_
#define PROOFMINT_SIGNER_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace proofmint::base {

// UniqueFd owns a file descriptor and closes it in the destructor, or owns none
// (-1). Not thread-safe.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = other.Release();
    }
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Gives up ownership without closing.
  int Release() { return std::exchange(fd_, -1); }

 private:
  void Reset() {
    if (valid()) close(Release());
  }

  int fd_ = -1;
};

}  // namespace proofmint::base

#endif  // PROOFMINT_SIGNER_BASE_UNIQUE_FD_H_
