#!/usr/bin/env bash
# broker_libraries_test.sh ARCHIVE PROGRAM: PROGRAM, which links what a broker links, has nothing of BoringSSL (the global
# symbols of ARCHIVE, with their prefix) inside, takes SHA-256 from OpenSSL's libcrypto, and loads no library of gRPC.
set -euo pipefail
export LC_ALL=C
archive=$1
program=$2
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

names --defined-only --extern-only "$archive" >"$directory/boringssl"
names --defined-only "$program" >"$directory/defined"
names -D --undefined-only "$program" >"$directory/imported"
ldd "$program" >"$directory/libraries"

# What the check rests on.
for name in SHA256 ECDSA_do_sign RAND_bytes; do
  grep -qx "$name" "$directory/boringssl" || fail "$archive: got no $name, want it"
done
grep -q 'NonceStore' "$directory/defined" || fail "$program: got no symbols of ours, want a program that is not stripped"

sed 's/^/boringssl_/' "$directory/boringssl" | sort >"$directory/prefixed"
inside=$(comm -12 "$directory/prefixed" "$directory/defined")
[ -z "$inside" ] || fail "$program has symbols of BoringSSL: ${inside//$'\n'/ }"
grep -qx SHA256 "$directory/imported" || fail "$program: does not take SHA256 from another library, want OpenSSL's"
grep -q 'libcrypto\.so\.3 ' "$directory/libraries" || fail "$program: does not load libcrypto.so.3, want it"
! grep 'libgrpc' "$directory/libraries" || fail "$program loads libraries of gRPC"

[ "$failures" -eq 0 ] && echo "nothing of BoringSSL or gRPC in: $program"
[ "$failures" -eq 0 ]
