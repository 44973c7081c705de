#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Manual pages and shell completions, made from the option tables of the program itself.

    tools/command_pages.py man OUTPUT_FOLDER DATE PROGRAM [ALIAS ...]
    tools/command_pages.py bash|zsh|fish OUTPUT_FILE PROGRAM [ALIAS ...]

PROGRAM is kinising, whose `help --json` says what there is; an ALIAS is another name of it (kinising-mpi).
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap


def read_commands(program):
    """Commands in their order: name, group, summary, and one table of options or, of `simulate`, two."""
    said = subprocess.run([program, "help", "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout
    commands, mode = [], None
    for line in said.splitlines():
        entry = json.loads(line)
        if "command" in entry:
            commands.append({"name": entry["command"], "group": entry["group"], "summary": entry["summary"],
                             "pages": []})
            mode, summary = None, entry["summary"]
        elif "part" in entry:
            summary = entry["summary"]
        elif "mode" in entry:
            mode = entry["mode"]
        else:
            commands[-1]["pages"].append({**entry, "mode": mode, "summary": summary})
    version = subprocess.run([program, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[1]
    return commands, version


def tables_of(commands):
    """The tables of options by the name of what has them, of one or two words."""
    tables = {}
    for command in commands:
        for page in command["pages"]:
            tables.setdefault(page["name"], []).append(page)
    return tables


# --- manual pages -----------------------------------------------------------------------------------


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"^\.", r"\\&.", text, flags=re.M)


def roff_filled(text):
    """Lines of at most 80 bytes, of which none begins as a request does."""
    return roff("\n".join(textwrap.wrap(text, 60, break_long_words=False, break_on_hyphens=False)))


def blocks_of(text):
    """Pairs (is literal, lines): lines that begin with spaces stay as they are, the others are filled; "Columns: ..."
    begins a block."""
    blocks = []
    for line in text.strip("\n").split("\n"):
        is_literal = line.startswith(" ")
        if not line:
            blocks.append((None, []))
        elif not blocks or blocks[-1][0] != is_literal or (
                not is_literal and blocks[-1][1][-1].endswith(".") and re.match(r"[A-Z]\w*: ", line)):
            blocks.append((is_literal, [line]))
        else:
            blocks[-1][1].append(line)
    return [block for block in blocks if block[1]]


def roff_paragraphs(text):
    return ".PP\n".join(".nf\n%s\n.fi\n" % roff("\n".join(lines)) if is_literal else roff_filled(" ".join(lines)) + "\n"
                        for is_literal, lines in blocks_of(text))


def roff_option(option):
    left = ("\\fI%s\\fR" if option["positional"] else "\\fB\\-\\-%s\\fR") % roff(option["name"])
    if option["letter"]:
        left = "\\fB\\-%s\\fR, %s" % (option["letter"], left)
    if option["meta"]:
        left += " \\fI%s\\fR" % roff(option["meta"])
    right = option["help"]
    if option["default"] is not None:
        right += " (default %s)" % option["default"]
    missing = [w for w in option["words"] if not re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(w), option["help"])]
    if missing:
        right += ". One of: " if option["kind"] == "word" else ". Words: "
        right += ", ".join(option["words"])
    return ".TP\n%s\n%s\n" % (left, roff_filled(right + "."))


def roff_header(title, date, version):
    return ".TH %s 1 %s \"kinising %s\" \"User Commands\"\n" % (roff(title.upper()), date, version)


def command_page(name, pages, others, date, version):
    """One page; `pages` are the tables of options, of which the second has a mode."""
    full = "kinising-" + name.replace(" ", "-")
    out = [roff_header(full, date, version), ".SH NAME\n%s \\- %s\n" % (roff(full), roff(pages[0]["summary"])), ".SH SYNOPSIS\n"]
    for page in pages:
        words = "\\fBkinising %s\\fR" % roff(name)
        if page["mode"]:
            words += " \\fB%s\\fR \\fI%s\\fR" % tuple(roff(w) for w in page["mode"].split())
        for option in page["options"]:
            if option["positional"]:
                words += " \\fI%s\\fR" % roff(option["name"] + ("..." if option["kind"] == "inputs" else ""))
        out.append(words + " [\\fIoptions\\fR]\n" + (".br\n" if page is not pages[-1] else ""))
    for page in pages:
        more = " WITH " + page["mode"] if page["mode"] else ""
        out.append(".SH DESCRIPTION%s\n" % roff(more) + roff_paragraphs(page["text"]))
        options = [o for o in page["options"] if o["help"]]
        for heading, common in (("OPTIONS", False), ("COMMON OPTIONS", True)):
            chosen = [o for o in options if o["common"] == common]
            if chosen:
                out.append(".SH %s\n" % (heading + roff(more)) + "".join(roff_option(o) for o in chosen))
        out.append(".SH EXAMPLES%s\n.nf\n%s.fi\n" % (roff(more), roff(page["example"])))
    out.append(".SH SEE ALSO\n" + ",\n".join("\\fB%s\\fR(1)" % roff(o) for o in others if o != full) + "\n")
    return full, "".join(out)


OVERVIEW = """.SH NAME
kinising \\- nonequilibrium thermodynamics of kinetic Ising networks
.SH SYNOPSIS
\\fBkinising\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]
.br
\\fBkinising help\\fR [\\fICOMMAND\\fR]
.SH DESCRIPTION
Exact theory, simulation and inference of networks of spins with
asymmetric couplings: order parameters, entropies, entropy production,
networks from recordings.
Data goes to stdout, talk to stderr.
Lists are 0.5,1,2 or start:stop:count (both ends included).
"""
ENDING = """.SH FILES
.TP
\\fB.csv\\fR
A header and rows. What made it is in \\fINAME\\fR.csv.json beside it.
.TP
\\fB.npz\\fR, \\fB.h5\\fR
Columns and arrays by name, with their provenance inside.
.SH EXIT STATUS
.TP
\\fB0\\fR
Done.
.TP
\\fB1\\fR
The machine failed: disk, memory.
.TP
\\fB2\\fR
Wrong use or bad input, in one sentence.
.TP
\\fB3\\fR
Ran and wrote its result, but not every number converged: see the column status.
.TP
\\fB130\\fR
Ended by Ctrl\\-C.
.SH ENVIRONMENT
.TP
\\fBOMP_NUM_THREADS\\fR
How many threads there are without \\fB\\-\\-threads\\fR.
.SH BUGS
\\fBkinising info\\fR says what a report should hold.
"""


def man_pages(commands, version, date, aliases):
    """All pages, by their file name."""
    tables = tables_of(commands)
    names = ["kinising"] + ["kinising-" + name.replace(" ", "-") for name in tables]
    pages, overview = {}, [roff_header("kinising", date, version), OVERVIEW]
    group = None
    for command in commands:
        if command["group"] != group:
            group = command["group"]
            overview.append(".SS %s\n" % roff(group[0].upper() + group[1:]))
        overview.append(".TP\n\\fB%s\\fR\n%s.\n" % (roff(command["name"]), roff(command["summary"])))
    overview.append(ENDING)
    overview.append(".SH SEE ALSO\n" + ",\n".join("\\fB%s\\fR(1)" % roff(n) for n in names[1:]) + "\n")
    pages["kinising.1"] = "".join(overview)
    for name, found in tables.items():
        full, text = command_page(name, found, names, date, version)
        pages[full + ".1"] = text
    for alias in aliases:
        pages[alias + ".1"] = ".so man1/kinising.1\n"
    return pages


# --- completions ------------------------------------------------------------------------------------


def merged(commands):
    """Name, of one or two words, and options: of all modes together, of `version` none."""
    tables = tables_of(commands)
    for command in commands:
        for name in [n for n in tables if n.split()[0] == command["name"]] or [command["name"]]:
            options = {}
            for page in tables.get(name, []):
                for option in page["options"]:
                    options.setdefault(option["name"], option)
            yield name, list(options.values())


def parts_of(commands):
    """The second words of the commands that have them."""
    parts = {}
    for name in tables_of(commands):
        if " " in name:
            parts.setdefault(name.split()[0], []).append(name.split()[1])
    return parts


def dashed(options):
    out = []
    for option in options:
        if not option["positional"]:
            out += (["-" + option["letter"]] if option["letter"] else []) + ["--" + option["name"]]
    return out + ["-h", "--help"]


def takes_file(option):
    return option["kind"] in ("input", "inputs", "output", "outputs")


BASH = """# Completion of kinising for bash, made by tools/command_pages.py.
_kinising() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} head= words= options= all= only=
    COMPREPLY=()
    # "--option=value" comes as three words.
    [[ $cur == "=" ]] && cur=
    [[ $prev == "=" && COMP_CWORD -ge 2 ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "%(commands)s help --help --version" -- "$cur"))
        return
    fi
    if [[ $command == help ]]; then
        ((COMP_CWORD == 2)) && { COMPREPLY=($(compgen -W "%(commands)s" -- "$cur")); return; }
        command=${COMP_WORDS[2]}
        ((COMP_CWORD == 3)) || return
    elif ((COMP_CWORD > 2)); then
        case $command in
        %(grouped)s) command+=" ${COMP_WORDS[2]}" ;;
        esac
    fi
    case $command in
%(parts)s    esac
    if [[ ${COMP_WORDS[1]} == help ]]; then
        COMPREPLY=($(compgen -W "$all" -- "$cur"))
        return
    fi
    case "$command $prev" in
%(values)s    esac
    if [[ -n $words ]]; then
        # Several words with commas between them.
        [[ $cur == *,* ]] && head=${cur%%,*},
        COMPREPLY=($(compgen -P "$head" -W "$words" -- "${cur##*,}"))
    elif [[ -n $all ]]; then
        COMPREPLY=($(compgen -W "$all --help" -- "$cur"))
    else
        case $command in
%(options)s        esac
        [[ $cur == -* || -n $only ]] && COMPREPLY=($(compgen -W "$options" -- "$cur")) && return
        [[ -n $only ]] && return
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$cur"))
    fi
}
complete -F _kinising %(names)s
"""


def bash(commands, names):
    parts, values, options = parts_of(commands), [], []
    for full, found in merged(commands):
        only = "" if any(o["positional"] for o in found) else " only=yes"
        options.append('        "%s") options="%s"%s ;;\n' % (full, " ".join(dashed(found)), only))
        files, silent = [], []
        for option in found:
            if option["positional"] or option["kind"] == "flag":
                continue
            spelled = ['"%s %s"' % (full, s) for s in dashed([option])[:-2]]
            if option["words"]:
                values.append("    %s) words=\"%s\" ;;\n" % (" | ".join(spelled), " ".join(option["words"])))
            else:
                (files if takes_file(option) else silent).extend(spelled)
        if files:
            values.append("    %s) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
                          % " | ".join(files))
        if silent:
            values.append("    %s) return ;;\n" % " | ".join(silent))
    return BASH % {
        "commands": " ".join(c["name"] for c in commands), "names": " ".join(names),
        "grouped": " | ".join(parts) or "''",
        "parts": "".join('    %s) all="%s" ;;\n' % (name, " ".join(p)) for name, p in parts.items()),
        "values": "".join(values), "options": "".join(options)}


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_option(option):
    help_text = re.sub(r"([\[\]\\:])", r"\\\1", option["help"])
    rest = "[%s]" % help_text
    if option["kind"] != "flag":
        meta = re.sub(r"[^\w ]", " ", option["meta"] or "value")
        if option["kind"] == "words":
            action = "_sequence compadd - " + " ".join(option["words"])
        elif option["words"]:
            action = "(%s)" % " ".join(option["words"])
        else:
            action = "_files" if takes_file(option) else ""
        rest += ":%s:%s" % (meta, action)
    long = "--" + option["name"] + ("" if option["kind"] == "flag" else "=")
    if option["letter"]:
        short = "-" + option["letter"] + ("" if option["kind"] == "flag" else "+")
        both = "(-%s --%s)" % (option["letter"], option["name"])
        return [quoted(both) + "{" + short + "," + long + "}" + quoted(rest)]
    return [quoted(("*" if option["kind"] == "outputs" else "") + long + rest)]  # as often as wanted


def zsh(commands, names):
    out = ["#compdef %s\n# Completion of kinising for zsh, made by tools/command_pages.py.\n\n_kinising() {\n"
           "    local context state state_descr line\n    typeset -A opt_args\n    local -a commands parts\n"
           "    commands=(\n" % " ".join(names)]
    for command in commands:
        out.append("        %s\n" % quoted("%s:%s" % (command["name"], command["summary"].replace(":", "\\:"))))
    out.append("        'help:the options of a command'\n    )\n"
               "    if ((CURRENT == 2)); then\n        _describe -t commands command commands\n        return\n    fi\n"
               "    local command=$words[2]\n"
               "    if [[ $command == help ]]; then\n"
               "        ((CURRENT == 3)) && _describe -t commands command commands\n        return\n    fi\n"
               "    shift words\n    ((CURRENT--))\n")
    for name, found in parts_of(commands).items():
        out.append("    if [[ $command == %s ]]; then\n        parts=(%s)\n        if ((CURRENT == 2)); then\n"
                   "            compadd -a parts\n            return\n        fi\n        command+=\" $words[2]\"\n"
                   "        shift words\n        ((CURRENT--))\n    fi\n" % (name, " ".join(found)))
    out.append("    case $command in\n")
    for full, found in merged(commands):
        out.append("    %s)\n        _arguments \\\n" % quoted(full))
        for option in found:
            if not option["positional"]:
                out += ["            %s \\\n" % spec for spec in zsh_option(option)]
        positional = [o for o in found if o["positional"]]
        for option in positional:
            out.append("            %s \\\n" % quoted(("*" if option["kind"] == "inputs" else "") + ":%s:_files"
                                                      % option["name"]))
        out.append("            '(- *)'{-h,--help}'[this page]'\n        ;;\n")
    out.append("    esac\n}\n\n_kinising \"$@\"\n")
    return "".join(out)


def fish(commands, names):
    out = ["# Completion of kinising for fish, made by tools/command_pages.py.\n"
           "function __kinising_at\n"
           "    set -l words (commandline -opc)\n"
           "    set -e words[1]\n"
           "    for i in (seq (count $argv))\n"
           "        test \"$words[$i]\" = \"$argv[$i]\"; or return 1\n"
           "    end\n"
           "end\n"
           "function __kinising_bare\n"
           "    test (count (commandline -opc)) -eq (math 1 + (count $argv)); and __kinising_at $argv\n"
           "end\n"]
    all_names = " ".join(c["name"] for c in commands)
    parts = parts_of(commands)
    for program in names:
        start = "complete -c %s " % program
        out.append(start + "-n __kinising_bare -f\n")
        for command in commands:
            out.append(start + "-n __kinising_bare -f -a %s -d %s\n" % (command["name"], quoted(command["summary"])))
        out.append(start + "-n __kinising_bare -f -a help -d 'the options of a command'\n")
        out.append(start + "-n '__kinising_bare help' -f -a %s\n" % quoted(all_names))
        for name, found in parts.items():
            for before in ("", "help "):
                out.append(start + "-n '__kinising_bare %s%s' -f -a %s\n" % (before, name, quoted(" ".join(found))))
        out.append(start + "-n '__kinising_at help' -f\n")
        for full, found in merged(commands):
            at = "-n %s " % quoted("__kinising_at " + full)
            for option in found:
                if option["positional"]:
                    continue
                line = start + at + ("-s %s " % option["letter"] if option["letter"] else "") + "-l " + option["name"]
                if option["kind"] != "flag":
                    line += " -r" + (" -F" if takes_file(option) else " -f")
                    if option["kind"] == "words":
                        line += " -a '(__fish_append , %s)'" % " ".join(option["words"])
                    elif option["words"]:
                        line += " -a %s" % quoted(" ".join(option["words"]))
                out.append(line + " -d %s\n" % quoted(option["help"]))
            if not any(o["positional"] for o in found):
                out.append(start + at + "-f\n")
            out.append(start + at + "-s h -l help -f -d 'this page'\n")
    return "".join(out)


def write(path, text):
    path.write_text(text, encoding="utf-8")


def main(kind, output, *rest):
    output = pathlib.Path(output)
    date, rest = (rest[0], rest[1:]) if kind == "man" else (None, rest)
    program, aliases = rest[0], list(rest[1:])
    commands, version = read_commands(program)
    names = ["kinising"] + aliases
    if kind == "man":
        output.mkdir(exist_ok=True)
        for old in output.glob("*.1"):
            old.unlink()
        for name, text in man_pages(commands, version, date, aliases).items():
            write(output / name, text)
        os.utime(output)
    else:
        write(output, {"bash": bash, "zsh": zsh, "fish": fish}[kind](commands, names))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
