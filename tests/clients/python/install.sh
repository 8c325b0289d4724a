#!/bin/sh
# install.sh FOLDER: builds the Python package without network, as its users do, and installs it in FOLDER/site. Builds in a
# copy, because setuptools writes into the folder of the sources.
set -eu
root=$(cd "$(dirname "$0")/../../.." && pwd)
rm -rf "$1"
mkdir -p "$1/source/clients"
cp -R "$root/clients/python" "$1/source/clients/"
cp -R "$root/proto" "$1/source/"
/usr/bin/python3 -m pip install --quiet --no-index --no-deps --no-build-isolation --root-user-action=ignore \
  --target "$1/site" "$1/source/clients/python"
rm -rf "$1/source"
