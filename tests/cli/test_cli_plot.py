# SPDX-License-Identifier: BSD-3-Clause
"""Pictures: real files of the kind asked for, of a sane size, and not empty."""

import os
import re
import shutil
import signal
import struct
import subprocess
import xml.etree.ElementTree
import zlib

import numpy as np
import pytest

from conftest import parse_csv

from conftest import KINISING, default_signals, is_alive, wait_until

pytestmark = pytest.mark.skipif(shutil.which("gnuplot") is None, reason="needs gnuplot")

FIGURES = {
    "one parameter": ["theory", "--beta", "0:4:41", "--dJ", "0.5"],
    "family": ["theory", "--beta", "0:4:41", "--dJ", "0.5,1"],
    "eight in a family": ["theory", "--dJ", "0.1:0.8:8", "--beta", "0:4:41", "--dynamics", "sync"],
    "family the other way": ["theory", "--beta", "1,2,4", "--dJ", "0:1:30", "--unit", "bits"],
    "unsorted with inf": ["theory", "--beta", "inf,2,0.5,1,3", "--dJ", "0.5"],
    "asynchronous": ["theory", "--beta", "0:4:9", "--dynamics", "async"],
    "two-cycle": ["theory", "--J0", "-2:2:21", "--beta", "2", "--dJ", "0.3"],
    "map": ["theory", "--beta", "0:4:20", "--dJ", "0:1:20"],
    "map of negative J0": ["theory", "--beta", "0:4:12", "--J0", "-2:2:12", "--dJ", "0.3"],
    "map without beta": ["theory", "--dJ", "0.1:1:12", "--dH", "0:2:12", "--beta", "3", "--dynamics", "sync"],
    "map at T = 0": ["theory", "--dJ", "0.1:1:12", "--dH", "0:2:12", "--beta", "inf"],
    "uneven map": ["theory", "--beta", "0:1:9,1.5,3,inf", "--dJ", "0.1,0.2,0.4:1:9"],
    "coupling disorder at T = 0": ["theory", "--beta", "inf", "--dJ", "0:1:20"],
    "fields at T = 0": ["theory", "--beta", "2,inf", "--dJ", "0.3", "--dH", "0:1.5:20"],
    "six panels": ["theory", "--beta", "0:4:9", "--dJ", "0.5", "--panels", "m,q,q-m2,k,S,Sr"],
    "two maps": ["theory", "--beta", "0:4:12", "--dJ", "0:1:12", "--panels", "q,Sr"],
    "nothing but zeros": ["theory", "--beta", "0:2:12", "--dJ", "0"],
    "simulation": ["simulate", "--N", "12,20", "--beta", "0.5:3:4", "--dJ", "0.5", "--realizations", "20", "--steps",
                   "5", "--dynamics", "sync,async"],
    "simulation of two-cycles": ["simulate", "--N", "12", "--J0", "-2:2:5", "--beta", "2", "--realizations", "20",
                                 "--steps", "5", "--panels", "m,q,Sr,activity"],
    "long legend": ["transient", "--m0", "0.125,1", "--beta", "1,2", "--dJ", "0.25,0.5", "--steps", "9"],
    "map without a boundary": ["theory", "--beta", "0:0.5:9", "--dJ", "2:3:9"],
    "transient": ["transient", "--beta", "2", "--dJ", "0.5", "--m0", "0.1"],
    "asynchronous transient": ["transient", "--dynamics", "async", "--tmax", "3", "--points", "30"],
    "autocorrelation": ["autocorrelation", "--beta", "2", "--dJ", "0.5"],
    "one step": ["autocorrelation", "--dynamics", "sync", "--tmax", "1"],
    "critical": ["critical", "--dJ", "0:0.9:30", "--dH", "0,0.5"],
    "never ordered": ["critical", "--dJ", "1:2:9"],
}


