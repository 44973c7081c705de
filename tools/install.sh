#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# `make install`: places that cannot be written are refused before anything is built; only the copying is
# done as root, the build as the owner of the checkout.
#   tools/install.sh BUILD_DIR PREFIX LIBDIR [MAKE]      (DESTDIR from the environment)
set -eu
build=$1 prefix=$2 libdir=$3 make=${4:-make}

refuse() {
    echo "install: $1" >&2
    exit 1
}

case $prefix in
/*) ;;
*) refuse "PREFIX=$prefix : is no absolute path : make install PREFIX=\$HOME/.local, for example" ;;
esac
for folder in bin "$libdir/pkgconfig" include/kinising share; do
    place=${DESTDIR:-}$prefix/$folder
    if ! reason=$(mkdir -p "$place" 2>&1); then
        refuse "$place : ${reason##*: } : run it as root, or choose another place: make install PREFIX=\$HOME/.local"
    fi
    [ -w "$place" ] ||
        refuse "$place : no permission to write : run it as root, or choose another place: make install PREFIX=\$HOME/.local"
done

"$make" --no-print-directory build BUILD="$build" PREFIX="$prefix" LIBDIR="$libdir"
pc=$build/meson-private/kinising.pc # holds both
if ! grep -qx "prefix=$prefix" "$pc" || ! grep -qx "libdir=\${prefix}/$libdir" "$pc"; then
    sh tools/as_owner.sh "$build" meson configure "$build" --prefix="$prefix" --libdir="$libdir"
    said=$(sh tools/as_owner.sh "$build" ninja -C "$build" 2>&1) || {
        printf '%s\n' "$said" >&2
        exit 1
    }
fi
log=$build/meson-logs/install-log.txt
rm -f "$log"
if ! said=$(meson install -C "$build" --no-rebuild --quiet 2>&1); then
    refuse "$prefix : $(printf '%s\n' "$said" | grep . | tail -n 1) : see whether it can be written and has space"
fi
rm -f "$log" # root's; its owner could not write the next one
if [ "$(id -u)" = 0 ] && [ -z "${DESTDIR:-}" ]; then
    # The loader finds libraries by its cache; not on root's PATH after a plain `su`.
    PATH=$PATH:/sbin:/usr/sbin
    ! command -v ldconfig >/dev/null 2>&1 || ldconfig || true
fi
echo "installed into ${DESTDIR:-}$prefix"
