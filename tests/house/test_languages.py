# SPDX-License-Identifier: BSD-3-Clause
"""docs/languages.md: the structs of the Julia text are those of the header, and the example in R runs."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["KINISING_BUILD"])
TYPES = {"double": "Cdouble", "int": "Cint", "unsigned": "Cuint", "size_t": "Csize_t", "uint64_t": "UInt64"}


@pytest.mark.parametrize("name, julia", [("ki_theory_params", "TheoryParams"), ("ki_theory_result", "TheoryResult")])
def test_structs_for_julia(name, julia):
    headers = "".join(path.read_text() for path in sorted((ROOT / "include" / "kinising").glob("*.h")))
    body = re.search(r"typedef struct %s \{(.*?)\} %s;" % (name, name), headers, flags=re.S).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    fields = []
    for kind, names in re.findall(r"(\w+) ([\w, ]+);", body):
        fields += [(field.strip(), TYPES[kind]) for field in names.split(",")]
    text = (ROOT / "docs" / "languages.md").read_text()
    shown = re.search(r"struct %s\n(.*?)end" % julia, text, flags=re.S).group(1)
    assert re.findall(r"(\w+)::(\w+)", shown) == fields and len(fields) >= 4


def test_example_in_r(tmp_path):
    if shutil.which("R") is None:
        pytest.skip("R is not here")
    for name in ("bridge.c", "kinising.R"):
        shutil.copy(ROOT / "examples" / "r" / name, tmp_path)
    env = {**os.environ, "PKG_CPPFLAGS": "-I%s" % (ROOT / "include"),
           "PKG_LIBS": "-L%s -lkinising -Wl,-rpath,%s" % (BUILD, BUILD)}
    done = subprocess.run(["R", "CMD", "SHLIB", "bridge.c"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run(["Rscript", "kinising.R"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "0.7246827025" in done.stdout and "0.12905203226" in done.stdout and "paramagnetic" in done.stdout
    assert re.search(r"beta.* : .* : ", done.stdout), done.stdout
