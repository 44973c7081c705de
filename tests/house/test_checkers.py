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
    "src/num/root.h": "",
    "src/num/root.c": '#include "root.h"\n#include "../base/error.h"\n#include <math.h>\n',
    "src/theory/a.c": '/* [m-sync] */\n#include "../num/root.h"\n/* free(x) in a comment */\n',
    "cli/main.c": '#include <kinising/kinising.h>\n#include "cmd.h"\nint main(void) {\n'
                  '    printf("x");\n}\n',
    "include/kinising/base.h": '#define KI_VERSION_STRING "1.2.3"\n'
                               "/** Adds [m-sync]; array [n].\n * @param a one\n * @param b two\n */\n"
                               "KI_API int ki_add(int a, int b);\n"
                               "/** Takes `a`. Cost: none. Source: none. */\nKI_API KI_WARN_UNUSED int ki_take(int a);\n",
    "src/base/meson.build": "ki_sources += files('memory.c', 'x.c')\n",
    "src/num/meson.build": "ki_sources += files('root.c', 'x.c')\n",
    "src/theory/meson.build": "ki_sources += files('a.c', 'b.c', 'x.c')\n",
    "src/theory/a.h": "",
    # One uses the other, through its header or another one; the names of local variables are nobody's.
    "src/theory/b.c": '#include "a.h"\n#include "all.h"\nint ki_b(void) {\n    return ki_a();\n}\n',
    "src/theory/b.h": "int ki_b(void);\n",
    "src/theory/all.h": "int ki_a(void);\nint ki_b(void);\n",
    "include/kinising/model.h": "#include <kinising/base.h>\n",
    "cli/two.c": '#include "cmd.h"\nvoid cmd_two(void) {\n    cmd_one();\n}\n',
    "cli/cmd.h": "void cmd_one(void);\nvoid cmd_two(void);\n",
    "cli/meson.build": "ki_cli_sources = files('main.c', 'two.c')\n",
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
    ("layers", "src/attic/x.h", "\n"),
    ("layers", "src/theory/x.h", '#include "blas/x.h"\n'),
    ("layers", "src/io/read/x.h", '#include "io/write/x.h"\n'),
    ("layers", "src/simulate/engines/x.h", '#include "../ensemble/x.h"\n'),
    ("layers", "src/simulate/replicas/x.h", '#include "simulate/ensemble/x.h"\n'),
    ("layers", "src/meanfield/methods/x.h", '#include "meanfield/x.h"\n'),
    ("layers", "src/compare/x.h", '#include "exact/x.h"\n'),
    ("layers", "src/library/x.h", '#include "num/root.h"\n'),
    ("layers", "cli/shell/x.h", '#include "../plot/x.h"\n'),
    ("layers", "cli/common/x.h", '#include "../theory/x.h"\n'),
    ("layers", "cli/theory/x.h", '#include "../exact/x.h"\n'),
    ("circles", "src/num/root.h", '#include "../theory/a.h"\n'),
    ("circles", "src/theory/a.c", "#include \"b.h\"\nint ki_a(void) {\n    return ki_b();\n}\n"),
    ("circles", "src/theory/a.c", "#include \"b.h\"\nconst ki_table ki_a = {ki_b};\n"),
    ("circles", "src/theory/a.c", "#include \"all.h\"\nint ki_a(void) {\n    return ki_b();\n}\n"),
    ("circles", "include/kinising/base.h", "#include <kinising/model.h>\n"),
    ("circles", "cli/main.c", '#include "cmd.h"\nvoid cmd_one(void) {\n    cmd_two();\n}\n'),
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
    ("docs", "include/kinising/x.h", "/** Takes `a`. Cost: none. */\nKI_API KI_WARN_UNUSED int ki_x(int a);\n"),
    ("docs", "include/kinising/x.h", "/* Licence */\n/** Source: a book. */\n"
                                             "/** Takes `a`. */\nKI_API KI_WARN_UNUSED int ki_x(int a);\n"),
    ("docs", "CHANGELOG.md", "## 1.2.4\n"),
    ("docs", "README.md", "[gone](nowhere.md)\n"),
    ("docs", "README.md", "in /home/somebody/x\n"),
]


def check(name, root, *more):
    done = subprocess.run([sys.executable, os.path.join(TOOLS, "check_%s.py" % name), str(root), *more],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def plant(root, files):
    for path, text in files.items():
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)


@pytest.mark.parametrize("name", ["layers", "circles", "tags", "docs"])
def test_sound_tree_passes(name, tmp_path):
    plant(tmp_path, SOUND)
    assert check(name, tmp_path) == (0, "")


@pytest.mark.parametrize("name,path,text", BROKEN)
def test_violation_is_found(name, path, text, tmp_path):
    plant(tmp_path, dict(SOUND, **{path: text}))
    status, output = check(name, tmp_path)
    assert status == 1 and output.count("\n") >= 1


def test_commit_subjects(tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(tmp_path),
                        *arguments], check=True, stdout=subprocess.DEVNULL)

    assert check("commits", tmp_path) == (0, "")
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x" * 80)
    assert check("commits", tmp_path) == (0, "")
    assert check("commits", tmp_path, "HEAD") == (0, "")
    git("tag", "since")
    git("commit", "-q", "--allow-empty", "-m", "num: " + "x" * 67)
    assert check("commits", tmp_path, "since") == (0, "")
    git("commit", "-q", "--allow-empty", "-m", "num: " + "x" * 68)
    status, output = check("commits", tmp_path, "since")
    assert status == 1 and output.count("\n") == 1 and "73 characters" in output
