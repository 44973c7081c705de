#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One equation = one tag = one docstring = one slow reference = one fast version = one test.

Each row `| [tag] | ...` of docs/notation.md must be found as [tag] in a public header, in the numpy
reference, in a C source and in a test; each [tag] of a public header must be in the table.

    tools/check_tags.py [ROOT]       one line per violation, exit 1 if there is any
"""
import os
import re
import sys

PLACES = {
    "a public header": ("include/kinising", (".h",)),
    "the numpy reference": ("python/kinising/reference", (".py",)),
    "a C source": ("src", (".c", ".h")),
    "a test": ("tests", (".c", ".py", ".h")),
}
TAG = r"\[([a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*)\]"


def text_of(root, folder, endings):
    parts = []
    for base, _, names in os.walk(os.path.join(root, folder)):
        for name in sorted(names):
            if name.endswith(endings):
                with open(os.path.join(base, name), errors="replace") as f:
                    parts.append(f.read())
    return "\n".join(parts)


def header_tags(text):
    """Tags in comments of headers: at least one letter, not an array extent such as [n] or [steps+1]."""
    comments = " ".join(re.findall(r"/\*.*?\*/", text, flags=re.S))
    return {t for t in re.findall(TAG, comments) if re.search("-[a-zA-Z]", t) or t in ("k", "chi", "T0", "critical",
                                                                      "model")}


def main(root):
    with open(os.path.join(root, "docs", "notation.md")) as f:
        table = re.findall(r"^\| " + TAG + r" \|", f.read(), flags=re.M)
    problems = []
    if not table:
        problems.append("docs/notation.md: no table of tags: rows start with | [tag] |")
    for place, (folder, endings) in PLACES.items():
        text = text_of(root, folder, endings)
        for tag in table:
            if "[" + tag + "]" not in text:
                problems.append("[%s]: not in %s (%s)" % (tag, place, folder))
        if place == "a public header":
            for tag in sorted(header_tags(text) - set(table)):
                problems.append("[%s]: in a public header but not in docs/notation.md" % tag)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else
                  os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
