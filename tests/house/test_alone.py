# SPDX-License-Identifier: BSD-3-Clause
"""The rooms that a page or a light package takes are a library of their own: without BLAS, zlib, HDF5 and
threads, here and as WebAssembly. Nothing is left out of the link, so that a call of another room shows."""
import glob
import os
import re
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = ("base", "num", "theory", "raster", "infer", "thermo")
SOURCES = [s for room in ROOMS for s in sorted(glob.glob(f"{ROOT}/src/{room}/*.c"))]
OPTIONS = ["-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", f"-I{ROOT}/include",
           f"-I{ROOT}/src"]
POINTS = [(2, 1, 0.5, 0.3), (1.5, 1, 0.1, 0), (0.7, -1, 1, 0.5), (30, 1, 0.2, 0)]
DRIVER = """
#include <kinising/theory.h>
#include <stdio.h>

static double numbers[5];

const double *point(double beta, double J0, double dJ, double dH) {
    const ki_theory_params p = {beta, J0, dJ, dH};
    ki_theory_result r;
    if (ki_theory(&p, KI_SYNC | KI_ASYNC, &r))
        return NULL;
    const double found[5] = {r.m, r.q, r.S, r.sigma, r.sigma_async};
    for (int i = 0; i < 5; i++)
        numbers[i] = found[i];
    return numbers;
}

#ifdef __wasm__
#include "base/memory.h"

/* Memory that 32 bits have no address of is not to be had, whichever factor asks for it. */
int beyond(void) {
    static volatile uint64_t few = 24, many = (1ull << 32) + 8;
    ki_cursor c = {0};
    (void)ki_take(&c, many, few);
    return ki_alloc(few, many) || ki_alloc(many, few) || ki_alloc(1, c.used);
}
#else
#include <stdlib.h>

int main(int argc, char **argv) {
    for (int i = 1; i + 3 < argc; i += 4) {
        const double *x = point(atof(argv[i]), atof(argv[i + 1]), atof(argv[i + 2]), atof(argv[i + 3]));
        if (x == NULL) {
            puts(ki_last_error());
            return 1;
        }
        for (int k = 0; k < 5; k++)
            printf("%.17g\\n", x[k]);
    }
    return 0;
}
#endif
"""
# All that a bare WebAssembly has is memory: what the C library asks of a system is refused.
PAGE = """
const made = new WebAssembly.Module(require("fs").readFileSync(process.argv[2]));
const refuse = {};
for (const { module: from, name } of WebAssembly.Module.imports(made)) {
    (refuse[from] = refuse[from] || {})[name] = () => 52;
}
const theory = new WebAssembly.Instance(made, refuse).exports;
theory._initialize();
const numbers = process.argv.slice(3).map(Number);
for (let i = 0; i < numbers.length; i += 4) {
    const at = theory.point(...numbers.slice(i, i + 4));
    for (const x of new Float64Array(theory.memory.buffer, at, 5)) console.log(x);
}
console.log(theory.beyond());
"""


def sh(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    """What the program says that is linked with nothing but the mathematics of C."""
    folder = tmp_path_factory.mktemp("native")
    (folder / "driver.c").write_text(DRIVER)
    program = str(folder / "program")
    sh("cc", *OPTIONS, "-fopenmp-simd", "-Wl,--no-gc-sections", str(folder / "driver.c"), *SOURCES, "-lm", "-o", program)
    return [float(x) for x in sh(program, *(str(x) for p in POINTS for x in p)).split()]


def test_alone(native):
    assert abs(native[0] - 0.673606264678502) < 1e-10 and len(native) == 5 * len(POINTS)


def has_wasm(folder):
    """Whether there is all that clang needs to make a module."""
    (folder / "try.c").write_text("#include <math.h>\nint x;\ndouble f(double a) {\n    return exp(a);\n}\n")
    return shutil.which("clang") and subprocess.run(
        ["clang", "--target=wasm32-wasi", "-mexec-model=reactor", str(folder / "try.c"), "-o", str(folder / "try.wasm")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def test_alone_as_webassembly(native, tmp_path):
    if not has_wasm(tmp_path):
        pytest.skip("clang, lld or wasi-libc for wasm32 are not here")
    (tmp_path / "driver.c").write_text(DRIVER)
    module = str(tmp_path / "kinising.wasm")
    objects = []
    for source in [str(tmp_path / "driver.c"), *SOURCES]:
        # Compiled one by one: a link that optimises calls wasm-opt, where there is one.
        objects.append(str(tmp_path / re.sub(r"\W", "_", source)) + ".o")
        sh("clang", "--target=wasm32-wasi", *OPTIONS, "-c", source, "-o", objects[-1])
    # 64 KiB of stack, as the linker has it, are too few.
    sh("clang", "--target=wasm32-wasi", "-mexec-model=reactor", "-Wl,-z,stack-size=1048576", "-Wl,--export=point",
       "-Wl,--export=beyond", *objects, "-o", module)
    assert os.path.getsize(module) < 1 << 20
    if shutil.which("node") is None:
        pytest.skip("built; there is no node to run it")
    (tmp_path / "page.cjs").write_text(PAGE)
    found = sh("node", str(tmp_path / "page.cjs"), module, *(str(x) for p in POINTS for x in p)).split()
    assert found.pop() == "0"
    assert len(found) == len(native)
    for here, there in zip(native, found):
        assert abs(here - float(there)) <= 1e-12 * abs(here)
