#!/usr/bin/env bash
# binary_hygiene_test.sh ARCHIVE PROGRAM...: no PROGRAM shares a name of BoringSSL's (the global symbols of ARCHIVE) with
# the OpenSSL that libgrpc loads: it neither exports one, which would replace OpenSSL's, nor imports one, which would
# be OpenSSL's. None loads libhwy.so either, which spends 10 ms at every start on measuring the resolution of a timer. The first
# PROGRAM must also contain BoringSSL and load the shared libgrpc++.
set -euo pipefail
export LC_ALL=C
archive=$1
shift
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# Prints the names that nm lists with the given arguments, without symbol versions and without weak ones: templates and
# inline functions of C++ are in every program that uses them.
names() {
  nm "$@" 2>/dev/null | awk 'NF >= 2 && $(NF - 1) !~ /^[wWvV]$/ { sub(/@.*/, "", $NF); print $NF }' | sort -u
}

# Prints the names of standard input that BoringSSL has, too.
shared() { comm -12 - "$directory/boringssl"; }

names --defined-only --extern-only "$archive" >"$directory/boringssl"
count=$(wc -l <"$directory/boringssl")
[ "$count" -gt 1000 ] || fail "$archive: got $count global symbols, want more than 1000"
for name in ECDSA_do_sign ED25519_sign RAND_bytes EC_KEY_free CRYPTO_free_ex_data; do
  grep -qx "$name" "$directory/boringssl" || fail "$archive: got no $name, want it"
done

for program in "$@"; do
  exported=$(names -D --defined-only "$program" | shared)
  [ -z "$exported" ] || fail "$program exports names of BoringSSL: ${exported//$'\n'/ }"
  imported=$(names -D --undefined-only "$program" | shared)
  [ -z "$imported" ] || fail "$program takes names of BoringSSL from another library: ${imported//$'\n'/ }"
  ldd "$program" >"$directory/libraries"
  ! grep -q 'libhwy\.' "$directory/libraries" || fail "$program loads libhwy.so, want signer/crypto/highway_runtime.cc alone"
done

names --defined-only "$1" | shared >"$directory/contained"
for name in ECDSA_do_sign ED25519_sign RAND_bytes; do
  grep -qx "$name" "$directory/contained" || fail "$1: got no $name inside, want BoringSSL's"
done
ldd "$1" >"$directory/libraries"
grep -q 'libgrpc++\.so\.' "$directory/libraries" || fail "$1: got no libgrpc++.so, want the shared one"

# The check can fail: OpenSSL's own library exports what it looks for, and libssl imports it.
for pair in libcrypto:--defined-only libssl:--undefined-only; do
  library=$(awk -v name="${pair%%:*}.so" 'index($1, name) == 1 { print $3 }' "$directory/libraries")
  [ -n "$library" ] || { fail "$1: got no ${pair%%:*}.so, want the one that libgrpc loads"; continue; }
  found=$(names -D "${pair#*:}" "$library" | shared | wc -l)
  [ "$found" -gt 50 ] || fail "$library: got $found names of BoringSSL, want the check to find more than 50"
done

[ "$failures" -eq 0 ] && echo "$count names of BoringSSL, none shared by, and libhwy.so not loaded by: $*"
[ "$failures" -eq 0 ]
