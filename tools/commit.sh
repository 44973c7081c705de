#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Prints the commit of the checkout at $1, with "-dirty" when tracked files differ from it. Fails
# outside a checkout, also when the sources merely lie inside somebody else's.
set -eu
cd "$1"
top=$(git rev-parse --show-toplevel 2>/dev/null)
[ "$(cd "$top" && pwd -P)" = "$(pwd -P)" ]
git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null
