# SPDX-License-Identifier: BSD-3-Clause
"""What the commands print and write when they are used well."""

import json
import math
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import time

import numpy as np
import pytest

from conftest import KINISING, THEORY_COLUMNS, parse_csv

COMMANDS = ["theory", "transient", "autocorrelation", "critical", "info"]


# --- numbers -------------------------------------------------------------------------------------

# beta, dJ -> m, q, S, sigma, sigma_async at J0 = 1, dH = 0; nine digits, from independent quadrature.
GOLDEN = {
    (1, 0.5): (0, 0, 0.599438219, 0.206620964, 0.098456),
    (2, 0.5): (0.724682703, 0.603484357, 0.269108018, 0.129052032, 0.061609),
    (4, 0.5): (0.898483525, 0.882781446, 0.081577180, 0.044294144, 0.021063),
    (1, 1): (0, 0, 0.462008878, 0.605705510, 0.267633),
    (2, 1): (0, 0, 0.290851684, 1.458955063, 0.584434),
    (4, 1): (0, 0, 0.158546963, 3.113611529, 1.167007),
}


def test_theory_golden(table):
    rows = table("theory", "--beta", "1,2,4", "--dJ", "0.5,1")
    assert len(rows) == 6
    for row in rows:
        m, q, S, sigma, sigma_async = GOLDEN[row["beta"], row["dJ"]]
        assert row["m"] == pytest.approx(m, abs=1e-9)
        assert row["q"] == pytest.approx(q, abs=1e-9)
        assert row["S"] == pytest.approx(S, abs=1e-9)
        assert row["sigma"] == pytest.approx(sigma, abs=1e-9)
        assert row["sigma_async"] == pytest.approx(sigma_async, abs=6e-7)
        assert row["Sr"] == pytest.approx(row["S"] + row["sigma"], rel=1e-14)
        assert row["phase"] == ("ferromagnetic" if m > 0 else "paramagnetic")
        assert row["status"] == "ok"


def test_theory_columns_and_product_order(run):
    done = run("theory", "--dH", "0,0.5", "--dJ", "0.2,1", "--J0", "1,2", "--beta", "0.5,1")
    header, *lines = done.stdout.splitlines()
    assert header == THEORY_COLUMNS
    points = [tuple(float(x) for x in line.split(",")[:4]) for line in lines]
    assert points == [
        (beta, J0, dJ, dH) for dH in (0, 0.5) for dJ in (0.2, 1) for J0 in (1, 2) for beta in (0.5, 1)
    ]
    assert done.stderr == ""


def test_lists(table):
    def betas(text):
        return [row["beta"] for row in table("theory", "--beta", text, "--dynamics", "sync")]

    assert betas("0.5") == [0.5]
    assert betas("0.5,1,2") == [0.5, 1, 2]
    assert betas("2,0.5") == [2, 0.5]
    assert betas("0:1:11") == list(np.linspace(0, 1, 11))
    assert betas("0.1:0.7:2") == [0.1, 0.7]
    assert betas("1:1:1") == [1]
    assert betas("0.5,1:2:3,inf") == [0.5, 1, 1.5, 2, math.inf]
    assert betas("1e-3,.5,5.") == [1e-3, 0.5, 5]


def test_ranges_are_linspace_to_the_last_bit(table):
    """Rows join with grids that were made by numpy: many triples, negative, huge, tiny and denormal."""
    rng = np.random.default_rng(7)
    ends = [sorted(rng.normal(size=2) * 10.0 ** rng.integers(-5, 5)) for _ in range(40)]
    ends += [sorted(rng.integers(-30, 30, size=2) / 10) for _ in range(40)]
    ends += [(-5e-324, 1e-323), (0, 5e-324), (0, 1e-320), (-1e-310, 3e-310), (-8e307, 9e307), (0.1, 0.7)]
    triples = [(a, b, int(rng.integers(2, 200))) for a, b in ends if a < b]
    texts = [f"{float(a)!r}:{float(b)!r}:{n}" for a, b, n in triples]
    got = [row["J0"] for row in table("critical", "--J0", ",".join(texts))]
    expected = np.concatenate([np.linspace(*triple) for triple in triples])
    np.testing.assert_array_equal(np.array(got).view(np.int64), expected.view(np.int64))


