#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The dependency law of docs/develop.md, read off the includes; sizes; what the library may not call;
sources that the build forgot.

    tools/check_layers.py [ROOT]     one line per violation, exit 1 if there is any
"""
import os
import re
import sys

# What a folder may include: other folders, those of src/ by what follows it, and "public" for
# <kinising/...>. A folder inside a room is a room of its own; a room of src/ without a row is none.
ALLOWED = {
    "src/base": {"base", "public"},
    "src/blas": {"blas", "base", "public"},
    "src/library": {"library", "blas", "base", "public"},
    "src/num": {"num", "base", "public"},
    "src/theory": {"theory", "num", "base", "public"},
    "src/io/file": {"io/file", "base", "public"},
    "src/io/read": {"io/read", "io/file", "base", "public"},
    "src/io/write": {"io/write", "io/file", "base", "public"},
    "src/network": {"network", "num", "base", "public"},
    "src/simulate/engines": {"simulate/engines", "num", "base", "public"},
    "src/simulate/ensemble": {"simulate/ensemble", "simulate/engines", "num", "base", "public"},
    "src/simulate/replicas": {"simulate/replicas", "simulate/engines", "network", "blas", "num", "base",
                              "public"},
    "src/exact": {"exact", "network", "blas", "num", "base", "public"},
    "src/meanfield": {"meanfield", "meanfield/methods", "network", "num", "base", "public"},
    "src/meanfield/methods": {"meanfield/methods", "num", "base", "public"},
    "src/compare": {"compare", "network", "base", "public"},
    "src/raster": {"raster", "num", "base", "public"},
    "src/recording": {"recording", "raster", "base", "public"},
    "src/infer": {"infer", "raster", "network", "num", "base", "public"},
    "src/thermo": {"thermo", "infer", "raster", "network", "num", "base", "public"},
    "src/diagnose": {"diagnose", "thermo", "infer", "raster", "network", "num", "base", "public"},
    "cli": {"cli", "cli/*", "public"},
    "cli/shell": {"cli/shell", "public"},
    "cli/plot": {"cli/plot", "cli/shell", "public"},
    "cli/common": {"cli/common", "cli/plot", "cli/shell", "public"},
    # A command: its own folder, and what all commands have.
    "cli/*": {"cli", "cli/common", "cli/plot", "cli/shell", "public"},
    "mpi": {"mpi", "cli", "cli/*", "public"},
    "bench": {"bench", "infer", "num", "public"}, # kernels are timed one by one
    "examples": {"public"},
}
# Patterns and the only files they may stand in; all sources are looked at.
ONLY_IN = [
    (r"#\s*include\s*<omp\.h>|#\s*pragma\s+omp\s+(?!simd|declare simd)", set()), # its threads spin
    (r"\bpthread_create\s*\(", {"src/base/team.c"}),
    (r"\bcblas\.h|\bcblas_\w+\s*\(", {"src/blas/linalg.c", "bench/bench_replicas.c",
                                           "bench/bench_meanfield.c"}),
    (r"\bhdf5\.h", {"src/io/file/hdf5_session.h", "src/io/read/hdf5_read.c",
                      "src/io/read/hdf5_element.h", "src/io/read/hdf5_parts.c",
                      "src/io/read/hdf5_storage.c", "src/io/read/hdf5_strings.c", "src/io/write/hdf5_write.c"}),
    (r"\bmpi\.h", {"mpi/main.c", "mpi/team.c"}),
]
LIBRARY_ONLY = [
    (r"\b(malloc|calloc|realloc|aligned_alloc|posix_memalign|free)\s*\(", {"src/base/memory.c"}),
    (r"\b(printf|puts|putchar|perror|exit|abort)\s*\(|\bstd(out|err)\b", set()),
    (r"\b(time|clock|gettimeofday|clock_gettime|srand|rand|random)\s*\(", set()),
]
LINES, FUNCTION = 600, 80


def without_comments(text):
    """Comments and strings blanked, line structure kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def includes(text):
    return re.findall(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', text, flags=re.M)


def included_room(folder, kind, name):
    """Which room an include leads to, found as the compiler does; None for a system header."""
    places = (["src"] if kind == "<" else [folder, "src", "cli"])
    for place in places:
        path = os.path.normpath(os.path.join(place, name))
        if os.path.exists(os.path.join(ROOT, path)):
            break
    else:
        if kind == "<":
            return None
        path = os.path.normpath(os.path.join(folder, name))
    room = os.path.dirname(path).replace(os.sep, "/")
    return room[4:] if room.startswith("src/") else room


def is_allowed(room, folder, allowed):
    return (room in allowed or room == folder or
            (room.startswith("cli/") and "cli/*" in allowed))


def check_includes(path, text):
    folder = os.path.dirname(path)
    allowed = ALLOWED.get(folder) or (ALLOWED["cli/*"] if folder.startswith("cli/") else None)
    if allowed is None and folder.startswith("src/"):
        yield "%s: tools/check_layers.py does not say what %s may include" % (path, folder)
    if folder == "include/kinising":
        for kind, name in includes(text):
            if kind == '"':
                yield "%s: includes \"%s\": public headers use <kinising/...>" % (path, name)
        return
    if allowed is None:
        return
    for kind, name in includes(text):
        room = included_room(folder, kind, name)
        if room is not None and not is_allowed(room, folder, allowed):
            yield "%s: includes %s: %s may include %s" % (path, name, folder,
                                                          ", ".join(sorted(allowed)))


def check_calls(path, text):
    code = without_comments(text)
    rules = list(ONLY_IN) + (LIBRARY_ONLY if path.startswith("src/") else [])
    for pattern, places in rules:
        # Includes are strings to without_comments, so headers are looked for in the raw text.
        where = text if "\\.h" in pattern else code
        match = re.search(pattern, where)
        if match and path not in places:
            yield "%s: %s belongs in %s" % (path, match.group(0).strip(),
                                            ", ".join(sorted(places)) or "no file here")


def functions(text):
    """First and last line of each function body: a brace at depth 0 that follows a parameter list."""
    depth, start, before = 0, None, ""
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for character in line:
            if character == "{":
                if depth == 0 and before == ")":
                    start = number
                depth += 1
            elif character == "}":
                depth -= 1
                if depth == 0 and start is not None:
                    yield start, number
                    start = None
            if not character.isspace():
                before = character


def check_sizes(path, text):
    lines = text.splitlines()
    if len(lines) > LINES:
        yield "%s: %d lines: split it, %d is the most" % (path, len(lines), LINES)
    for start, end in functions(text):
        reason = "long-function:" in "\n".join(lines[max(0, start - 6):start])
        if end - start > FUNCTION and not reason:
            yield "%s:%d: function of %d lines: %d is the most" % (path, start, end - start,
                                                                  FUNCTION)


def check_build(root):
    """Each source of the library and the program is named by the meson.build beside it."""
    for top in ("src", "cli", "mpi"):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            build = os.path.join(folder, "meson.build")
            sources = [n for n in sorted(names) if n.endswith(".c")]
            if not sources:
                continue
            listed = ""
            if os.path.exists(build):
                with open(build) as f:
                    listed = f.read()
            for name in sources:
                if "'%s'" % name not in listed:
                    yield "%s: not in %s" % (os.path.relpath(os.path.join(folder, name), root),
                                             os.path.relpath(build, root))


def check_file(path, text):
    for check in (check_includes, check_calls, check_sizes):
        yield from check(path, text)


def main(root):
    found = 0
    for top in ("src", "cli", "mpi", "include", "bench", "examples"):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if not name.endswith((".c", ".h")):
                    continue
                full = os.path.join(folder, name)
                path = os.path.relpath(full, root)
                with open(full) as f:
                    text = f.read()
                for line in check_file(path, text):
                    print(line)
                    found += 1
    for line in check_build(root):
        print(line)
        found += 1
    return 1 if found else 0


ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == "__main__":
    ROOT = sys.argv[1] if len(sys.argv) > 1 else ROOT
    sys.exit(main(ROOT))
