#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs what a target needs, where apt can; elsewhere checks for it and says what to install.
#   tools/setup.sh build|test|python|deb|docs
set -eu

# Debian package names; a|b: either will do.
build="gcc libc6-dev make meson ninja-build pkg-config|pkgconf git zlib1g-dev libopenblas-dev libhdf5-dev
    libopenmpi-dev openmpi-bin gnuplot-nox|gnuplot-qt|gnuplot-x11 fonts-dejavu-core python3"
python="python3-dev python3-cffi python3-numpy python3-setuptools python3-pip
    python3-mesonpy"
test="g++ clang lld wasi-libc libclang-rt-dev-wasm32|libclang-rt-14-dev-wasm32 libcmocka-dev
    libgsl-dev librandom123-dev hdf5-tools python3-scipy python3-mpmath python3-h5py python3-pytest
    python3-hypothesis"
deb="build-essential dpkg-dev chrpath debhelper dh-python pybuild-plugin-pyproject fakeroot"
docs="python3-numpy python3-cffi doxygen python3-sphinx python3-breathe python3-myst-parser furo"

target=${1:-build}
case $target in
build) wanted=$build ;;
python) wanted="$build $python" ;;
test) wanted="$build $python $test" ;;
deb) wanted="$build $python $deb" ;;
docs) wanted="$build $docs" ;;
*)
    echo "setup: $target : unknown set : build, python, test, deb or docs" >&2
    exit 2
    ;;
esac

# What the target cannot do without and this machine has not, one line each. Threads, .h5 files and
# pictures are not among it: the program says so when they are asked for.
lacking() {
    command -v cc >/dev/null 2>&1 || echo "a C17 compiler (gcc >= 11 or clang >= 14)"
    command -v meson >/dev/null 2>&1 || echo "Meson >= 1.0.1"
    command -v ninja >/dev/null 2>&1 || echo "Ninja"
    command -v python3 >/dev/null 2>&1 || echo "Python 3"
    if command -v pkg-config >/dev/null 2>&1; then
        pkg-config --exists zlib || echo "zlib with its headers"
        pkg-config --exists openblas || pkg-config --exists cblas || echo "OpenBLAS with its headers"
    else
        echo "pkg-config, zlib and OpenBLAS with their headers"
    fi
    [ "$target" = build ] && return
    # The interpreter that the Makefile uses; another one may be first on PATH.
    interpreter=/usr/bin/python3
    [ -x $interpreter ] || interpreter=python3
    modules="cffi numpy setuptools pip mesonpy"
    [ "$target" = test ] && modules="$modules scipy mpmath h5py pytest hypothesis"
    [ "$target" = docs ] && modules="numpy sphinx breathe myst_parser furo"
    for module in $modules; do
        $interpreter -c "import importlib.util, sys; sys.exit(not importlib.util.find_spec('$module'))" \
            2>/dev/null || echo "the Python module $module for $interpreter"
    done
    [ "$target" != docs ] || command -v doxygen >/dev/null 2>&1 || echo "doxygen"
    [ "$target" = test ] || return 0
    pkg-config --exists cmocka 2>/dev/null || echo "cmocka"
    pkg-config --exists gsl 2>/dev/null || echo "GSL (an oracle of the tests, not linked into the library)"
}

# Ends the set-up where nothing can be installed: well if the needed is here, with a list if not.
do_without() {
    if [ -z "$(lacking)" ]; then
        exit 0
    fi
    {
        echo "setup: $1 : install these by its own means, then run the command again"
        lacking | sed 's/^/  needed    /'
        echo "  optional  serial HDF5 with its headers (.h5 files), Open MPI (kinising-mpi),"
        echo "            gnuplot >= 5.4 with the cairo terminals and the DejaVu fonts (pictures)"
    } >&2
    exit 1
}

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    do_without "this machine has no apt-get"
fi

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

missing=
for choice in $wanted; do
    found=no
    for package in $(echo "$choice" | tr '|' ' '); do
        installed "$package" && found=yes
    done
    [ $found = yes ] || missing="$missing ${choice%%|*}"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null 2>&1; then
    root=sudo
else
    do_without "neither root nor sudo here to run apt-get install$missing"
fi
echo "setup: installing$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# `env` so that the setting also reaches apt-get through sudo. A package list that cannot be refreshed
# (one dead third-party source is enough) need not keep the packages from being installed.
apt="$root env DEBIAN_FRONTEND=noninteractive apt-get -q"
$apt update >"$log" 2>&1 || true
if ! $apt install -y --no-install-recommends $missing >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    do_without "apt-get install$missing failed, see above"
fi
