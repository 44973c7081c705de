#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs what a target needs, where apt can; elsewhere says what to install.
#   tools/setup.sh build|test|python
set -eu

build="gcc libc6-dev make meson ninja-build pkg-config git zlib1g-dev libhdf5-dev gnuplot-nox fonts-dejavu-core python3"
python="python3-dev python3-cffi python3-numpy python3-setuptools"
test="g++ clang libclang-rt-14-dev libcmocka-dev libgsl-dev hdf5-tools python3-scipy python3-mpmath python3-h5py python3-pytest python3-hypothesis"

case "${1:-build}" in
build) wanted=$build ;;
python) wanted="$build $python" ;;
test) wanted="$build $python $test" ;;
*) echo "setup: $1 : unknown set : build, python or test" >&2; exit 2 ;;
esac

by_hand() {
    cat >&2 <<'LIST'
setup: this machine has no apt-get, so install these by its own means, then run the command again:
  to build    a C17 compiler (gcc 12 or clang 14), make, Meson >= 1.0.1, Ninja, pkg-config, git, Python 3
  libraries   zlib (needed); OpenMP (threads) and serial HDF5 (.h5 files) are optional
  pictures    gnuplot >= 5.4 with the cairo terminals, DejaVu fonts
  Python      Python 3 headers, cffi, numpy, setuptools
  to test     cmocka, GSL, a C++ compiler, clang with its sanitizer runtimes, HDF5 tools;
              Python 3 with scipy, mpmath, h5py, pytest, hypothesis
LIST
}

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    for program in cc meson ninja pkg-config python3; do
        if ! command -v "$program" >/dev/null 2>&1; then
            by_hand
            exit 1
        fi
    done
    pkg-config --exists zlib || { by_hand; exit 1; }
    if [ "${1:-build}" = test ]; then
        pkg-config --exists cmocka gsl || { by_hand; exit 1; }
    fi
    exit 0
fi

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

echo "setup: installing$missing" >&2
if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null 2>&1; then
    root=sudo
else
    echo "setup: neither root nor sudo here : ask an administrator for : apt-get install$missing" >&2
    exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# `env` so that the setting also reaches apt-get through sudo.
if ! { $root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
       $root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: apt-get failed : see above : apt-get install$missing" >&2
    exit 1
fi
