// Calls functions of shared libraries that this program hides by its own.

#ifndef PROOFMINT_SIGNER_SERVICE_NET_NEXT_FUNCTION_H_
#define PROOFMINT_SIGNER_SERVICE_NET_NEXT_FUNCTION_H_

#include <dlfcn.h>

#include <atomic>

#include "absl/base/internal/raw_logging.h"

namespace proofmint::service {

template <typename Signature>
class NextFunction;

// NextFunction is the function `name` of the first shared library behind the
// program that has it: the one that a definition in the program itself hides.
// It is looked up at the first call; a name that no library has ends the
// process.
//
// A constinit object can be called before constructors of other objects run.
// Thread-safe.
template <typename Result, typename... Arguments>
class NextFunction<Result(Arguments...)> {
 public:
  explicit constexpr NextFunction(const char* name) : name_(name) {}

  NextFunction(const NextFunction&) = delete;
  NextFunction& operator=(const NextFunction&) = delete;

  Result operator()(Arguments... arguments) {
    Function* function = function_.load(std::memory_order_relaxed);
    if (function == nullptr) {
      function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name_));
      ABSL_RAW_CHECK(function != nullptr, name_);
      function_.store(function, std::memory_order_relaxed);
    }
    return function(arguments...);
  }

 private:
  using Function = Result(Arguments...);

  const char* const name_;
  std::atomic<Function*> function_ = nullptr;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_NET_NEXT_FUNCTION_H_