@pytest.mark.parametrize("text,value", [
    ("1e3", 1000), ("1.5e1", 15), ("20.0", 20), ("120e-1", 12), (".5e1", 5), ("0003", 3), ("1E+1", 10),
    ("7.", 7), ("1000000000e-7", 100),
])
def test_whole_numbers_in_any_spelling(run, text, value):
    def rows(count):
        done = run("simulate", "--N", f"3,{count}", "--realizations", str(count), "--steps", "2", "--reproducible")
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert rows(text) == rows(value)
    assert len(run("theory", "--beta", f"0:1:{text}", "--dynamics", "sync").stdout.splitlines()) == value + 1


@pytest.mark.parametrize("text,seed", [
    ("18446744073709551615", 18446744073709551615), ("1.8446744073709551615e19", 18446744073709551615),
    ("184467440737095516150e-1", 2**64 - 1), ("1844674407370955161.6e1", None), ("1e19", 10**19), ("0e99", 0), ("0.00", 0), ("9007199254740993.0", 2**53 + 1),
])
def test_whole_numbers_are_exact(run, tmp_path, text, seed):
    """A seed is 64 bits; a double would have 53."""
    done = run("critical", "-o", "x.csv", "--seed", text, "--quiet")
    if seed is None:
        assert done.returncode == 2 and "too large" in done.stderr
    else:
        assert json.loads((tmp_path / "x.csv.json").read_text())["seed"] == seed


@pytest.mark.parametrize("args", [["--J0", "-0.5"], ["--J0=-0.5"], ["--J0", "-.5"], ["--J0=-5e-1"]])
def test_negative_values(table, args):
    assert table("theory", *args)[0]["J0"] == -0.5
    assert table("theory", "--J0", "-1:1:3")[0]["J0"] == -1


def test_full_precision_round_trip(run):
    """Parsing a cell and printing it with 17 digits gives the cell back."""
    done = run("theory", "--beta", "0.1:3:30", "--dJ", "0.3")
    for line in done.stdout.splitlines()[1:]:
        for cell in line.split(","):
            if re.fullmatch(r"-?[0-9].*", cell):
                assert "%.17g" % float(cell) == cell


def test_spelling_of_nan_and_inf(run):
    done = run("theory", "--beta", "inf", "--dynamics", "sync")
    row = dict(zip(THEORY_COLUMNS.split(","), done.stdout.splitlines()[1].split(",")))
    assert row["beta"] == "inf" and row["sigma"] == "inf" and row["sigma_async"] == "nan"
    assert "-nan" not in done.stdout
    assert float(row["sigma_over_beta"]) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-9)


def test_dynamics(table):
    both = table("theory", "--beta", "2")[0]
    sync = table("theory", "--beta", "2", "--dynamics", "sync")[0]
    alone = table("theory", "--beta", "2", "--dynamics=async")[0]
    assert sync["sigma"] == both["sigma"] and math.isnan(sync["sigma_async"])
    assert alone["sigma_async"] == both["sigma_async"] and math.isnan(alone["sigma"])
    assert table("theory", "--beta", "2", "--dynamics", "async,sync")[0] == both


def test_tidy_has_a_row_for_each_dynamics_and_the_names_of_simulate(table):
    """Each row is what the dynamics has by itself; where J0 < 0 the two states differ."""
    args = ["theory", "--beta", "0,1.5,inf", "--J0", "-1,1", "--dJ", "0.3", "--dH", "0.2"]
    rows, wide = table(*args, "--tidy"), table(*args)
    assert list(rows[0]) == ("beta,J0,dJ,dH,dynamics,phase,m,q,k,S,Sr,sigma,sigma_over_beta,chi,status".split(","))
    assert [row["dynamics"] for row in rows] == ["sync"] * 6 + ["async"] * 6
    simulated = table("simulate", "--N", "4", "--realizations", "1", "--steps", "1")[0]
    joined = {"beta", "J0", "dJ", "dH", "dynamics", "m", "q", "S", "Sr", "sigma"}
    assert joined <= set(rows[0]) and joined <= set(simulated)
    alone = {"sync": table(*args, "--dynamics", "sync"), "async": table(*args, "--dynamics", "async")}
    for i, row in enumerate(rows):
        own, end = alone[row["dynamics"]][i % 6], "_async" if row["dynamics"] == "async" else ""
        for name in ("beta", "J0", "dJ", "dH", "phase", "m", "q", "k", "S", "chi", "status"):
            assert row[name] == own[name]
        for name, column in (("Sr", "Sr" + end), ("sigma", "sigma" + end),
                             ("sigma_over_beta", f"sigma{end}_over_beta")):
            assert row[name] == own[column] == wide[i % 6][column]
    cycle = [row for row in rows if row["beta"] == 1.5 and row["J0"] == -1]
    assert [row["phase"] for row in cycle] == ["two-cycle", "paramagnetic"] and cycle[1]["m"] == 0
    assert table(*args, "--tidy", "--dynamics", "async") == rows[6:]


