// A library for LD_PRELOAD that shifts the wall clock of one process, or takes
// its entropy away; setting the machine's clock would affect all processes.
//
// PROOFMINT_CLOCK_FILE names a file of 8 bytes: the seconds, a native int64,
// that are added to CLOCK_REALTIME whenever it is read; writing the file sets
// the clock. Monotonic clocks do not change, just as when an administrator or
// NTP sets the time.
//
// PROOFMINT_NO_ENTROPY makes getrandom() fail with EIO.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

using Syscall = long (*)(long, ...);

Syscall RealSyscall() {
  static const auto real =
      reinterpret_cast<Syscall>(dlsym(RTLD_NEXT, "syscall"));
  return real;
}

// Returns the mapped clock file, or null.
const volatile int64_t* MapClockFile() {
  const char* path = std::getenv("PROOFMINT_CLOCK_FILE");
  if (path == nullptr) return nullptr;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* memory = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? nullptr : static_cast<const int64_t*>(memory);
}

time_t Shift() {
  static const volatile int64_t* const shift = MapClockFile();
  return shift == nullptr ? 0 : *shift;
}

bool IsWallClock(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = RealSyscall()(SYS_clock_gettime, clock, time);
  if (result == 0 && IsWallClock(clock)) time->tv_sec += Shift();
  return static_cast<int>(result);
}

int gettimeofday(timeval* time, void* zone) noexcept {
  const long result = RealSyscall()(SYS_gettimeofday, time, zone);
  if (result == 0) time->tv_sec += Shift();
  return static_cast<int>(result);
}

time_t time(time_t* out) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

ssize_t getrandom(void* buffer, size_t size, unsigned flags) {
  if (std::getenv("PROOFMINT_NO_ENTROPY") != nullptr) {
    errno = EIO;
    return -1;
  }
  return RealSyscall()(SYS_getrandom, buffer, size, flags);
}

// Abseil's mutexes wait with a deadline on the wall clock, which has to be
// converted for the kernel, since its clock is not shifted.
long syscall(long number, ...) noexcept {
  long arguments[6];
  va_list list;
  va_start(list, number);
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  timespec until;
  if (number == SYS_futex && (arguments[1] & FUTEX_CLOCK_REALTIME) != 0 &&
      arguments[3] != 0) {
    until = *reinterpret_cast<const timespec*>(arguments[3]);
    until.tv_sec -= Shift();
    arguments[3] = reinterpret_cast<long>(&until);
  }
  return RealSyscall()(number, arguments[0], arguments[1], arguments[2],
                       arguments[3], arguments[4], arguments[5]);
}

}  // extern "C"
