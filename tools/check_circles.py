#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""No circles between files: what uses each other is read together or not at all.

A .c and the .h of its name are one file. One uses another if it includes its header, or calls or names a
function or table that the other defines, through whatever header. Looked at are src/, cli/ and mpi/, each
for itself, and the public headers.

    tools/check_circles.py [ROOT]    one line per circle, exit 1 if there is any
"""
import os
import re
import sys

TOPS = ("src", "cli", "mpi", "include/kinising")


def code_of(text):
    """Comments, strings and preprocessor lines blanked."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', blank, text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.M)


def outside(code):
    """The code with what stands in braces left out: {} in its place."""
    kept, depth = [], 0
    for character in code:
        if character == "{":
            depth += 1
            kept.append("{" if depth == 1 else "")
        elif character == "}":
            depth -= 1
            kept.append("}\n" if depth == 0 else "")
        elif depth == 0:
            kept.append(character)
    return "".join(kept)


def definitions(code):
    """Names with external linkage that a .c defines, and those that are its own."""
    shared, own = set(), set()
    for piece in re.split(r";|\}\n", outside(code)):
        head = piece.strip()
        if not head or head.startswith(("typedef", "extern")):
            continue
        function = re.search(r"\b(\w+)\s*\([^{}=]*\)\s*(?:__attribute__.*)?\{", head, flags=re.S)
        variable = re.search(r"\b(\w+)\s*(?:\[[^\]]*\]\s*)*(?:=|$)", head.split("=")[0] + ("=" if "=" in head else ""))
        match = function or (variable if re.search(r"\w[\s*]+\w", head) and "(" not in head.split("=")[0]
                             and not re.match(r"(struct|enum|union)\b[^=]*\{", head) else None)
        if match:
            (own if re.match(r"(?:\w+\s+)*?static\b", head) else shared).add(match.group(1))
    return shared, own


def read_files(root, top):
    """Stem -> (files, text of each)."""
    stems = {}
    for folder, _, names in sorted(os.walk(os.path.join(root, top))):
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                path = os.path.relpath(os.path.join(folder, name), root)
                with open(os.path.join(root, path), errors="replace") as f:
                    stems.setdefault(os.path.splitext(path)[0], []).append((path, f.read()))
    return stems


def includes(path, text, top, stems):
    for name in re.findall(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', text, flags=re.M):
        if name.startswith("kinising/"):
            places = ["include"]
        else:
            places = [os.path.dirname(path), top]
        for place in places:
            stem = os.path.splitext(os.path.normpath(os.path.join(place, name)))[0]
            if stem in stems:
                yield stem
                break


def visible(path, files, top, stems):
    """The words in the headers that a file sees, through each other too."""
    words, todo, seen = set(), [path], {path}
    while todo:
        at = todo.pop()
        if at.endswith(".h"):
            words |= set(re.findall(r"\w+", code_of(files[at])))
        for stem in includes(at, files[at], top, stems):
            header = stem + ".h"
            if header in files and header not in seen:
                seen.add(header)
                todo.append(header)
    return words


def edges_of(root, top):
    """stem -> {stem it uses: why}."""
    stems = read_files(root, top)
    files = {path: text for pairs in stems.values() for path, text in pairs}
    home, own = {}, {}
    for path, text in files.items():
        if path.endswith(".c"):
            stem = os.path.splitext(path)[0]
            shared, statics = definitions(code_of(text))
            own[stem] = shared | statics
            for name in shared - {"main"}:
                home.setdefault(name, stem)
    edges = {stem: {} for stem in stems}
    for path, text in files.items():
        stem = os.path.splitext(path)[0]
        for other in includes(path, text, top, stems):
            if other != stem:
                edges[stem].setdefault(other, "its header")
        if not path.endswith(".c"): # a header only declares
            continue
        used = set(re.findall(r"(?<![\w.>])[A-Za-z_]\w*", code_of(text))) - own[stem]
        # A local variable may have the name of something that this file does not see.
        for name in sorted(n for n in used if home.get(n, stem) != stem):
            if name in visible(path, files, top, stems):
                edges[stem][home[name]] = name
    return edges


def shortest(edges, component):
    """The shortest circle in a component, from its first file that has one of that length."""
    best = None
    for start in component:
        paths, seen = [[start]], {start}
        while paths:
            path = paths.pop(0)
            if best and len(path) >= len(best):
                break
            for other in sorted(set(edges[path[-1]]) & set(component)):
                if other == start:
                    best = path
                    paths = []
                    break
                if other not in seen:
                    seen.add(other)
                    paths.append(path + [other])
    return best


def circles(edges):
    """Strongly connected components of more than one file (Tarjan)."""
    order, low, stack, found = {}, {}, [], []

    def visit(at):
        order[at] = low[at] = len(order)
        stack.append(at)
        for other in edges[at]:
            if other not in order:
                visit(other)
                low[at] = min(low[at], low[other])
            elif other in stack:
                low[at] = min(low[at], order[other])
        if low[at] == order[at]:
            component = []
            while not component or component[-1] != at:
                component.append(stack.pop())
            if len(component) > 1:
                found.append(sorted(component))

    for at in sorted(edges):
        if at not in order:
            visit(at)
    return sorted(found)


def main(root):
    sys.setrecursionlimit(10000)
    found = 0
    for top in TOPS:
        edges = edges_of(root, top)
        for component in circles(edges):
            files = shortest(edges, component)
            print("circle: %s%s" % ("; ".join("%s uses %s (%s)" % (one, other, edges[one][other])
                                               for one, other in zip(files, files[1:] + files[:1])),
                                    "" if len(files) == len(component) else
                                    "; in a knot of %d files: %s" % (len(component), " ".join(component))))
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else
                  os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