def test_tables_join_without_renaming(table):
    """Equal names, equal spelling, equal bits of the grid: the rows of three commands meet."""
    lists = ["--beta", "0.1:0.7:7", "--dJ", "0.3,0.9"]
    key = ("beta", "J0", "dJ", "dH", "dynamics")
    exact = {tuple(row[k] for k in key): row for row in table("theory", *lists, "--tidy")}
    finite = table("simulate", *lists, "--dynamics", "sync,async", "--N", "400", "--realizations", "1", "--steps", "30")
    relaxed = table("transient", *lists, "--steps", "400", "--m0", "0.1")[400::401]
    for rows in (finite, relaxed):
        joined = [(row, exact[tuple(row[k] for k in key)]) for row in rows]
        assert len(joined) == (28 if rows is finite else 14)
        for row, other in joined:
            assert row["status"] == other["status"] == "ok"
            for name in ("m", "q", "S", "Sr", "sigma"):
                assert row[name] == pytest.approx(other[name], abs=0.3 if rows is finite else 1e-8)


def test_bits(table):
    nats = table("theory", "--beta", "1.7", "--dJ", "0.4")[0]
    bits = table("theory", "--beta", "1.7", "--dJ", "0.4", "--unit", "bits")[0]
    for name in THEORY_COLUMNS.split(","):
        entropic = name.startswith(("S", "sigma"))
        if entropic:
            assert bits[name] * math.log(2) == pytest.approx(nats[name], rel=1e-14)
        else:
            assert bits[name] == nats[name]


def test_threads_do_not_change_results(run):
    one = run("theory", "--beta", "0:3:40", "--dJ", "0.5", "--threads", "1").stdout
    assert run("theory", "--beta", "0:3:40", "--dJ", "0.5", "--threads", "2").stdout == one


# --- the other commands --------------------------------------------------------------------------


def test_critical(table):
    rows = table("critical", "--dJ", "0.2,0.5,1")
    assert list(rows[0]) == ["J0", "dJ", "dH", "beta", "solve_for", "status"]
    assert {row["solve_for"] for row in rows} == {"beta"}
    assert rows[0]["beta"] == pytest.approx(1.041709893, abs=1e-9)
    assert rows[1]["beta"] == pytest.approx(1.348499961, abs=1e-9)
    assert math.isnan(rows[2]["beta"]) and rows[2]["status"] == "no-ordered-phase"
    rows = table("critical", "--solve-for", "dJ", "--beta", "10,20,inf")
    expected = [0.792734, 0.796596, math.sqrt(2 / math.pi)]
    assert [row["dJ"] for row in rows] == pytest.approx(expected, abs=1e-6)
    assert {row["solve_for"] for row in rows} == {"dJ"} and [row["J0"] for row in rows] == [1, 1, 1]
    row = table("critical", "--solve-for", "J0", "--beta", "1.348499961", "--dJ", "0.5")[0]
    assert row["J0"] == pytest.approx(1, abs=1e-8)
    # At dJ = 0 the boundary in dH is beta J0 tanh(beta dH) / (beta dH) = 1.
    row = table("critical", "--solve-for", "dH", "--beta", "2", "--dJ", "0")[0]
    assert math.tanh(2 * row["dH"]) == pytest.approx(row["dH"], rel=1e-12)


