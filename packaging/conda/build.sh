#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The program and the library, then the Python package.
set -eu
# conda's HDF5, a serial one, has no pkg-config file of the name that meson.build asks for.
version=$(sed -nE 's/^#define H5_VERS_(MAJOR|MINOR|RELEASE)[[:space:]]+([0-9]+).*/\2/p' "$PREFIX/include/H5public.h" | paste -sd.)
mkdir -p pkgconfig-conda
cat >pkgconfig-conda/hdf5-serial.pc <<FILE
Name: hdf5-serial
Description: HDF5
Version: $version
Libs: -L$PREFIX/lib -lhdf5
Cflags: -I$PREFIX/include
FILE
export PKG_CONFIG_PATH="$PWD/pkgconfig-conda:${PKG_CONFIG_PATH:-}"
meson setup build-conda --prefix="$PREFIX" --libdir=lib -Dtests=false -Dhdf5=enabled -Dmpi=disabled
ninja -C build-conda
meson install -C build-conda --no-rebuild
"$PYTHON" -m pip install --no-build-isolation --no-deps --no-index .
