# SPDX-License-Identifier: BSD-3-Clause
import importlib
import sys

import pytest

from support import build, copy_package, find_build


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """A folder with the package and its extension in it, and nothing else."""
    folder = copy_package(tmp_path_factory.mktemp("package"))
    before = set(folder.rglob("*"))
    done = build(find_build(), "--output", folder / "kinising")
    assert done.returncode == 0, done.stderr
    assert set(folder.rglob("*")) - before == {folder / "kinising" / "_lib.abi3.so"}
    return folder


@pytest.fixture(scope="session")
def ki(package):
    others = {n: sys.modules.pop(n) for n in list(sys.modules) if n.split(".")[0] == "kinising"}
    sys.path.insert(0, str(package))
    try:
        import kinising
        importlib.import_module("kinising.reference")
        yield kinising
    finally:
        sys.path.remove(str(package))
        sys.modules.update(others)
