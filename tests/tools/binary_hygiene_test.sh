#!/usr/bin/env bash
# binary_hygiene_test.sh ARCHIVE PROGRAM...: no PROGRAM defines a name that BoringSSL shares with the OpenSSL which libgrpc
# loads (the global symbols of ARCHIVE, BoringSSL before its names get their prefix), and none exports a name of BoringSSL's
# with the prefix. None loads libhwy.so either, which spends 10 ms at every start on measuring the resolution of a timer. The
# first PROGRAM must also contain BoringSSL, take the check of TLS files from OpenSSL, and load the shared libgrpc++.
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
  defined=$(names --defined-only "$program" | shared)
  [ -z "$defined" ] || fail "$program defines names of OpenSSL: ${defined//$'\n'/ }"
  exported=$(names -D --defined-only "$program" | grep '^boringssl_' || true)
  [ -z "$exported" ] || fail "$program exports names of BoringSSL: ${exported//$'\n'/ }"
  ldd "$program" >"$directory/libraries"
  ! grep -q 'libhwy\.' "$directory/libraries" || fail "$program loads libhwy.so, want signer/crypto/highway_runtime.cc alone"
done

names --defined-only "$1" >"$directory/contained"
for name in ECDSA_do_sign ED25519_sign RAND_bytes; do
  grep -qx "boringssl_$name" "$directory/contained" || fail "$1: got no boringssl_$name inside, want BoringSSL's"
done
names -D --undefined-only "$1" >"$directory/imported"
grep -qx X509_verify_cert "$directory/imported" || fail "$1: does not take X509_verify_cert from another library, want OpenSSL's"
ldd "$1" >"$directory/libraries"
grep -q 'libgrpc++\.so\.' "$directory/libraries" || fail "$1: got no libgrpc++.so, want the shared one"

# The check can fail: OpenSSL's own library defines what it looks for.
library=$(awk 'index($1, "libcrypto.so") == 1 { print $3 }' "$directory/libraries")
found=$(names -D --defined-only "${library:-none}" | shared | wc -l)
[ "$found" -gt 50 ] || fail "libcrypto.so: got $found names of BoringSSL, want the check to find more than 50"

[ "$failures" -eq 0 ] && echo "$count names of BoringSSL, none defined by, and libhwy.so not loaded by: $*"
[ "$failures" -eq 0 ]
