#!/bin/sh
# Fails if ESLint finds anything in a JavaScript file of the repository, or in the script of the load report's page.
cd "$(dirname "$0")/../.." || exit 1
eslint=tests/style/node_modules/eslint/bin/eslint.js
[ -f $eslint ] || { echo "check_javascript: $eslint is missing: run scripts/setup" >&2; exit 1; }
files=$(git ls-files -co --exclude-standard '*.mjs' 'bench/load/report.html')
[ -n "$files" ] || { echo "check_javascript: git lists no files" >&2; exit 1; }
# shellcheck disable=SC2086  # one argument a file; no name here has a space
exec tests/e2e/node.sh $eslint --config tests/style/eslint.config.mjs $files
