#!/bin/sh
# Fails if a C++ file of the repository is not as .clang-format wants it.
cd "$(dirname "$0")/../.." || exit 1
files=$(git ls-files '*.cc' '*.h')
[ -n "$files" ] || { echo "check_format: git lists no files" >&2; exit 1; }
# shellcheck disable=SC2086  # one argument a file; no name here has a space
exec clang-format --dry-run --Werror $files
