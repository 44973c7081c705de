# SPDX-License-Identifier: BSD-3-Clause
"""The Python package as pip and `make python` see it. A whole wheel is built and installed by
`tools/bare_root.sh python wheel`, not here."""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "kinising"
CONFIGURE = """
import sys, mesonpy
project = mesonpy.Project(sys.argv[1], sys.argv[2], sys.argv[2] + "/build")
with open(sys.argv[2] + "/METADATA", "wb") as f:
    f.write(project.metadata)
"""
INTERPRETER = """#!/bin/sh
echo "$PIP_BREAK_SYSTEM_PACKAGES: $*" >>{log}
case "$*" in
*"--user-site") exit {site} ;;
*" wheel "*) echo "compiler says"; mkdir -p {folder}/build/wheel; touch {folder}/build/wheel/k.whl; exit {wheel} ;;
*" venv "*) mkdir -p {folder}/env/bin && cp "$0" {folder}/env/bin/python ;;
"-c "*) echo /the/place; exit {works} ;;
esac
"""


@pytest.fixture(scope="module")
def configured(tmp_path_factory):
    if importlib.util.find_spec("mesonpy") is None:
        pytest.skip("meson-python is not here")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # meson-python writes into it
    source.mkdir()
    for path in ROOT.iterdir():
        if not path.name.startswith((".", "build")):
            (source / path.name).symlink_to(path)
    done = subprocess.run([sys.executable, "-B", "-c", CONFIGURE, source, folder], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_wheel_holds_the_package_and_nothing_else(configured):
    with open(configured / "build" / "meson-info" / "intro-install_plan.json", encoding="utf-8") as f:
        plan = json.load(f)
    places = {details["destination"] for files in plan.values() for details in files.values()}
    sources = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*")
               if path.suffix in (".py", ".pyi") or path.name == "py.typed"}
    assert len(sources) > 20
    assert places == {"{py_platlib}/kinising/" + name for name in sources | {"_lib.abi3.so"}}


def test_wheel_is_optimised_as_the_library_is(configured):
    """-O2 has other last bits than -O3: Python would not give the numbers of the command line."""
    with open(configured / "build" / "meson-info" / "intro-buildoptions.json", encoding="utf-8") as f:
        options = {option["name"]: option["value"] for option in json.load(f)}
    assert options["optimization"] == "3" and not options["debug"]


def test_metadata(configured):
    lines = (configured / "METADATA").read_text().splitlines()
    with open(configured / "build" / "meson-info" / "intro-projectinfo.json", encoding="utf-8") as f:
        version = json.load(f)["version"]
    assert "Name: kinising" in lines and "Version: " + version in lines
    needs = [line for line in lines if line.startswith("Requires-Dist: ")]
    assert [line.split()[1].split(">")[0] for line in needs] == ["numpy", "cffi"]


def test_import_loads_nothing_heavy():
    """It is to take 0.15 s, of which numpy has most."""
    heavy = ("matplotlib", "pandas", "scipy", "importlib.metadata", "multiprocessing", "unittest", "IPython")
    code = "import kinising, sys; print([n for n in %r if n in sys.modules])" % (heavy,)
    done = subprocess.run([sys.executable, "-B", "-c", code], stdout=subprocess.PIPE, text=True, check=True,
                          env=dict(os.environ, PYTHONPATH=str(ROOT / "python")))
    assert done.stdout == "[]\n"


def make_python(folder, venv="", site=0, wheel=0, works=0, **environment):
    """tools/python.sh with a Python that only writes down what it is asked for."""
    log, interpreter = folder / "log", folder / "python"
    interpreter.write_text(INTERPRETER.format(log=log, folder=folder, site=site, wheel=wheel, works=works))
    interpreter.chmod(0o755)
    env = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done = subprocess.run(["sh", ROOT / "tools" / "python.sh", folder / "build", venv], cwd=folder, check=False,
                          env={**env, "PYTHON": str(interpreter), **environment}, capture_output=True, text=True)
    return done, log.read_text().splitlines()


def test_make_python_goes_to_the_user_and_says_so(tmp_path):
    done, log = make_python(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "/the/place" in done.stdout and "your own packages" in done.stdout
    build, install = (line for line in log if " -m pip " in line)
    assert "--no-index" in build and "--no-build-isolation" in build and "--user" in install
    assert install.startswith("1: ") and not any(" venv " in line for line in log)


@pytest.mark.parametrize("active", [True, False])
def test_make_python_into_a_virtual_environment(active, tmp_path):
    env = str(tmp_path / "env")
    done, log = make_python(tmp_path, **({"VIRTUAL_ENV": env} if active else {"venv": env}))
    assert done.returncode == 0 and "a virtual environment" in done.stdout, done.stderr
    assert any(" -m venv " in line and "--system-site-packages" in line for line in log)
    assert any("--python %s/bin/python install" % env in line for line in log)
    assert not any("--user " in line for line in log)


def test_make_python_without_a_place_of_the_user(tmp_path):
    done, log = make_python(tmp_path, venv="", site=2)
    assert any(" -m venv " in line and line.endswith("%s/venv" % tmp_path) for line in log), (log, done)


def test_make_python_shows_why_a_build_failed(tmp_path):
    done, _ = make_python(tmp_path, wheel=1)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.splitlines()[0] == "compiler says"
    assert done.stderr.splitlines()[1].startswith("python: ") and done.stderr.count(" : ") == 2


def test_make_python_says_what_is_lacking(tmp_path):
    done, _ = make_python(tmp_path, works=1, PYTHONPATH="/somewhere")
    assert done.returncode == 1 and "unset PYTHONPATH" in done.stderr and "numpy and cffi" in done.stderr
