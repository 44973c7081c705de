#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Prints the commit of the checkout at $1, with "-dirty" when tracked files differ from it, or that which the
# archive of `make dist` at $1 was made from. Fails elsewhere, also when the sources merely lie inside
# somebody else's checkout.
set -eu
cd "$1"
# In an archive git has put the commit there.
if grep -qsE '^[0-9a-f]{40}$' tools/commit.txt; then
    cut -c1-12 tools/commit.txt
    exit
fi
top=$(git rev-parse --show-toplevel 2>/dev/null)
[ "$(cd "$top" && pwd -P)" = "$(pwd -P)" ]
git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null
