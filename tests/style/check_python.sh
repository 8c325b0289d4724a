#!/bin/sh
# Fails if pyflakes finds anything in a Python file of the repository.
cd "$(dirname "$0")/../.." || exit 1
files=$(git ls-files -co --exclude-standard '*.py'; git grep --untracked -lE '^#!/usr/bin/env python3$' -- ':!*.py')
[ -n "$files" ] || { echo "check_python: git lists no files" >&2; exit 1; }
# shellcheck disable=SC2086  # one argument a file; no name here has a space
exec pyflakes3 $files
