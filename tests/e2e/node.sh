#!/bin/sh
# Runs the pinned Node with the given arguments: Debian's own is too old for the identity provider.
case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "node.sh: no pinned Node for $(uname -m)" >&2; exit 1 ;;
esac
directory=$(dirname "$0")/node_modules
node=$directory/node-linux-$arch/bin/node
if [ ! -x "$node" ]; then
  echo "node.sh: $node is missing: run scripts/setup, which installs the npm packages" >&2
  exit 1
fi
exec "$node" "$@"
