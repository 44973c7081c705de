# SPDX-License-Identifier: BSD-3-Clause
"""Manual pages and completions, as the build makes them of the program's options, used by the programs that they
are for; what is not here is skipped."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest

DOCS = pathlib.Path(os.environ["KINISING_BUILD"]) / "docs"
KINISING = os.path.join(os.environ["KINISING_BUILD"], "kinising")
PAGES = sorted(path.name for path in (DOCS / "man1").glob("*.1"))


def need(program):
    if shutil.which(program) is None:
        pytest.skip(program + " is not here")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def commands():
    """Names of the commands with options, of two words too, and their options."""
    out = {}
    for line in run(KINISING, "help", "--json")[0].splitlines():
        entry = json.loads(line)
        if "options" in entry:
            out.setdefault(entry["name"], []).extend(entry["options"])
    return out


def test_json_is_what_the_help_pages_show(commands):
    assert len(commands) >= 17
    for name, options in commands.items():
        page = run(KINISING, *name.split(), "--help")[0]
        if name == "simulate":
            page += run(KINISING, "simulate", "--network", "x", "--help")[0]
        shown = set(re.findall(r"^  (?:-\w, )?--([\w-]+)", page, flags=re.M))
        assert shown - {"help"} == {o["name"] for o in options if not o["positional"]}, name
        for option in options:
            assert option["positional"] or option["help"] in page
    listed = re.findall(r"^  (\w+) ", run(KINISING, "help")[0], flags=re.M)
    assert {name.split()[0] for name in commands} | {"version"} == set(listed)


def test_every_command_has_a_page_with_every_option(commands):
    names = {"kinising-" + name.replace(" ", "-") + ".1" for name in commands}
    assert names | {"kinising.1"} == set(PAGES) - {"kinising-mpi.1"}
    for name, options in commands.items():
        text = (DOCS / "man1" / ("kinising-" + name.replace(" ", "-") + ".1")).read_text()
        for option in options:
            if not option["positional"]:
                assert "\\-\\-" + option["name"].replace("-", "\\-") in text, (name, option["name"])


@pytest.mark.parametrize("page", PAGES)
def test_page_is_formatted_without_a_warning(page):
    need("man")
    shown, warned = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", str(DOCS / "man1" / page), cwd=DOCS,
                        env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert warned == ""
    shown = re.sub(".\b", "", shown) # bold letters are overstruck
    assert "NAME" in shown
    if page not in ("kinising.1", "kinising-mpi.1"): # the latter is a reference to the former
        assert "EXAMPLES" in shown


def test_pages_have_no_lint():
    need("mandoc")
    run("mandoc", "-T", "lint", "-W", "warning", *[p for p in PAGES if p != "kinising-mpi.1"], cwd=DOCS / "man1")


def bash(*words):
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _kinising; printf "%s\\n" "${COMPREPLY[@]}"'
    return run("bash", "--norc", "-c", script, "bash", str(DOCS / "kinising"), *words, cwd=DOCS)[0].split()


@pytest.mark.parametrize("line, found", [
    ("kinising cri", "critical"), ("kinising -", "--help --version"), ("kinising help netw", "network"),
    ("kinising help network d", "draw"), ("kinising network inf", "info"), ("kinising theory --dy", "--dynamics"),
    ("kinising network draw --z", "--zero-diagonal"), ("kinising raster info --axe", "--axes"),
    ("kinising theory --dynamics ", "sync async"), ("kinising theory --dynamics = as", "async"),
    ("kinising theory --panels m,q,chi", "m,q,chi"), ("kinising simulate --start up", "up"),
    ("kinising simulate --replic", "--replicas"), ("kinising simulate --realiz", "--realizations"),
    ("kinising theory --beta ", ""), ("kinising fit _kin", "_kinising"), ("kinising theory -o _kin", "_kinising"),
    ("kinising theory --unknown", ""), ("kinising nothing --x", "")])
def test_bash(line, found):
    need("bash")
    assert bash(*line.split(" ")) == found.split()


def test_bash_knows_every_option(commands):
    need("bash")
    for name, options in commands.items():
        want = {"--" + o["name"] for o in options if not o["positional"]}
        assert want | {"--help"} == set(bash("kinising", *name.split(), "--"))


@pytest.mark.parametrize("line, found", [
    ("kinising cri", "critical"), ("kinising help netw", "network"), ("kinising network inf", "info"),
    ("kinising theory --dy", "--dynamics"), ("kinising network draw --z", "--zero-diagonal"),
    ("kinising theory --dynamics ", "async sync"), ("kinising entropy x --per sp", "spike spin"),
    ("kinising theory --beta ", ""), ("kinising fit _kin", "_kinising"), ("kinising theory _kin", "")])
def test_fish(line, found, tmp_path):
    need("fish")
    out = run("fish", "--no-config", "-c", 'source $argv[1]; complete -C $argv[2]', str(DOCS / "kinising.fish"), line,
              cwd=DOCS, env={**os.environ, "HOME": str(tmp_path)})[0]
    assert sorted(row.split("\t")[0] for row in out.splitlines()) == found.split()


def zsh(line, folder):
    """What an interactive zsh makes of a line and a tab."""
    made, temporary = folder / "made", folder / "temporary"
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(DOCS)
        os.environ.update(TERM="dumb", HOME=str(folder), ZDOTDIR=str(folder))
        os.execvp("zsh", ["zsh", "-f", "-i"])
    try:
        os.write(fd, b"PS1='> '; fpath=(%s $fpath); autoload -Uz compinit; compinit -u -D; setopt no_list_beep\n"
                 b"probe() { zle complete-word; print -r -- $BUFFER >%s; mv %s %s }; zle -N probe; bindkey '^T' probe\n"
                 % (bytes(DOCS), bytes(temporary), bytes(temporary), bytes(made)))
        os.write(fd, line.encode() + b"\x14")
        limit = time.monotonic() + 60
        while not made.exists() and time.monotonic() < limit:
            if select.select([fd], [], [], 0.02)[0]:
                os.read(fd, 65536)
        return made.read_text().rstrip("\n")
    finally:
        os.close(fd)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("line, found", [
    ("kinising cri", "kinising critical "), ("kinising network inf", "kinising network info "),
    ("kinising theory --dyn", "kinising theory --dynamics="),
    ("kinising entropy x --per sec", "kinising entropy x --per second "),
    ("kinising theory --dynamics sync,as", "kinising theory --dynamics sync,async"),
    ("kinising diagnose x --report a.png --repo", "kinising diagnose x --report a.png --report="),
    ("kinising fit _kin", "kinising fit _kinising ")])
def test_zsh(line, found, tmp_path):
    need("zsh")
    assert zsh(line, tmp_path).startswith(found)
