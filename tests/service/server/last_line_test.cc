#include "signer/service/server/last_line.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/testing/sanitizers.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::kHasSanitizer;
using ::testing::ExitedWithCode;

// Returns a pattern for the one line that a process writes at its end.
std::string LineOf(const std::string& error) {
  return "^.\"time\":\"20[0-9]+-[0-9-]+T[0-9:.]+Z\",\"level\":\"error\","
         "\"message\":\"failed\",\"error\":\"" +
         error + "\".\n$";
}

TEST(LastLineDeathTest, IsWrittenWithoutMemory) {
  if (kHasSanitizer)
    GTEST_SKIP() << "sanitizers have an allocator of their own";
  EXPECT_EXIT(
      {
        LogLastLine();
        // NOLINTNEXTLINE(bugprone-unused-return-value)
        volatile void* block = operator new(SIZE_MAX / 2);
        (void)block;
      },
      ExitedWithCode(1),
      LineOf("out of memory; RLIMIT_AS or the memory limit "
             "is too low"));
}

TEST(LastLineDeathTest, HasTheTextOfAnExceptionThatIsNotCaught) {
  EXPECT_EXIT(
      {
        LogLastLine();
        std::thread([] { throw std::runtime_error("a \"cause\""); }).join();
      },
      ExitedWithCode(1), LineOf("a \\\\\"cause\\\\\""));
}

TEST(LastLineDeathTest, IsWrittenWhenALibraryAborts) {
  EXPECT_EXIT(
      {
        LogLastLine();
        std::abort();
      },
      ExitedWithCode(1), LineOf("a library called abort\\(\\)"));
}

}  // namespace
}  // namespace proofmint::service
