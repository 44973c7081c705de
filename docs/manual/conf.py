# SPDX-License-Identifier: BSD-3-Clause
"""Sphinx's configuration; build.py calls it with what it has gathered in one folder."""
import os
import re
import sys

ROOT = os.environ["KINISING_ROOT"]
sys.path[:0] = [os.path.join(ROOT, "python"), os.path.join(ROOT, "tools")]

project = "kinising"
author = copyright = "the kinising authors"
release = version = os.environ["KINISING_VERSION"]
extensions = ["breathe", "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
# A heading that leads to itself: links such as theory.md#symbols.
myst_heading_anchors = 3
breathe_projects = {"kinising": os.environ["KINISING_XML"]}
breathe_default_project = "kinising"
breathe_domain_by_extension = {"h": "c"}
# Words of the headers that are no names of C.
c_id_attributes = ["KI_API", "KI_WARN_UNUSED"]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
add_module_names = False
smartquotes = False  # --plot has two dashes
highlight_language = "none"
html_theme = "furo"
html_title = "kinising %s" % release
html_static_path = []
html_show_sphinx = False


def plain_text(text):
    """Prose as reST that shows it as it is, with `names` as code."""
    return "".join("``%s``" % part[1:-1] if part.startswith("`") else re.sub(r"([\\\\*`|]|_(?=\W|$))", r"\\\1", part)
                   for part in re.split(r"(`[^`]+`)", text))


def show_docstring(app, what, name, thing, options, lines):
    """The docstrings are written for help(): prose, lines that are set in, and examples."""
    out = []
    for block in "\n".join(lines).strip("\n").split("\n\n"):
        rows = block.split("\n")
        if rows[0].lstrip().startswith(">>>"):
            out += [row.strip() for row in rows]
        elif all(row.startswith("    ") for row in rows):
            out += ["::", "", *rows]
        elif any(row.startswith(" ") for row in rows):
            out += ["| " + row[:len(row) - len(row.lstrip())] + plain_text(row.lstrip()) for row in rows]
        else:
            out += [plain_text(row) for row in rows]
        out.append("")
    lines[:] = out


def setup(app):
    app.connect("autodoc-process-docstring", show_docstring)
