#!/usr/bin/env bash
# constant_time_test.sh PROGRAM runs constant_time_check under memcheck, where a branch or an address that depends on a
# secret is an error. It then runs the program with a planted leak, which memcheck must report.
set -euo pipefail
program=$1
memcheck=(valgrind --tool=memcheck --error-exitcode=9 --undef-value-errors=yes --leak-check=no --track-origins=no -q)

# Highway's timer code executes RDTSCP at start, which valgrind rejects on some virtual CPUs. It also takes 10 ms.
libraries=$(ldd "$program")
symbols=$(nm --demangle "$program")
if grep -q 'libhwy\.' <<<"$libraries" || grep -q 'hwy::platform::' <<<"$symbols"; then
  echo "FAILED: $program contains Highway's timer code instead of signer/crypto/highway_runtime.cc" >&2
  exit 1
fi
grep -q 'hwy::SupportedTargets' <<<"$symbols" || { echo "FAILED: $program does not contain hwy::SupportedTargets" >&2; exit 1; }

output=$("${memcheck[@]}" "$program")
echo "$output"
# AVX2 has the widest vectors that valgrind 3.19 supports.
if grep -qw avx2 /proc/cpuinfo; then
  grep -q 'checked avx2' <<<"$output" || { echo "FAILED: the AVX2 kernels did not run" >&2; exit 1; }
fi

status=0
"${memcheck[@]}" "$program" --plant_leak >/dev/null 2>&1 || status=$?
[ "$status" -eq 9 ] || { echo "FAILED: the planted leak was not reported (exit $status, want 9)" >&2; exit 1; }
echo "a planted leak is reported"
