#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds the extension kinising/_lib from the public headers and a built library.

    /usr/bin/python3 python/build.py [BUILD_DIR] [--output PACKAGE_DIR]

BUILD_DIR (default: build) is a Meson build folder that holds libkinising.a; compiler and libraries are
those it was built with. The extension goes to PACKAGE_DIR (default: python/kinising, beside the Python
files) under one name for every Python 3 (stable ABI), and appears there only when it is complete.
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import sysconfig
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "_lib.abi3.so"
NEEDED = ("zlib", "openblas", "cblas", "threads", "hdf5-serial")

# Ctrl-C: only Python's main thread can receive it, and asking takes the interpreter lock. So worker
# threads never ask, and the calling thread not more often than a person notices.
RUN_DECLARATION = """
typedef struct { ki_run_options options; ...; } python_run;
void python_run_start(python_run *run, int threads, int interruptible);
extern "Python" int python_interrupted(void);
"""
RUN_SOURCE = """
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <kinising/kinising.h>

typedef struct {
    ki_run_options options;
    pthread_t caller;
    double asked;
} python_run;

static int python_interrupted(void);

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ask_python(void *user, uint64_t done, uint64_t total) {
    python_run *run = user;
    double now;
    (void)done;
    (void)total;
    if (!pthread_equal(pthread_self(), run->caller)) {
        return 0;
    }
    now = seconds();
    if (now - run->asked < 0.05) {
        return 0;
    }
    run->asked = now;
    return python_interrupted();
}

static void python_run_start(python_run *run, int threads, int interruptible) {
    memset(run, 0, sizeof *run);
    run->options.threads = threads;
    run->options.progress = interruptible ? ask_python : NULL;
    run->options.progress_user = run;
    run->caller = pthread_self();
    run->asked = seconds();
}
"""


def stop(sentence):
    sys.exit(f"build.py: {sentence}")


def run(command, **options):
    done = subprocess.run(command, check=False, **options)
    if done.returncode:
        stop(f"{command[0]} : ended with status {done.returncode} : see its message above")
    return done


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


def declarations(compiler, folder):
    """The public headers without comments, macros and system types: what cffi reads."""
    empty = folder / "system"
    empty.mkdir()
    for name in ("stddef.h", "stdint.h"):
        (empty / name).touch()
    return run([*compiler, "-E", "-P", "-nostdinc", f"-I{empty}", f"-I{ROOT / 'include'}",
                "-D__attribute__(x)=", "-x", "c", "-"],
               input="#include <kinising/kinising.h>\n", stdout=subprocess.PIPE, text=True).stdout


def compile_extension(build, folder):
    try:
        import cffi
    except ImportError:
        stop(f"cffi : {sys.executable} has none : install python3-cffi, or use /usr/bin/python3")
    compiler = compiler_of(build)
    builder = cffi.FFI()
    builder.cdef(declarations(compiler, folder) + RUN_DECLARATION)
    builder.set_source("kinising._lib", RUN_SOURCE)
    source, made = folder / "_lib.c", folder / NAME
    with contextlib.redirect_stdout(io.StringIO()):  # it talks
        builder.emit_c_code(str(source))
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
