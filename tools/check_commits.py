#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Subjects of commits: at most 72 characters, since the commit that began to keep to it.

    tools/check_commits.py [ROOT [SINCE]]    one line per violation, exit 1 if there is any

Without git, outside a checkout, or where the history does not go back so far, there is nothing to check.
"""
import os
import subprocess
import sys

SINCE = "300d6b14cf23de738305a3b8bf7d61148dd7db67"
LENGTH = 72


def git(root, *arguments):
    try:
        return subprocess.run(["git", "-C", root, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, errors="replace")
    except OSError:
        return None


def main(root, since=SINCE):
    known = git(root, "merge-base", "--is-ancestor", since, "HEAD")
    if known is None or known.returncode:
        return 0
    found = 0
    for line in git(root, "log", "--no-merges", "--format=%h %s", since + "..HEAD").stdout.splitlines():
        commit, _, subject = line.partition(" ")
        if len(subject) > LENGTH:
            print("%s: a subject of %d characters: %d is the most: %s" % (commit, len(subject), LENGTH, subject))
            found = 1
    return found


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))])))
