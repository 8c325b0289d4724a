#!/bin/sh
# check_generated.sh SCRIPT FILE: fails if SCRIPT does not write FILE byte for byte.
python3 "$1" | cmp - "$2"
