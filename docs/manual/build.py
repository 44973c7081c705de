#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Builds the manual: the project's Markdown, the pages of the commands with the output of their examples, the C
API (doxygen's XML through breathe) and the Python API. Every warning is an error.

    /usr/bin/python3 docs/manual/build.py PROGRAM OUTPUT_FOLDER [--quick]      (examples shown, not run)
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "docs" / "manual"
sys.path.insert(0, str(ROOT / "tools"))

import command_pages  # noqa: E402
import version  # noqa: E402

# Where the project's own texts are in the manual.
PAGES = {"README.md": "readme", "CHANGELOG.md": "changelog", "VERSIONING.md": "versioning", "CONTRIBUTING.md": "contributing",
         "docs/notation.md": "notation", "docs/theory.md": "theory", "docs/diagnose.md": "diagnose", "docs/calibration.md": "calibration",
         "docs/develop.md": "develop", "docs/languages.md": "languages"}
SHOWN_LINES, SHOWN_WIDTH = 12, 160


def stop(sentence):
    sys.exit("manual: " + sentence)


def run(what, command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        stop("%s : ended with status %d : see its messages above" % (what, done.returncode))
    return done.stdout


def markdown(path, sources):
    """A text of the project with its links as they are in the manual; files that are not in it lose theirs."""
    def link(match):
        text, target = match.groups()
        if re.match(r"\w+:|#", target):
            return match.group(0)
        name, _, anchor = target.partition("#")
        full = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if full in PAGES:
            return "[%s](%s.md%s)" % (text, PAGES[full], "#" + anchor if anchor else "")
        if full.endswith(".png"):
            (sources / "images").mkdir(exist_ok=True)
            shutil.copy(ROOT / full, sources / "images")
            return "[%s](images/%s)" % (text, os.path.basename(full))
        return "`%s`" % full
    body = (ROOT / path).read_text(encoding="utf-8")
    return re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", link, body)


def indented(text, by="   "):
    return "".join(by + line if line.strip() else "\n" for line in text.splitlines(keepends=True))


def literal(text, language="text"):
    return ".. code-block:: %s\n\n%s\n" % (language, indented(text.rstrip("\n") + "\n"))


def run_lines(program, lines, folder, images):
    """Runs lines in the folder: for each ("text", what a terminal shows) and ("image", name, line) of its pictures.
    Without a folder they are only shown."""
    if folder is None:
        return [("text", "\n".join("$ " + line for line in lines))]
    out = []
    for line in lines:
        before = set(folder.iterdir())
        env = {**os.environ, "PATH": "%s:%s" % (program.parent, os.environ["PATH"])}
        done = subprocess.run(line, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False)
        if done.returncode == 1 and "gnuplot" in done.stderr:  # without it, without pictures
            out.append(("text", "$ " + line))
            continue
        if done.returncode not in (0, 3):
            stop("%s : ended with status %d (%s) : an example that runs" % (line, done.returncode, done.stderr.strip()))
        shown = (done.stderr + done.stdout).splitlines()
        rest = len(shown) - SHOWN_LINES
        if rest > 1 and "diagnose" not in line:  # a report is shown whole
            shown[SHOWN_LINES:] = ["... (%d more lines)" % rest]
        shown = [s if len(s) <= SHOWN_WIDTH else s[:SHOWN_WIDTH - 4] + " ..." for s in shown]
        out.append(("text", "\n".join(["$ " + line, *shown])))
        for path in sorted(set(folder.iterdir()) - before):
            if path.suffix in (".png", ".svg"):
                name = "%s-%s" % (folder.name, path.name)
                shutil.copy(path, images / name)
                out.append(("image", name, line))
    return out


def example(program, lines, folder, images):
    return "\n".join(literal(part[1], "console") if part[0] == "text" else
                     ".. image:: %s\n   :alt: %s\n" % part[1:] for part in run_lines(program, lines, folder, images))


def tutorial(path, program, folder, sources):
    """A page of this folder whose ```console blocks are run, one after the other in one folder."""
    def shown(match):
        lines = [line[2:] for line in match.group(1).splitlines()]
        return "\n".join("```console\n%s\n```\n" % part[1] if part[0] == "text" else "![%s](%s)\n" % (part[2], part[1])
                         for part in run_lines(program, lines, folder, sources))
    if folder:
        folder.mkdir()
    return re.sub(r"```console\n((?:\$ .*\n)+)```\n", shown, path.read_text(encoding="utf-8"))


def rst(text):
    return re.sub(r"([\\*`|<>]|_(?=\W|$))", r"\\\1", text)


def command_page(name, pages, program, folder, images):
    title = "kinising " + name
    out = ["%s\n%s\n" % (title, "=" * len(title))]
    for page in pages:
        if page["mode"]:
            title = "kinising %s %s" % (name, page["mode"])
            out.append("%s\n%s\n" % (title, "-" * len(title)))
        for is_literal, lines in command_pages.blocks_of(page["text"]):
            out.append(literal("\n".join(lines)) if is_literal else rst(" ".join(lines)) + "\n")
        for common in (False, True):
            chosen = [o for o in page["options"] if o["common"] == common and o["help"]]
            if chosen:
                out.append(".. rubric:: %s\n" % ("Common options" if common else "Options"))
            for option in chosen:
                spelled = option["name"] if option["positional"] else "--" + option["name"]
                spelled = "-%s, %s" % (option["letter"], spelled) if option["letter"] else spelled
                default = " (default ``%s``)" % option["default"] if option["default"] else ""
                out.append("``%s%s``\n   %s%s\n" % (spelled, " " + option["meta"] if option["meta"] else "",
                                                    rst(option["help"]), default))
        out.append(".. rubric:: Example\n")
        out.append(example(program, [line.strip() for line in page["example"].splitlines()], folder, images))
    return "\n".join(out)


def write_commands(program, sources, scratch):
    commands, _ = command_pages.read_commands(str(program))
    folder = sources / "commands"
    folder.mkdir()
    index = ["Commands\n========\n"]
    for name, pages in command_pages.tables_of(commands).items():
        file = name.replace(" ", "-")
        own = scratch and scratch / file
        if own:
            own.mkdir()
        (folder / (file + ".rst")).write_text(command_page(name, pages, program, own, folder))
        index.append(":doc:`%s`\n   %s.\n" % (file, rst(pages[0]["summary"])))
    names = [p.stem for p in sorted(folder.glob("*.rst"))]
    index.append(".. toctree::\n   :hidden:\n\n%s" % "".join("   %s\n" % n for n in names))
    (folder / "index.rst").write_text("\n".join(index))


def write_c(sources):
    folder = sources / "c"
    folder.mkdir()
    headers = sorted((ROOT / "include" / "kinising").glob("*.h"))
    for header in headers:
        title = "kinising/" + header.name
        # Of the typedefs only those of functions: structs are there by themselves.
        functions = re.findall(r"^typedef [^;{}]*\(\*(\w+)\)", header.read_text(), flags=re.M)
        (folder / (header.stem + ".rst")).write_text("%s\n%s\n\n.. doxygenfile:: %s\n   :sections: %s\n%s" % (
            title, "=" * len(title), header.name, "briefdescription detaileddescription enum func innerclass",
            "".join("\n.. doxygentypedef:: %s\n" % name for name in functions)))
    (folder / "index.rst").write_text("C API\n=====\n\n.. toctree::\n\n" + "".join("   %s\n" % h.stem for h in headers))


def write_python(sources):
    sys.path.insert(0, str(ROOT / "python"))
    import kinising
    public = sorted(kinising.__all__, key=str.lower)
    functions = "".join(".. autofunction:: kinising.%s\n\n" % n for n in public if n[0].islower())
    classes = "".join(".. autoclass:: kinising.%s\n   :members:\n   :no-private-members:\n\n" % n for n in public
                      if n[0].isupper())
    text = (HERE / "python.rst").read_text()
    (sources / "python.rst").write_text(text.replace(".. kinising-functions\n", functions).replace(".. kinising-classes\n", classes))


def main(program, output, quick=None):
    program, output = pathlib.Path(program).resolve(), pathlib.Path(output).resolve()
    sources, scratch = output / "source", output / "examples"
    if not program.is_file():
        stop("%s : is not there : make build" % program)
    # What is in the folder is removed: only if a manual was made there, or begun.
    if output.exists() and not (sources / "index.md").exists() and (output.is_file() or any(output.iterdir())):
        stop("%s : is there, and no manual : remove it, or name another folder" % output)
    for name, package in (("doxygen", "doxygen"), ("sphinx-build", "python3-sphinx")):
        if shutil.which(name) is None:
            stop("%s : is not here : apt-get install %s python3-breathe python3-myst-parser furo" % (name, package))
    shutil.rmtree(output, ignore_errors=True)
    sources.mkdir(parents=True)
    shutil.copy(HERE / "index.md", sources)
    scratch.mkdir()
    config = (HERE / "Doxyfile").read_text() + "OUTPUT_DIRECTORY = %s\nWARN_AS_ERROR = FAIL_ON_WARNINGS\n" % output
    run("doxygen", ["doxygen", "-"], input=config, cwd=ROOT)
    for path, name in PAGES.items():
        (sources / (name + ".md")).write_text(markdown(path, sources), encoding="utf-8")
    for path in sorted(HERE.glob("tutorial_*.md")):
        (sources / path.name).write_text(tutorial(path, program, None if quick else scratch / path.stem, sources),
                                         encoding="utf-8")
    write_commands(program, sources, None if quick else scratch)
    write_c(sources)
    write_python(sources)
    shutil.rmtree(scratch)
    env = {**os.environ, "KINISING_ROOT": str(ROOT), "KINISING_XML": str(output / "xml"), "PYTHONDONTWRITEBYTECODE": "1",
           "KINISING_VERSION": version.find(ROOT, *version.PLACES[0])}
    run("sphinx", ["/usr/bin/python3", "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-c", str(HERE), str(sources),
                   str(output / "html")], env=env)
    print("the manual is in %s" % (output / "html" / "index.html"))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
