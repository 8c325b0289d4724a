#!/usr/bin/env bash
# prefix_symbols.sh PREFIX ARCHIVE OUTPUT HEADER: copies ARCHIVE to OUTPUT with PREFIX_ before each global name that it
# defines, and writes HEADER, which defines each of the old names as the new one.
set -euo pipefail
export LC_ALL=C
prefix=$1
archive=$2
output=$3
header=$4
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# Names that begin with two underscores belong to the compiler and its sanitizers.
nm --extern-only --defined-only "$archive" 2>"$directory/errors" |
  awk 'NF == 3 && $3 !~ /^__/ { print $3 }' | sort -u >"$directory/names"
[ -s "$directory/names" ] || { cat "$directory/errors" >&2; echo "$archive: no names" >&2; exit 1; }

awk -v prefix="$prefix" '{ print $1, prefix "_" $1 }' "$directory/names" >"$directory/renames"
objcopy --redefine-syms="$directory/renames" "$archive" "$output"
awk -v prefix="$prefix" '{ print "#define " $1 " " prefix "_" $1 }' "$directory/names" >"$directory/header"
# Its users are compiled again only when a name has changed.
cmp -s "$directory/header" "$header" || cp "$directory/header" "$header"