def read_png(path):
    """Pixels of an 8-bit RGB(A) PNG without interlace, [height, width, channels]."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, body = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + chunk) == struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunk)
            assert depth == 8 and colour in (2, 6) and interlace == 0
        elif kind == b"IDAT":
            body += chunk
        at += 12 + length
    assert kind == b"IEND"
    channels = 3 if colour == 2 else 4
    raw = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, 1 + width * channels)
    lines = raw[:, 1:].reshape(height, width, channels)
    return undo_filters(raw[:, 0], lines)


def undo_filters(kinds, lines):
    """PNG's row filters. A pixel needs its left, upper and upper left neighbour, so all pixels with the
    same x + y can be done at once."""
    height, width, channels = lines.shape
    out = np.zeros((height + 1, width + 1, channels), np.int16)
    for step in range(height + width - 1):
        y = np.arange(max(0, step - width + 1), min(height, step + 1))
        x = step - y
        a, b, c = out[y + 1, x], out[y, x + 1], out[y, x]
        pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
        paeth = np.where((pa <= pb) & (pa <= pc), a, np.where(pb <= pc, b, c))
        kind = kinds[y][:, None]
        add = np.select([kind == 1, kind == 2, kind == 3, kind == 4], [a, b, (a + b) // 2, paeth], 0)
        out[y + 1, x + 1] = (lines[y, x] + add) & 255
    return out[1:, 1:].astype(np.uint8)


@pytest.mark.parametrize("name", FIGURES)
def test_png(run, tmp_path, name):
    done = run(*FIGURES[name], "--plot", "x.png", "-o", "x.csv")
    assert done.returncode == 0, done.stderr
    said = done.stderr.replace("kinising: seed 1\n", "")
    said = "".join(line for line in said.splitlines(True) if "warning" not in line)  # of few flips
    assert said == f"kinising: wrote x.csv ({count_rows(tmp_path)} rows)\nkinising: drew x.png\n"
    assert sorted(os.listdir(tmp_path)) == ["x.csv", "x.csv.json", "x.png"]
    pixels = read_png(tmp_path / "x.png")[..., :3].astype(int)
    height, width, _ = pixels.shape
    assert 500 <= height <= 1000 and 700 <= width <= 1600
    ink = (pixels < 250).any(axis=2)
    assert ink.mean() > 0.005
    # Nothing is cut off at the edge of the page.
    border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    assert not border.any()


def count_rows(folder):
    return len((folder / "x.csv").read_text().splitlines()) - 1


def grey_marks(path):
    """Abscissa, as a fraction of the width, of dashed grey vertical lines."""
    pixels = read_png(path)[..., :3].astype(int)
    grey = (np.abs(pixels - 128) < 25).all(axis=2)
    columns = grey.sum(axis=0)
    return np.flatnonzero(columns > 0.25 * columns.max()) / pixels.shape[1] if columns.max() > 80 else []


def test_critical_point_is_marked_where_it_is(run, tmp_path):
    run("theory", "--beta", "0:4:41", "--dJ", "0.5", "--plot", "x.png", "-o", "x.csv")
    marks = grey_marks(tmp_path / "x.png")
    assert len(marks) > 0
    # The first panel's axis goes from 0.2 to 0.97 of the left third of the page.
    first = [mark for mark in marks if mark < 1 / 3]
    expected = (0.2 + 0.77 * 1.3485 / 4) / 3
    assert first == pytest.approx([expected] * len(first), abs=0.003)
    run("theory", "--beta", "0:4:41", "--dJ", "1", "--plot", "y.png", "-o", "x.csv")
    assert len(grey_marks(tmp_path / "y.png")) == 0


def svg_words(run, tmp_path, *args):
    """The texts of a picture as one string."""
    done = run(*args, "--plot", "x.svg", "-o", "x.csv", "--quiet")
    assert done.returncode == 0, done.stderr
    root = xml.etree.ElementTree.fromstring((tmp_path / "x.svg").read_text(encoding="utf-8"))
    return " | ".join("".join(text.itertext()).strip() for text in root.iter("{http://www.w3.org/2000/svg}text"))


def svg_lines(tmp_path):
    """(colour, [(x, y), ...]) of every line of x.svg."""
    text = (tmp_path / "x.svg").read_text(encoding="utf-8")
    found = []
    for colour, d in re.findall(r"<path stroke='([^']*)'[^>]*? d='([^']*)'", text):
        pairs = re.findall(r"([-0-9.]+),([-0-9.]+)", d)
        found.append((colour.replace(" ", ""), [(float(x), float(y)) for x, y in pairs]))
    return found, float(re.search(r"viewBox=\"0 0 ([0-9.]+)", text)[1])


def test_curves_are_zero_at_the_critical_point_and_not_before(run, tmp_path):
    """Six points know where m sets in: it is solved for, with points near it."""
    svg_words(run, tmp_path, "theory", "--beta", "0:4:6", "--dJ", "0.5", "--panels", "m")
    lines, width = svg_lines(tmp_path)
    critical = width * (0.13 + 0.84 * 1.348499961 / 4)
    curve = max((points for _, points in lines), key=len)
    assert len(curve) > 12
    zero = curve[0][1]
    below = [y for x, y in curve if x < critical - 0.05]
    assert below == pytest.approx([zero] * len(below), abs=0.02)
    assert any(abs(x - critical) < 0.05 and abs(y - zero) < 0.02 for x, y in curve)
    near = [y for x, y in curve if critical + 0.1 < x < critical + 20]
    assert near and max(near) < zero - 3


def test_the_curve_beneath_a_simulation_is_zero_at_the_critical_point(run, tmp_path):
    """Its peak of sigma too is where the transition is, not at the next of its even samples."""
    svg_words(run, tmp_path, "simulate", "--N", "9", "--beta", "0:4:3", "--dJ", "0.5", "--realizations", "2", "--steps",
              "2", "--panels", "m")
    lines, width = svg_lines(tmp_path)
    curve = max((points for _, points in lines), key=len)
    critical = width * (0.13 + 0.84 * (1.348499961 + 0.08) / 4.16)  # points at the ends are drawn whole
    below = [y for x, y in curve if x < critical - 0.05]
    assert below == pytest.approx([curve[0][1]] * len(below), abs=0.02)
    assert any(abs(x - critical) < 0.05 and abs(y - curve[0][1]) < 0.02 for x, y in curve)


def test_critical_lines_have_the_colour_of_their_curve(run, tmp_path):
    svg_words(run, tmp_path, "theory", "--beta", "0:4:21", "--dJ", "0.2,0.5,0.7", "--dynamics", "sync", "--panels", "m")
    lines, width = svg_lines(tmp_path)
    curves = {colour for colour, points in lines if len(points) > 20}
    marks = {colour: points[0][0] for colour, points in lines
             if len(points) == 2 and points[0][0] == points[1][0] and colour in curves}
    assert len(curves) == len(marks) == 3
    rows = parse_csv(run("critical", "--dJ", "0.2,0.5,0.7").stdout)
    expected = sorted(width * (0.13 + 0.84 * row["beta"] / 4) for row in rows)
    assert sorted(marks.values()) == pytest.approx(expected, abs=0.2)


def test_zero_temperature_shows_sigma_over_beta(run, tmp_path):
    """sigma is infinite there; the panel shows what is not, for every abscissa and in maps."""
    for args in (["--beta", "inf", "--dJ", "0.1:1:9"], ["--beta", "inf", "--dH", "0.1:1:9", "--dJ", "0.5"],
                 ["--beta", "inf", "--dH", "0.1:1:9", "--dJ", "0.1:1:9"], ["--beta", "1,inf", "--dJ", "0.1:1:9"]):
        words = svg_words(run, tmp_path, "theory", *args)
        assert "σ / β  (nats/spin/step)" in words and "(dσ/dt) / β" in words
        assert "not defined" not in words and "infinite" not in words and "inf" not in words.split()
    words = svg_words(run, tmp_path, "theory", "--beta", "inf", "--dJ", "0.1:1:9", "--panels", "Sr,chi")
    assert "infinite here" in words
    assert "σ / β" not in svg_words(run, tmp_path, "theory", "--beta", "1,2,inf", "--dJ", "0.5")


def test_panels_by_choice(run, tmp_path):
    words = svg_words(run, tmp_path, "theory", "--beta", "0:4:12", "--dJ", "0:1:12", "--panels", "Sr,q", "--unit", "bits")
    assert "Sr  (bits/spin/step)" in words and "| q |" in words and "σ" not in words
    words = svg_words(run, tmp_path, "transient", "--steps", "9", "--panels", "Sr,sigma")
    assert "Sr  (nats/spin)" in words and "entropy flow" in words and "| m |" not in words and "dashed" not in words
    assert "S, Sr dashed" in svg_words(run, tmp_path, "transient", "--steps", "9")
    simulate = ["simulate", "--N", "9", "--beta", "1,2", "--realizations", "3", "--steps", "2"]
    words = svg_words(run, tmp_path, *simulate, "--panels", "Sr,activity")
    assert "Sr  (nats/spin/step)" in words and "| activity |" in words and "| m |" not in words
    done = run(*simulate, "--panels", "m,q,S,Sr,sigma,activity", "--dynamics", "sync,async", "--plot", "y.png")
    assert done.returncode == 2 and "do not fit" in done.stderr
    words = svg_words(run, tmp_path, "theory", "--beta", "0:4:12", "--panels", "sigma_over_beta,k")
    assert "σ / β" in words and "| k |" in words and "| m |" not in words
    for args, mention in ((["--panels", "sigma_async", "--dynamics", "sync"], "is not computed"),
                          (["--panels", "m,q,q-m2,k,S,Sr,sigma"], "at most 6"),
                          (["--panels", "x"], "is unknown"), (["--panels", "m,m"], "twice")):
        done = run("theory", "--beta", "0:4:12", *args, "--plot", "y.png")
        assert done.returncode == 2 and mention in done.stderr and done.stderr.count("\n") == 1


def test_what_labels_say(run, tmp_path):
    words = svg_words(run, tmp_path, "theory", "--beta", "0:4:12", "--dJ", "0:1:12")
    assert words.count("square-root scale") == 3  # q - m^2 and both entropy productions
    words = svg_words(run, tmp_path, "theory", "--J0", "-2:2:12", "--beta", "2", "--dJ", "0.3")
    assert "m  (two-cycle: its amplitude)" in words and "q  (two-cycle: at even lags)" in words
    words = svg_words(run, tmp_path, "theory", "--beta", "0:2:12", "--dJ", "0")
    assert words.count("zero everywhere") == 2
    words = svg_words(run, tmp_path, "theory", "--beta", "0:4:21", "--dJ", "0.5", "--panels", "k,S,chi,sigma")
    assert "102 | 103 | 104" in words and "107" not in words  # decades, a gap where it diverges
    assert svg_words(run, tmp_path, "critical", "--dJ", "2:3:9").startswith("2 | 2.2 |")  # no scale without a value
    words = svg_words(run, tmp_path, "theory", "--beta", "0:0.5:12", "--dJ", "0:1:12", "--panels", "m")
    assert "zero everywhere" in words and "0.2 | 0.4 | 0.6 | 0.8 | 1 | m" not in words


@pytest.mark.parametrize("name", ["family", "map", "uneven map", "transient"])
def test_svg_and_pdf(run, tmp_path, name):
    assert run(*FIGURES[name], "--plot", "x.svg", "--plot", "x.pdf").returncode == 2
    assert run(*FIGURES[name], "--plot", "x.svg", "--quiet").stderr == ""
    assert run(*FIGURES[name], "--plot", "x.PDF", "--quiet").stderr == ""
    assert sorted(os.listdir(tmp_path)) == ["x.PDF", "x.svg"]
    svg = (tmp_path / "x.svg").read_text(encoding="utf-8")
    root = xml.etree.ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert 700 <= width <= 1600 and 500 <= height <= 1000
    assert len(svg) > 10000 and "nats/spin" in svg
    # No picture in a file of its own.
    assert all(ref.startswith(("#", "data:")) for ref in re.findall(r"xlink:href='([^']*)", svg))
    pdf = (tmp_path / "x.PDF").read_bytes()
    assert pdf.startswith(b"%PDF-") and b"%%EOF" in pdf[-32:] and len(pdf) > 5000


def test_file_names_are_never_commands(run, tmp_path):
    for name in ("a'b.png", "`touch x`.png", '"; system("touch x"); ".png', "$(touch x).png", "-o.png", "é\n.png"):
        done = run("critical", "--dJ", "0.1:0.7:9", f"--plot={name}", "-o", "t.csv")
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("\n") == 2
        assert sorted(os.listdir(tmp_path)) == sorted([name, "t.csv", "t.csv.json"])
        read_png(tmp_path / name)
        (tmp_path / name).unlink()


def test_own_start_up_file_is_left_alone(run, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gnuplot").write_text("exit status 3\n")
    args = ["critical", "--dJ", "0.1:0.7:9", "--plot", "x.png", "-o", "t.csv"]
    assert run(*args, env={"HOME": str(home)}).returncode == 0


def test_picture_replaces_the_old_one_and_keeps_its_rights(run, tmp_path):
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "real.png").chmod(0o640)
    (tmp_path / "link.png").symlink_to("real.png")
    args = ["critical", "--dJ", "0.1:0.7:9", "-o", "t.csv"]
    assert run(*args, "--plot", "link.png").returncode == 0
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").stat().st_mode & 0o777 == 0o640
    read_png(tmp_path / "real.png")
    assert run(*args, "--plot", "new.png", umask=0o027).returncode == 0
    assert (tmp_path / "new.png").stat().st_mode & 0o777 == 0o640


def test_data_still_goes_to_stdout(run, tmp_path):
    done = run("theory", "--beta", "0:4:9", "--plot", "x.png")
    assert len(done.stdout.splitlines()) == 10
    assert done.stderr == "kinising: drew x.png\n"


# --- where the picture goes ----------------------------------------------------------------------

CRITICAL = ["critical", "--dJ", "0.1:0.7:9", "-o", "t.csv", "--quiet"]


def test_a_link_to_nothing_yet_is_followed(run, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.png").symlink_to("folder/real.png")
    assert run(*CRITICAL, "--plot", "link.png").returncode == 0
    assert (tmp_path / "link.png").is_symlink()
    read_png(tmp_path / "folder" / "real.png")


def test_a_protected_picture_is_refused(tmp_path):
    """At once, as a protected table is; root writes everywhere, so that root gives its rights away."""
    (tmp_path / "old.png").write_bytes(b"old")
    (tmp_path / "old.png").chmod(0o444)
    (tmp_path / "link.png").symlink_to("old.png")
    tmp_path.chmod(0o777)
    options = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    for name in ("old.png", "link.png"):
        try:
            done = subprocess.run([KINISING, "critical", "--dJ", "0.1:0.7:9", "--plot", name], cwd=tmp_path,
                                  text=True, capture_output=True, timeout=60, check=False, **options)
        except PermissionError:
            pytest.skip("the program is in a folder of root's own")
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr == (f"kinising: {name} : cannot be written: Permission denied : a file and folder "
                               "that may be written\n")
    assert (tmp_path / "old.png").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["link.png", "old.png"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_gnuplot_that_hangs_ends_with_the_program(tmp_path, number):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "gnuplot"
    program.write_text('#!/bin/sh\necho "half a picture"; echo $$ >pid.tmp; mv pid.tmp pid; exec sleep 1000\n')
    program.chmod(0o755)
    (tmp_path / "x.png").write_bytes(b"old")
    process = subprocess.Popen([KINISING, *CRITICAL, "--plot", "x.png"], cwd=tmp_path,
                               env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
                               preexec_fn=default_signals)
    try:
        wait_until((tmp_path / "pid").exists)
        process.send_signal(number)
        assert process.wait(60) == -number
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not is_alive(int((tmp_path / "pid").read_text())))
    assert sorted(os.listdir(tmp_path)) == ["bin", "pid", "t.csv", "t.csv.json", "x.png"]
    assert (tmp_path / "x.png").read_bytes() == b"old"


AT_ONCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>
int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files, const posix_spawnattr_t *how,
                char *const argv[], char *const envp[]) {
    __typeof__(posix_spawn) *real = (__typeof__(posix_spawn) *)dlsym(RTLD_NEXT, "posix_spawn");
    const int error = real(pid, path, files, how, argv, envp);
    while (access("pid", F_OK) != 0)
        usleep(1000);
    kill(getpid(), SIGTERM);
    return error;
}
"""


def test_a_signal_while_gnuplot_is_started_ends_it_too(tmp_path):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "gnuplot"
    program.write_text('#!/bin/sh\necho $$ >pid.tmp; mv pid.tmp pid; exec sleep 1000\n')
    program.chmod(0o755)
    (tmp_path / "once.c").write_text(AT_ONCE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "once.so", "once.c", "-ldl"], cwd=tmp_path, check=True)
    done = subprocess.run([KINISING, *CRITICAL, "--plot", "x.png"], cwd=tmp_path, timeout=60, check=False,
                          env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                               "LD_PRELOAD": str(tmp_path / "once.so")}, preexec_fn=default_signals)
    assert done.returncode == -signal.SIGTERM
    wait_until(lambda: not is_alive(int((tmp_path / "pid").read_text())))
