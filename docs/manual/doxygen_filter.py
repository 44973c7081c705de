# SPDX-License-Identifier: BSD-3-Clause
"""A header as doxygen is to see it: `<s_i>` in a comment is a mean, not a tag, and `#`, `@`, `%` and `\\` are
themselves; what stands between ``` is left as it is.

    doxygen_filter.py HEADER
"""
import re
import sys

COMMANDS = ("file", "param", "return", "brief")


def escape_prose(text):
    text = text.replace("\\", "\\\\").replace("<", "\\<")
    text = re.sub(r"@(?!(%s)\b)" % "|".join(COMMANDS), r"\\@", text)
    text = re.sub(r"(?<=[\s(])#(?=\w)", r"\\#", text)
    return re.sub(r"%(?=\w)", "%%", text)


def escape(comment):
    start = "/**<" if comment.startswith("/**<") else "/**"
    parts = comment[len(start):].split("```")
    return start + "```".join(part if i % 2 else escape_prose(part) for i, part in enumerate(parts))


def main(path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    sys.stdout.write(re.sub(r"/\*\*.*?\*/", lambda m: escape(m.group(0)), text, flags=re.S))


if __name__ == "__main__":
    main(sys.argv[1])
