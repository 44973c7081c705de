# SPDX-License-Identifier: BSD-3-Clause
"""The C source of the extension kinising/_lib, made from the public headers.

    /usr/bin/python3 python/extension.py OUTPUT COMPILER [ARGUMENT ...]

The compiler runs as preprocessor only. Meson calls this for the package that pyproject.toml describes,
build.py for the one that is used in place.
"""
import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

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
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {sentence}")


def run(command, **options):
    done = subprocess.run(command, check=False, **options)
    if done.returncode:
        stop(f"{command[0]} : ended with status {done.returncode} : see its message above")
    return done


def declarations(compiler):
    """The public headers without comments, macros and system types: what cffi reads."""
    with tempfile.TemporaryDirectory() as empty:
        for name in ("stddef.h", "stdint.h"):
            (pathlib.Path(empty) / name).touch()
        return run([*compiler, "-E", "-P", "-nostdinc", f"-I{empty}", f"-I{ROOT / 'include'}",
                    "-D__attribute__(x)=", "-x", "c", "-"],
                   input="#include <kinising/kinising.h>\n", stdout=subprocess.PIPE, text=True).stdout


def write_source(output, compiler):
    try:
        import cffi
    except ImportError:
        stop(f"cffi : {sys.executable} has none : install python3-cffi, or use /usr/bin/python3")
    builder = cffi.FFI()
    builder.cdef(declarations(compiler) + RUN_DECLARATION)
    builder.set_source("kinising._lib", RUN_SOURCE)
    with contextlib.redirect_stdout(io.StringIO()):  # it talks
        builder.emit_c_code(str(output))


if __name__ == "__main__":
    write_source(sys.argv[1], sys.argv[2:])
