# SPDX-License-Identifier: BSD-3-Clause
"""Each checker passes a small sound tree and finds each violation that is put into it."""
import os
import subprocess
import sys

import pytest

TOOLS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
                     "tools")
SOUND = {
    "src/base/memory.c": "void *ki_alloc(void) {\n    return malloc(1);\n}\n",
    "src/num/root.c": '#include "root.h"\n#include "../base/error.h"\n#include <math.h>\n',
    "src/theory/a.c": '/* [m-sync] */\n#include "../num/root.h"\n/* free(x) in a comment */\n',
    "cli/main.c": '#include <kinising/kinising.h>\n#include "cmd.h"\nint main(void) {\n'
                  '    printf("x");\n}\n',
    "include/kinising/base.h": '#define KI_VERSION_STRING "1.2.3"\n'
                               "/** Adds [m-sync]; array [n].\n * @param a one\n * @param b two\n */\n"
                               "KI_API int ki_add(int a, int b);\n",
    "src/base/meson.build": "ki_sources += files('memory.c', 'x.c')\n",
    "src/num/meson.build": "ki_sources += files('root.c', 'x.c')\n",
    "src/theory/meson.build": "ki_sources += files('a.c', 'x.c')\n",
    "src/theory/a.h": "",
    "cli/meson.build": "ki_cli_sources = files('main.c')\n",
    "python/kinising/reference/x.py": '"""[m-sync]"""\n',
    "python/kinising/__init__.py": '__version__ = "1.2.3"\n',
    "tests/t.c": "/* [m-sync] */\n",
    "docs/notation.md": "| [m-sync] | m |\n\nsee [the readme](../README.md)\n",
    "README.md": "text\n",
    "CHANGELOG.md": "# Changes\n\n## 1.2.3\n",
    "meson.build": "project('x', version: '1.2.3')\n",
}
BROKEN = [
    ("layers", "src/num/root.c", '#include "../theory/a.h"\n'),
    ("layers", "src/theory/a.c", '#include "../io/write.h"\n'),
    ("layers", "src/base/x.c", '#include "../num/root.h"\n'),
    ("layers", "src/num/root.c", '#include "theory/a.h"\n'),
    ("layers", "src/num/root.c", "#include <theory/a.h>\n"),
    ("layers", "cli/main.c", '#include "../src/base/error.h"\n'),
    ("layers", "src/num/x.c", "#include <omp.h>\n"),
    ("layers", "src/num/x.c", "#pragma omp parallel for\n"),
    ("layers", "src/num/x.c", "void f(void) {\n    pthread_create(a, b, c, d);\n}\n"),
    ("layers", "src/theory/x.c", "#include <hdf5.h>\n"),
    ("layers", "src/num/x.c", "#include <cblas.h>\n"),
    ("layers", "src/num/x.c", "void f(void) {\n    cblas_sgemm(x);\n}\n"),
    ("layers", "src/theory/x.c", "#include <mpi.h>\n"),
    ("layers", "cli/main.c", "#include <mpi.h>\n"),
    ("layers", "mpi/x.c", '#include "../src/base/error.h"\n'),
    ("layers", "mpi/unlisted.c", "\n"),
    ("layers", "src/theory/x.c", "int f(void) {\n    free(p);\n}\n"),
    ("layers", "src/theory/x.c", 'int f(void) {\n    printf("x");\n}\n'),
    ("layers", "src/theory/x.c", "int f(void) {\n    return time(NULL);\n}\n"),
    ("layers", "src/theory/x.c", "int f(void) {\n    fputs(x, stderr);\n}\n"),
    ("layers", "src/theory/unlisted.c", "\n"),
    ("layers", "src/theory/x.c", "\n" * 601),
    ("layers", "src/theory/x.c", "int f(int a,\n      int b) {\n" + "    x++;\n" * 81 + "}\n"),
    ("layers", "src/theory/x.c", "int f(void)\n{\n" + "    x++;\n" * 81 + "}\n"),
    ("layers", "src/theory/x.c", "int f(void) {\n" + "    x++;\n" * 81 + "}\n"),
    ("layers", "include/kinising/x.h", '#include "base.h"\n'),
    ("tags", "docs/notation.md", "| [q-sync] | q |\n"),
    ("tags", "docs/notation.md", "no table\n"),
    ("tags", "tests/t.c", "nothing\n"),
    ("tags", "include/kinising/x.h", "/* [z-sync] */\n"),
    ("docs", "include/kinising/x.h", "KI_API int ki_bare(int a);\n"),
    ("docs", "include/kinising/x.h", "/** Text.\n * @param a one */\nKI_API int ki_two(int a, int b);\n"),
    ("docs", "CHANGELOG.md", "## 1.2.4\n"),
    ("docs", "README.md", "[gone](nowhere.md)\n"),
    ("docs", "README.md", "in /home/somebody/x\n"),
]


def check(name, root):
    done = subprocess.run([sys.executable, os.path.join(TOOLS, "check_%s.py" % name), str(root)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def plant(root, files):
    for path, text in files.items():
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)


@pytest.mark.parametrize("name", ["layers", "tags", "docs"])
def test_sound_tree_passes(name, tmp_path):
    plant(tmp_path, SOUND)
    assert check(name, tmp_path) == (0, "")


@pytest.mark.parametrize("name,path,text", BROKEN)
def test_violation_is_found(name, path, text, tmp_path):
    plant(tmp_path, dict(SOUND, **{path: text}))
    status, output = check(name, tmp_path)
    assert status == 1 and output.count("\n") >= 1
