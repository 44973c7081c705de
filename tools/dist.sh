#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# `make dist`: the committed state as FOLDER/kinising-VERSION.tar.gz, the same bytes from the same commit.
#   tools/dist.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
folder=${1:-dist}

refuse() {
    echo "dist: $1" >&2
    exit 1
}

top=$(git rev-parse --show-toplevel 2>/dev/null) && [ "$(cd "$top" && pwd -P)" = "$(pwd -P)" ] ||
    refuse "$PWD : is no checkout of its own : clone the repository, and run it there"
python3 tools/version.py >&2 || refuse "the versions differ : see above : tools/version.py VERSION"
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build)
[ -z "$(git status --porcelain --untracked-files=no)" ] || echo "dist: changes that are not committed are left out" >&2
mkdir -p "$folder"
file=$folder/kinising-$version.tar.gz
trap 'rm -f "$folder/.tar.$$" "$file.part"' EXIT
# Without the name and the time that gzip would write down.
git -c tar.umask=0022 archive --format=tar --prefix="kinising-$version/" HEAD >"$folder/.tar.$$"
gzip -9 -n <"$folder/.tar.$$" >"$file.part"
mv "$file.part" "$file"
sha256sum "$file"
