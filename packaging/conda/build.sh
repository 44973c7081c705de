#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The program and the library, then the Python package. conda's HDF5 has no pkg-config name of its serial build.
set -eu
meson setup build-conda --prefix="$PREFIX" --libdir=lib -Dtests=false -Dhdf5=auto -Dmpi=disabled
ninja -C build-conda
meson install -C build-conda --no-rebuild
"$PYTHON" -m pip install --no-build-isolation --no-deps --no-index .
