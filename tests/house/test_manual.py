# SPDX-License-Identifier: BSD-3-Clause
"""The manual is built without a warning, and has what is public. Its examples are run by `make docs` only."""
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINISING = os.environ["KINISING"]


def build(*arguments):
    return subprocess.run([sys.executable, "-B", ROOT / "docs" / "manual" / "build.py", *arguments], capture_output=True,
                          text=True, check=False)


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    look = "import breathe, furo, myst_parser, sphinx, numpy"
    if shutil.which("doxygen") is None or subprocess.run([sys.executable, "-c", look], capture_output=True).returncode:
        pytest.skip("doxygen, Sphinx, breathe, myst-parser or furo is not here")
    output = tmp_path_factory.mktemp("manual")
    done = build(KINISING, output, "--quick")
    assert done.returncode == 0, done.stdout + done.stderr
    page = output / "html" / "index.html"
    assert done.stdout == "the manual is in %s\n" % page and done.stderr == ""
    return {str(p.relative_to(output / "html")): p.read_text() for p in (output / "html").rglob("*.html")}


def test_functions_of_the_headers_are_in_it(manual):
    text = "".join(page for name, page in manual.items() if name.startswith("c/"))
    names = set()
    for header in (ROOT / "include" / "kinising").glob("*.h"):
        names |= set(re.findall(r"^KI_API[^;(]*?\b(ki_\w+)\(", header.read_text(), flags=re.M))
    assert len(names) > 50
    assert {name for name in names if 'id="c.%s"' % name not in text} == set()


def test_names_of_the_package_are_in_it(manual):
    text = (ROOT / "python" / "kinising" / "__init__.py").read_text()
    names = re.findall(r'"(\w+)"', re.search(r"__all__ = \[(.*?)\]", text, flags=re.S).group(1))
    assert len(names) > 10
    assert [name for name in names if 'id="kinising.%s"' % name not in manual["python.html"]] == []


def test_commands_and_options_are_in_it(manual):
    said = subprocess.run([KINISING, "help", "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in said.splitlines():
        entry = json.loads(line)
        if "options" in entry:
            page = html.unescape(manual["commands/%s.html" % entry["name"].replace(" ", "-")])
            for option in entry["options"]:
                assert option["positional"] or "--" + option["name"] in page


def test_pages_need_nothing_of_others(manual):
    """It is read where there is no network: scripts, styles and pictures are its own."""
    for name, page in manual.items():
        assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//[^"]*"', page) == [], name


def test_links_lead_somewhere(manual):
    for name, page in manual.items():
        for target in re.findall(r'href="([^"#:]+)(?:#[^"]*)?"', page):
            path = os.path.normpath(os.path.join(os.path.dirname(name), html.unescape(target)))
            assert path in manual or not path.endswith(".html"), (name, target)


@pytest.mark.parametrize("name", ["", "mine"])
def test_what_is_no_manual_is_not_removed(name, tmp_path):
    (tmp_path / "mine").write_text("kept")
    done = build(KINISING, tmp_path / name, "--quick")
    assert done.returncode == 1 and done.stderr.count(" : ") == 2 and "Traceback" not in done.stderr
    assert (tmp_path / "mine").read_text() == "kept"
