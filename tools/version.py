#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The version. Its place is meson.build; what cannot read it from there has a copy that this program writes.

    tools/version.py                 says where a copy differs, exit 1 if any does
    tools/version.py NEW [DATE]      writes NEW (such as 0.2.0) everywhere, DATE (today) as that of the release
"""
import datetime
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NUMBERS = r"\d+\.\d+\.\d+"
# File, and what stands before and after the version in it. The first is the place; the others may be absent.
PLACES = [
    ("meson.build", r"^  version: '", r"'"),
    ("include/kinising/base.h", r'^#define KI_VERSION_STRING "', r'"'),
    ("python/kinising/__init__.py", r'^__version__ = "', r'"'),
    ("CHANGELOG.md", r"\A# Changes\n\n## ", r"\b"),
    ("CITATION.cff", r"^version: ", r"$"),
    ("debian/changelog", r"\Akinising \(", r"-"),
    ("packaging/conda/meta.yaml", r'^{% set version = "', r'"'),
]
PARTS = ("MAJOR", "MINOR", "PATCH")


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def write(root, path, text):
    with open(os.path.join(root, path), "w", encoding="utf-8") as f:
        f.write(text)


def find(root, path, before, after):
    match = re.search("(%s)(%s)(?=%s)" % (before, NUMBERS, after), read(root, path), flags=re.M)
    return match and match.group(2)


def differences(root):
    """Sentences: copies that are not the version."""
    version = find(root, *PLACES[0]) or re.search(NUMBERS, read(root, "meson.build")).group(0)
    for path, before, after in PLACES[1:]:
        if os.path.exists(os.path.join(root, path)):
            found = find(root, path, before, after)
            if found != version:
                yield "versions differ: meson.build %s, %s %s: tools/version.py %s" % (version, path, found, version)
    header = read(root, "include/kinising/base.h")
    for part, number in zip(PARTS, version.split(".")):
        match = re.search(r"#define KI_VERSION_%s (\d+)" % part, header)
        if match and match.group(1) != number:
            yield "versions differ: meson.build %s, KI_VERSION_%s %s: tools/version.py %s" % (version, part, match.group(1),
                                                                                            version)


def set_version(root, version, day):
    for path, before, after in PLACES:
        if not os.path.exists(os.path.join(root, path)):
            continue
        text = read(root, path)
        if path == "CHANGELOG.md" and find(root, path, before, after) != version:
            text = text.replace("\n## ", "\n## %s (unreleased)\n\n## " % version, 1)
        elif path == "debian/changelog" and find(root, path, before, after) != version:
            last = re.search(r"^ -- (.*>)  ", text, flags=re.M).group(1)
            text = "kinising (%s-0upstream1) unstable; urgency=medium\n\n  * New release.\n\n -- %s  %s 00:00:00 +0000\n\n%s" % (
                version, last, day.strftime("%a, %d %b %Y"), text)
        else:
            text = re.sub("(%s)(%s)(?=%s)" % (before, NUMBERS, after), r"\g<1>" + version, text, count=1, flags=re.M)
        for part, number in zip(PARTS, version.split(".")):
            text = re.sub(r"(#define KI_VERSION_%s )\d+" % part, r"\g<1>" + number, text)
        if path == "CITATION.cff":
            text = re.sub(r"^date-released: .*", "date-released: %s" % day, text, flags=re.M)
        write(root, path, text)


def main(arguments):
    if not arguments:
        found = list(differences(ROOT))
        print("\n".join(found), end="\n" if found else "")
        return 1 if found else 0
    if not re.fullmatch(NUMBERS, arguments[0]):
        sys.exit("version: %s : is no version : three numbers such as 0.2.0" % arguments[0])
    try:
        day = datetime.date.fromisoformat(arguments[1]) if arguments[1:] else datetime.date.today()
    except ValueError:
        sys.exit("version: %s : is no date : such as 2026-11-28" % arguments[1])
    set_version(ROOT, arguments[0], day)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
