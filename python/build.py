#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds the extension kinising/_lib from the public headers and a built library.

    /usr/bin/python3 python/build.py [BUILD_DIR] [--output PACKAGE_DIR]

BUILD_DIR (default: build) is a Meson build folder that holds libkinising.a; compiler and libraries are
those it was built with. The extension goes to PACKAGE_DIR (default: python/kinising, beside the Python
files) under one name for every Python 3 (stable ABI), and appears there only when it is complete.
"""
import argparse
import json
import os
import pathlib
import sysconfig
import tempfile

from extension import ROOT, run, stop, write_source

NAME = "_lib.abi3.so"
NEEDED = ("zlib", "openblas", "cblas", "threads", "hdf5-serial")


def compiler_of(build):
    """The compiler the library was built with."""
    with open(build / "meson-info" / "intro-targets.json", encoding="utf-8") as f:
        targets = json.load(f)
    for target in targets:
        if target["name"] == "kinising":
            for source in target["target_sources"]:
                if source.get("compiler"):
                    return source["compiler"]
    return ["cc"]


def libraries_of(build):
    with open(build / "meson-info" / "intro-dependencies.json", encoding="utf-8") as f:
        found = {d["name"]: d["link_args"] for d in json.load(f)}
    return [a for name in NEEDED for a in found.get(name, [])]


def compile_extension(build, folder):
    compiler = compiler_of(build)
    source, made = folder / "_lib.c", folder / NAME
    write_source(source, compiler)
    # Only what is used is linked, and nothing of the library shows outside the extension. cffi's
    # wrappers cast freely, hence no warnings.
    run([*compiler, "-shared", "-fPIC", "-O2", "-w", "-pthread", f"-I{ROOT / 'include'}",
         f"-I{sysconfig.get_path('include')}", str(source), "-o", str(made),
         str(build / "libkinising.a"), "-Wl,--exclude-libs,ALL", "-Wl,--as-needed",
         *libraries_of(build), "-lm"])
    return made


def main():
    parser = argparse.ArgumentParser(description="Builds the extension of the Python package.")
    parser.add_argument("build", nargs="?", default=ROOT / "build", type=pathlib.Path,
                        help="Meson build folder (default: build)")
    parser.add_argument("--output", default=ROOT / "python" / "kinising", type=pathlib.Path,
                        help="where the extension goes (default: python/kinising)")
    options = parser.parse_args()
    if not (options.build / "libkinising.a").is_file():
        stop(f"{options.build} : holds no libkinising.a : run `make build`, or name a build folder")
    if not options.output.is_dir():
        stop(f"{options.output} : is no folder : make it first")
    with tempfile.TemporaryDirectory() as folder:
        made = compile_extension(options.build, pathlib.Path(folder))
        # A new file, not new contents: a running Python keeps the extension it has loaded.
        beside = options.output / f".{NAME}.{os.getpid()}"
        try:
            beside.write_bytes(made.read_bytes())
            beside.chmod(0o755)
            os.replace(beside, options.output / NAME)
        finally:
            beside.unlink(missing_ok=True)
    print(f"built {os.path.relpath(options.output / NAME)}")


if __name__ == "__main__":
    main()
