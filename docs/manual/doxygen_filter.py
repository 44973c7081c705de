# SPDX-License-Identifier: BSD-3-Clause
"""A header as doxygen is to see it: `<s_i>` in a comment is a mean, not a tag, and `#`, `@`, `%` and `\\` are
themselves; lines that are set in, formulas above all, keep their shape.

    doxygen_filter.py HEADER
"""
import re
import sys

COMMANDS = ("file", "param", "return", "brief")


def escape(comment):
    start = "/**<" if comment.startswith("/**<") else "/**"
    text = comment[len(start):].replace("\\", "\\\\").replace("<", "\\<")
    text = re.sub(r"@(?!(%s)\b)" % "|".join(COMMANDS), r"\\@", text)
    text = re.sub(r"(?<=[\s(])#(?=\w)", r"\\#", text)
    return start + re.sub(r"%(?=\w)", "%%", text)


def main(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    sys.stdout.write(re.sub(r"/\*\*.*?\*/", lambda m: escape(m.group(0)), text, flags=re.S))


if __name__ == "__main__":
    main(sys.argv[1])
