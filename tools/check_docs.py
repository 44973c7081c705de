#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the documentation promises about itself.

Public functions have a docstring that names every parameter, and where they can fail says what they cost
and where the method comes from; every copy of the version (tools/version.py) is that of the build; links of the Markdown files lead to files; no file names a path of somebody's machine.

    tools/check_docs.py [ROOT]       one line per violation, exit 1 if there is any
"""
import os
import re
import sys

sys.dont_write_bytecode = True

import version  # noqa: E402


def read(root, path):
    with open(os.path.join(root, path), errors="replace") as f:
        return f.read()


def check_prototypes(root):
    folder = os.path.join(root, "include", "kinising")
    for name in sorted(os.listdir(folder)):
        text = read(folder, name)
        for match in re.finditer(r"(/\*\*(?:(?!\*/).)*\*/)?\s*KI_API([^;]*?)\bki_(\w+)\(([^;]*)\);",
                                 text, flags=re.S):
            doc, _, function, arguments = match.groups()
            where = "include/kinising/%s: ki_%s" % (name, function)
            if not doc:
                yield "%s: no docstring" % where
                continue
            names = [re.findall(r"(\w+)(?:\[\])?\s*$", a) for a in arguments.split(",")]
            names = [n[0] for n in names if n and n[0] != "void"]
            # One-liners (names, texts) explain their only argument in the sentence itself.
            missing = [n for n in names if not re.search(r"@param\s+%s\b" % n, doc)
                       and not re.search(r"`%s`" % n, doc)]
            if missing and len(names) > 1:
                yield "%s: @param missing for %s" % (where, ", ".join(missing))


def check_costs(root):
    """What a call that can fail costs and where its method comes from; a source of the whole header holds
    for all of it."""
    folder = os.path.join(root, "include", "kinising")
    for name in sorted(os.listdir(folder)):
        text = read(folder, name)
        first = re.match(r"(?:/\*(?!\*)(?:(?!\*/).)*\*/\s*)*(/\*\*(?:(?!\*/).)*\*/)?", text, flags=re.S).group(0)
        for match in re.finditer(r"(/\*\*(?:(?!\*/).)*\*/)\s*KI_API\s+KI_WARN_UNUSED\s+int\s+(ki_\w+)\(", text, flags=re.S):
            doc, function = match.groups()
            where = "include/kinising/%s: %s" % (name, function)
            if "Cost:" not in doc:
                yield "%s: its docstring does not say `Cost:`" % where
            if "Source:" not in doc and "Source:" not in first:
                yield "%s: neither its docstring nor that of the header says `Source:`" % where


def check_versions(root):
    yield from version.differences(root)


def check_links(root):
    for base, folders, names in os.walk(root):
        folders[:] = [f for f in folders if not f.startswith((".", "build")) and f != "demo"]
        for name in sorted(names):
            if not name.endswith(".md"):
                continue
            path = os.path.relpath(os.path.join(base, name), root)
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(root, path)):
                if not re.match(r"[a-z]+:", target) and not os.path.exists(
                        os.path.join(base, target)):
                    yield "%s: link to %s, which is not there" % (path, target)


def check_paths(root):
    forbidden = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/")
    for base, folders, names in os.walk(root):
        folders[:] = [f for f in folders if not f.startswith(("build", ".git")) and f != "demo"]
        for name in sorted(names):
            path = os.path.relpath(os.path.join(base, name), root)
            if name.endswith((".c", ".h", ".py", ".md", ".sh", ".build", ".json", ".txt")):
                match = forbidden.search(read(root, path))
                if match and name != "check_docs.py" and "test_checkers" not in name:
                    yield "%s: names a path of one machine: %s" % (path, match.group(0))


def main(root):
    problems = []
    for check in (check_prototypes, check_costs, check_versions, check_links, check_paths):
        problems += check(root)
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else
                  os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