def test_critical_agrees_with_theory(table):
    beta = table("critical", "--dJ", "0.5", "--dH", "0.3")[0]["beta"]
    rows = table("theory", "--beta", f"{beta * 0.999:.17g},{beta * 1.001:.17g}", "--dJ", "0.5", "--dH", "0.3")
    assert [row["phase"] for row in rows] == ["paramagnetic", "ferromagnetic"]


def test_transient_sync(table):
    rows = table("transient", "--beta", "2", "--dJ", "0.5", "--m0", "0.3", "--steps", "200", "--lag", "3")
    assert list(rows[0]) == ["beta", "J0", "dJ", "dH", "dynamics", "m0", "lag", "t", "m", "q", "S", "Sr",
                             "sigma", "status"]
    assert all((row["beta"], row["J0"], row["dJ"], row["dH"], row["dynamics"], row["m0"], row["lag"],
                row["status"]) == (2, 1, 0.5, 0, "sync", 0.3, 3, "ok") for row in rows)
    assert [row["t"] for row in rows] == list(range(201))
    assert rows[0]["m"] == 0.3 and math.isnan(rows[2]["q"]) and not math.isnan(rows[3]["q"])
    m, q, S, sigma, _ = GOLDEN[2, 0.5]
    assert rows[-1]["m"] == pytest.approx(m, abs=1e-8)
    assert rows[-1]["q"] == pytest.approx(q, abs=1e-8)
    assert rows[-1]["S"] == pytest.approx(S, abs=1e-8)
    assert rows[-1]["sigma"] == pytest.approx(sigma, abs=1e-8)
    assert len(table("transient")) == 51


def test_transient_async(table):
    rows = table(
        "transient", "--dynamics", "async", "--beta", "1", "--dJ", "1", "--m0", "0.2", "--tmax", "2",
        "--points", "20", "--lag", "0.5",
    )
    assert [row["t"] for row in rows] == pytest.approx([i / 10 for i in range(21)], abs=1e-15)
    assert math.isnan(rows[4]["q"]) and not math.isnan(rows[5]["q"])
    assert rows[0]["m"] == 0.2


@pytest.mark.parametrize("more", [["--steps", "4"], ["--dynamics", "async", "--tmax", "2", "--points", "5"]],
                         ids=["sync", "async"])
def test_transient_over_lists(table, more):
    """Row by row what single runs give, in the order m0, dH, dJ, J0, beta, t."""
    rows = table("transient", "--m0", "-0.2,1", "--dJ", "0.3,0.8", "--beta", "0.5,2", *more)
    single = [
        row for m0 in ("-0.2", "1") for dJ in ("0.3", "0.8") for beta in ("0.5", "2")
        for row in table("transient", "--m0", m0, "--dJ", dJ, "--beta", beta, *more)
    ]
    assert [str(row) for row in rows] == [str(row) for row in single]


def test_two_time_over_lists(run, tmp_path):
    args = ["transient", "--steps", "5", "--two-time", "-o", "c.npz", "--quiet"]
    assert run(*args, "--beta", "1,2").returncode == 0
    with np.load(tmp_path / "c.npz") as data:
        C = data["C"]
    assert C.shape == (2, 6, 6)
    assert run(*args, "--beta", "1,2", "--dJ", "1,2,3").returncode == 0
    with np.load(tmp_path / "c.npz") as data:
        assert data["C"].shape == (3, 2, 6, 6)
        np.testing.assert_array_equal(data["C"][0], C)
    assert run(*args, "--beta", "1,2", "--dJ", "1,2,3", "--m0", "1,0").returncode == 0
    with np.load(tmp_path / "c.npz") as data:
        assert data["C"].shape == (12, 6, 6)
        np.testing.assert_array_equal(data["C"][:2], C)
    for i, beta in enumerate(("1", "2")):
        assert run(*args, "--beta", beta).returncode == 0
        with np.load(tmp_path / "c.npz") as data:
            np.testing.assert_array_equal(data["C"], C[i])


def test_two_time(run, tmp_path):
    assert run("transient", "--steps", "6", "--two-time", "-o", "c.npz").returncode == 0
    with np.load(tmp_path / "c.npz") as data:
        C = data["C"]
        assert C.shape == (7, 7)
        np.testing.assert_array_equal(np.diag(C), 1)
        np.testing.assert_array_equal(C, C.T)
        np.testing.assert_allclose(np.diag(C, 1), data["q"][1:], rtol=0, atol=1e-12)


