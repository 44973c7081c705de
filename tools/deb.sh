#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# `make deb`: Debian packages of the committed state, into FOLDER, and what lintian says of them if it is here.
#   tools/deb.sh [FOLDER]
set -eu
cd "$(dirname "$0")/.."
mkdir -p "${1:-dist}"
folder=$(cd "${1:-dist}" && pwd)
sh tools/dist.sh "$folder" >/dev/null
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build)
work=$folder/work # always the same, for ccache
rm -rf "$work"
mkdir "$work"
trap 'rm -rf "$work"' EXIT
tar -C "$work" -xzf "$folder/kinising-$version.tar.gz"
# Debian's part is beside the sources, not in them.
mv "$work/kinising-$version/debian" "$work/debian"
tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner -czf "$work/kinising_$version.orig.tar.gz" "kinising-$version"
mv "$work/debian" "$work/kinising-$version/debian"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin # the packages' own Python and compiler
log=$folder/build.log
(cd "$work/kinising-$version" && dpkg-buildpackage -us -uc --build=full) >"$log" 2>&1 || {
    tail -n 20 "$log" | cut -c 1-300 >&2
    echo "deb: dpkg-buildpackage : failed, see above and $log : apt-get build-dep ./ installs what is missing" >&2
    exit 1
}
if command -v lintian >/dev/null 2>&1; then
    # As root lintian wants to be told so.
    lintian --fail-on warning $([ "$(id -u)" != 0 ] || echo --allow-root) "$work"/*.changes
fi
rm -f "$folder"/*.deb
cp "$work"/*.deb "$folder"
echo "made in $folder:"
cd "$folder" && ls -1 *.deb
