#!/bin/sh
# Fails if shellcheck finds anything in a shell script of the repository.
cd "$(dirname "$0")/../.." || exit 1
files=$(git grep --untracked -lE '^#!(/usr)?/bin/(env )?(ba)?sh$')
[ -n "$files" ] || { echo "check_shell: git finds no scripts" >&2; exit 1; }
# shellcheck disable=SC2086  # one argument a file; no name here has a space
exec shellcheck --external-sources $files