def test_autocorrelation(table):
    rows = table("autocorrelation", "--beta", "2", "--dJ", "0.5", "--tmax", "30", "--points", "60")
    assert list(rows[0]) == ["beta", "J0", "dJ", "dH", "dynamics", "tau", "C", "status"]
    assert len(rows) == 61 and rows[-1]["tau"] == 30
    assert rows[0] == {"beta": 2, "J0": 1, "dJ": 0.5, "dH": 0, "dynamics": "async", "tau": 0, "C": 1,
                       "status": "ok"}
    several = table("autocorrelation", "--beta", "1,2", "--dJ", "0.5", "--tmax", "30", "--points", "60")
    assert several[61:] == rows and {row["beta"] for row in several[:61]} == {1}
    assert rows[-1]["C"] == pytest.approx(GOLDEN[2, 0.5][1], abs=1e-6)
    C = [row["C"] for row in rows]
    assert C == sorted(C, reverse=True)
    rows = table("autocorrelation", "--beta", "2", "--dJ", "0.5", "--dynamics", "sync", "--tmax", "3")
    assert [row["tau"] for row in rows] == [0, 1, 2, 3]
    assert [row["C"] for row in rows[1:]] == pytest.approx([GOLDEN[2, 0.5][1]] * 3, abs=1e-9)


def test_info(run):
    done = run("info")
    facts = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    for key in ("version", "commit", "compiler", "build type", "CPU features", "kernels", "BLAS",
                "threads", "HDF5", "gnuplot"):
        assert key in facts
    assert re.fullmatch(r"\d+\.\d+\.\d+", facts["version"])
    assert int(facts["threads"]) >= 1
    assert run("--version").stdout == f"kinising {facts['version']}\n"
    assert "gnuplot: not found" in run("info", env={"PATH": "/nonexistent"}).stdout


def test_the_version_in_every_way(run):
    said = run("--version").stdout
    assert re.fullmatch(r"kinising \d+\.\d+\.\d+\n", said)
    assert run("-V").stdout == said and run("version").stdout == said


# --- help ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_its_examples(run, command):
    done = run(command, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert run("help", command).stdout == done.stdout == run(command, "-h").stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    examples = done.stdout.split("example:\n")[1].splitlines()
    assert examples
    for example in examples:
        program, *args = shlex.split(example)
        assert program == "kinising" and args[0] == command
        if "--plot" in args and "gnuplot: not found" in run("info").stdout:
            continue
        ran = run(*args)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout


def test_usage_lists_every_command(run):
    done = run("help")
    assert done.returncode == 0 and done.stdout == run("--help").stdout
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", done.stdout, re.MULTILINE)


def test_help_of_a_part_of_a_command(run):
    for part in ("draw", "info", "convert"):
        done = run("help", "network", part)
        assert done.returncode == 0 and done.stdout == run("network", part, "--help").stdout
        assert done.stdout.startswith(f"usage: kinising network {part} ")


def test_help_promises_what_there_is(run):
    """Commands that are planned are not in the help before they are there."""
    text = run("help").stdout
    names = re.findall(r"^  (\S+) ", text, re.MULTILINE)
    assert len(names) >= 11
    for name in names:
        assert run(name, "--help").returncode == 0
    for word in ("fit", "diagnose", "reproduce", "benchmark", "raster", "entropy"):
        if word not in names:
            assert not re.search(rf"kinising {word}\b", text)
            for name in names:
                assert not re.search(rf"kinising {word}\b", run(name, "--help").stdout)


def test_options_of_another_mode_are_not_in_help(run):
    assert "--replicas" not in run("simulate", "--help").stdout
    text = run("simulate", "--network", "x.npz", "--help").stdout
    assert "--replicas" in text and "--realizations" not in text and "--plot" not in text


def test_every_option_is_in_help(run):
    text = run("theory", "--help").stdout
    for name in ("beta", "J0", "dJ", "dH", "dynamics", "output", "plot", "threads", "seed", "quiet",
                 "unit", "help"):
        assert f"--{name}" in text


def test_reader_that_leaves(tmp_path):
    """`kinising ... | head -1` is quiet, whether SIGPIPE kills or is ignored."""
    for ignore in (False, True):
        with subprocess.Popen(
            [KINISING, "theory", "--beta", "0:4:3000", "--dynamics", "sync"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=tmp_path, restore_signals=not ignore,
        ) as child:
            assert child.stdout.readline().decode().startswith("beta,")
            child.stdout.close()
            assert child.stderr.read() == b""
            assert child.wait(60) in (-signal.SIGPIPE, 1)


@pytest.mark.parametrize("args", [
    ["transient", "--dynamics", "async", "--tmax", "20", "--points", "200"],
    ["simulate", "--N", "100,200", "--rel-err", "0.002"],
], ids=" ".join)
def test_the_progress_bar_does_not_go_back(tmp_path, args):
    ours, theirs = os.openpty()
    with subprocess.Popen([KINISING, *args], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
    os.close(ours)
    assert process.returncode == 0
    parts = [int(part) for part in re.findall(r"\] +(\d+) %", said.decode())]
    assert parts == sorted(parts)


def test_a_file_called_minus_is_stdout(run, tmp_path):
    plain = run("theory", "--beta", "1,2").stdout
    assert run("theory", "--beta", "1,2", "-o", "-").stdout == plain
    assert run("theory", "--beta", "1,2", "--output=-").stdout == plain
    assert run("network", "draw", "--N", "4", "-o-n.npz").returncode == 0
    info = run("network", "info", "-o", "-", "--", "-n.npz")
    assert info.returncode == 0 and info.stdout.startswith("N,beta") and info.stderr == ""
    assert run("merge", "--", "-n.npz").stderr.startswith("kinising: -n.npz : is no part")
    assert os.listdir(tmp_path) == ["-n.npz"]
    assert run("theory", "--beta", "1,2", "--").stdout == plain


def test_closed_stdout(run, tmp_path):
    """A closed stdout is an error for what goes there, and none for a file."""
    script = 'exec "$0" "$@" >&-'
    for args, status in ((["info"], 1), (["critical"], 1), (["critical", "-o", "x.csv", "--quiet"], 0)):
        done = subprocess.run(["sh", "-c", script, KINISING, *args], cwd=tmp_path, text=True, check=False,
                              stderr=subprocess.PIPE)
        assert done.returncode == status
        if status:
            assert done.stderr.startswith("kinising: standard output : ")
            assert done.stderr.count("\n") == 1
    assert (tmp_path / "x.csv").read_text().startswith("J0,")


def watch(updates, *args):
    """What a terminal shows of a command, which is ended after so many updates of its progress bar."""
    controller, terminal = pty.openpty()
    with subprocess.Popen([KINISING, *args], stdout=subprocess.DEVNULL, stderr=terminal) as child:
        os.close(terminal)
        shown, ends = b"", time.monotonic() + 60
        while child.poll() is None and time.monotonic() < ends:
            if select.select([controller], [], [], 0.1)[0]:
                try:
                    shown += os.read(controller, 4096)
                except OSError:  # its other side is closed
                    break
            if b"left" in shown and shown.count(b"%") > updates:
                break
        child.kill()
    os.close(controller)
    return shown.decode()


def test_progress_says_what_is_left_and_never_goes_back(run):
    big = ["theory", "--beta", "0:4:20000", "--dJ", "0.1:1:100"]
    for more in ([], ["--tidy"]):
        shown = watch(5, *big, *more)
        assert re.search(r"theory \[#* *\] +\d+ %  [0-9.]+ (s|min|h) left", shown), shown
    # Both dynamics under one bar: the second does not begin at 0 again.
    shown = watch(30, "theory", "--beta", "0:4:150000", "--dJ", "0.5", "--dH", "0.5", "--tidy")
    parts = [int(text) for text in re.findall(r"(\d+) %", shown)]
    assert parts == sorted(parts)


def test_no_progress_into_a_pipe(run):
    done = run("theory", "--beta", "0:4:2000", "--dJ", "0:1:10", "-o", "x.npz", "--quiet")
    assert done.returncode == 0 and done.stderr == "" and done.stdout == ""
