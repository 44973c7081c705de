# SPDX-License-Identifier: BSD-3-Clause
"""kinising simulate and merge: tables, refusals, files that are damaged or somebody else's, full disks."""
import math
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import zlib

import numpy as np
import pytest

from conftest import KINISING, parse_csv, wait_until

LINE = re.compile(r"kinising: .+? : .+? : .+\n")
COLUMNS = ("N,beta,J0,dJ,dH,dynamics,realizations,steps,start,average,burn_in,zero_diagonal,"
           "m,m_err,q,q_err,S,S_err,Sr,Sr_err,sigma,sigma_err,activity,seconds,algorithm,status")
SMALL = ["simulate", "--N", "12", "--realizations", "40", "--steps", "6"]

WRONG_USE = [
    (["--N", "0"], "too small"),
    (["--N", "-5"], "negative|too small"),
    (["--N", "1e-1"], "whole numbers"),
    (["--N", "8,1.2345e3"], "whole numbers"),
    (["--N", "2.5"], "whole numbers"),
    (["--N", "nan"], "not a number"),
    (["--N", "inf"], "finite"),
    (["--N", ""], "empty"),
    (["--N", "10,,20"], "empty item"),
    (["--N", "2147483648"], "too large"),
    (["--N", "99999999999999999999999"], "too large"),
    (["--N", "10:20:4"], "not whole"),
    (["--beta", "inf"], "finite"),
    (["--beta", "-1"], "negative"),
    (["--beta", "nan"], "not a number"),
    (["--dJ", "-0.5"], "negative"),
    (["--dH", "inf"], "finite"),
    (["--J0", "nan"], "not a number"),
    (["--dynamics", "both"], "sync or async"),
    (["--realizations", "0"], "from 1"),
    (["--realizations", "1e-3"], "whole number"),
    (["--realizations", "1.23e1"], "whole number"),
    (["--realizations", "e3"], "whole number"),
    (["--realizations", "1e"], "whole number"),
    (["--realizations", "1e+"], "whole number"),
    (["--realizations", "1.2.3"], "whole number"),
    (["--realizations", "+5"], "whole number"),
    (["--realizations", "1e20"], "too large"),
    (["--realizations", "1e99999999999"], "too large"),
    (["--realizations", "-3"], "whole number"),
    (["--steps", "0"], "from 1"),
    (["--steps", "10000000000000000"], "too large"),
    (["--N", "2000000000", "--steps", "1000000000000000"], "steps"),
    (["--average", "--burn-in", "127"], "--burn-in"),
    (["--burn-in", "5"], "--average"),
    (["--average", "--burn-in", "-1"], "whole number"),
    (["--start", "down"], "up, random or theory"),
    (["--algorithm", "fast"], "dense or matrix-free"),
    (["--algorithm", "matrix-free", "--zero-diagonal"], "--zero-diagonal"),
    (["--algorithm", "matrix-free", "--average", "--dynamics", "async"], "average"),
    (["--rel-err", "0"], "too small"),
    (["--rel-err", "-0.1"], "negative|too small"),
    (["--rel-err", "2"], "too large"),
    (["--rel-err", "nan"], "not a number"),
    (["--max-realizations", "50"], "--rel-err"),
    (["--rel-err", "0.1", "--max-realizations", "50"], "--realizations"),
    (["--checkpoint-every", "5"], "--checkpoint"),
    (["--checkpoint", ""], "empty"),
    (["--checkpoint", "x.ck", "--checkpoint-every", "-1"], "negative"),
    (["--checkpoint", "x.npz", "-o", "x.npz"], "another file"),
    (["--checkpoint", "x.npz", "-o", "./x.npz"], "another file"),
    (["--shard", "1/4"], "FILE.npz"),
    (["--shard", "1/4", "-o", "x.csv"], "FILE.npz"),
    (["--shard", "5/4", "-o", "x.npz"], "k/n"),
    (["--shard", "1/0", "-o", "x.npz"], "k/n"),
    (["--shard", "1", "-o", "x.npz"], "k/n"),
    (["--shard", "/4", "-o", "x.npz"], "k/n"),
    (["--shard", "a/b", "-o", "x.npz"], "k/n"),
    (["--shard", "-1/4", "-o", "x.npz"], "k/n"),
    (["--shard", "1/2/3", "-o", "x.npz"], "k/n"),
    (["--shard", "1/4", "-o", "x.npz", "--rel-err", "0.1"], "--rel-err"),
    (["--beta", "0:1:100000", "--dJ", "0:1:100000"], "points"),
    (["--N", "1:100000:100000", "--dJ", "0:1:100000"], "points"),
    (["x"], "unexpected argument"),
]


def check_line(text, mention):
    assert LINE.fullmatch(text), text
    assert re.search(mention, text), text


@pytest.mark.parametrize("args,mention", WRONG_USE,
                         ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_wrong_use(run, tmp_path, args, mention):
    done = run("simulate", *args)
    assert done.returncode == 2 and done.stdout == ""
    check_line(done.stderr, mention)
    assert os.listdir(tmp_path) == []


def test_table(run, table):
    done = run(
        "simulate", "--N", "12,20", "--beta", "0,1", "--dJ", "0.5,1", "--dynamics", "sync,async",
        "--realizations", "30", "--steps", "6")
    assert done.returncode == 0 and done.stderr == "kinising: seed 1\n"
    assert done.stdout.splitlines()[0] == COLUMNS
    rows = parse_csv(done.stdout)
    # dynamics, dH, dJ, J0, N, beta, the last fastest
    order = [(r["dynamics"], r["dJ"], r["N"], r["beta"]) for r in rows]
    assert order == [(d, j, n, b) for d in ("sync", "async") for j in (0.5, 1) for n in (12, 20)
                     for b in (0, 1)]
    for r in rows:
        assert r["realizations"] == 30 and r["steps"] == 6 and r["seconds"] >= 0
        assert r["algorithm"] in ("dense", "matrix-free")
        assert r["Sr"] == pytest.approx(r["S"] + r["sigma"], rel=1e-12)
        if r["beta"] == 0:
            assert r["S"] == pytest.approx(math.log(2), rel=1e-6)
            assert r["sigma"] == 0 and r["sigma_err"] == 0 and r["activity"] == pytest.approx(0.5)
        else:
            assert 0 < r["sigma_err"] < 0.2 and abs(r["sigma"] - 0.4) < 0.6
    bits = table("simulate", "--N", "12", "--unit", "bits", "--quiet", "--realizations", "30")
    nats = table("simulate", "--N", "12", "--quiet", "--realizations", "30")
    for name in ("S", "S_err", "Sr", "Sr_err", "sigma", "sigma_err"):
        assert bits[0][name] * math.log(2) == pytest.approx(nats[0][name], rel=1e-12)
    assert bits[0]["m"] == nats[0]["m"]


@pytest.mark.parametrize("start, m0", [("up", "1"), ("random", "0")])
@pytest.mark.parametrize("steps", ["1", "2", "5"])
@pytest.mark.parametrize("dynamics", ["sync", "async"])
def test_rows_of_the_transient(table, dynamics, steps, start, m0):
    """Step T of large networks is row T of the infinite one's relaxation, entropy flow included. Errors are some
    1e-3, that of sigma as it is in the steady state alone was 0.24: 5 of them, and 1/N."""
    model = ["--beta", "1.5", "--J0", "1", "--dJ", "1", "--dH", "0.5", "--dynamics", dynamics]
    size = ["--N", "20000", "--realizations", "20"] if dynamics == "sync" else ["--N", "1000", "--realizations", "100"]
    (got,) = table("simulate", *model, *size, "--steps", steps, "--start", start)
    times = ["--steps", steps] if dynamics == "sync" else ["--tmax", steps, "--points", steps]
    want = table("transient", *model, "--m0", m0, *times)[-1]
    for name in ("m", "S", "Sr", "sigma"):
        assert got[name + "_err"] < 0.01
        assert abs(got[name] - want[name]) < 5 * got[name + "_err"] + 2 / got["N"], name


def test_one_realization_has_no_error(table):
    (row,) = table("simulate", "--N", "9", "--realizations", "1", "--steps", "3")
    assert math.isnan(row["sigma_err"]) and not math.isnan(row["sigma"])


def test_rows_carry_their_parameters(table):
    """Defaults too; a row says by itself what was simulated and how it went."""
    (row,) = table("simulate", "--N", "9", "--realizations", "2")
    assert (row["start"], row["average"], row["burn_in"], row["zero_diagonal"]) == ("up", 0, 0, 0)
    assert (row["beta"], row["J0"], row["dJ"], row["dH"], row["dynamics"]) == (1, 1, 1, 0, "sync")
    assert row["steps"] == 127 and row["status"] == "ok"
    (row,) = table("simulate", "--N", "9", "--realizations", "2", "--steps", "8", "--average",
                   "--burn-in", "3", "--start", "theory", "--zero-diagonal")
    assert (row["start"], row["average"], row["burn_in"], row["zero_diagonal"]) == ("theory", 1, 3, 1)


def test_file_holds_the_table(run, tmp_path):
    assert run(*SMALL, "-o", "x.npz").returncode == 0
    with np.load(tmp_path / "x.npz") as f:
        assert set(f.files) == {*COLUMNS.split(","), "provenance"}
        assert '"seed": 1,' in str(f["provenance"])
        assert f["N"][0] == 12 and f["algorithm"][0] in ("dense", "matrix-free")


def test_relative_error(run):
    done = run("simulate", "--N", "20", "--rel-err", "0.03", "--realizations", "50", "--quiet")
    (row,) = parse_csv(done.stdout)
    assert done.returncode == 0 and row["sigma_err"] <= 0.03 * row["sigma"]
    assert row["realizations"] > 50
    done = run("simulate", "--N", "20", "--rel-err", "0.0001", "--max-realizations", "333",
               "--beta", "0,1", "--quiet")
    rows = parse_csv(done.stdout)
    assert done.returncode == 3
    check_line(done.stderr, "1 of 2 points did not reach --rel-err 0.0001, .* within 333")
    assert [r["realizations"] for r in rows] == [100, 333]
    assert [r["status"] for r in rows] == ["ok", "not-converged"]
    # One realization has no error; it is not taken for a small one.
    done = run("simulate", "--N", "20", "--rel-err", "0.5", "--realizations", "1", "--quiet")
    assert done.returncode == 0 and parse_csv(done.stdout)[0]["realizations"] >= 2


def test_memory_is_counted_before_it_is_taken(run):
    done = run("simulate", "--N", "2000000", "--algorithm", "dense", timeout=10)
    assert done.returncode == 1
    check_line(done.stderr, r"N = 2000000 needs .* GiB.*--algorithm matrix-free.*N up to \d+\n")
    done = run("simulate", "--N", "1000000000", "--steps", "100000", "--threads", "1", timeout=10)
    assert done.returncode == 1
    check_line(done.stderr, r"1 threads.* : N up to \d+\n")


@pytest.mark.parametrize("option", ["-o", "--checkpoint"])
@pytest.mark.parametrize("place", ["missing/x.npz", "file/x.npz", "folder.npz"])
def test_unwritable_targets_are_found_before_the_work(run, tmp_path, option, place):
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder.npz").mkdir()
    done = run("simulate", "--N", "3000", "--realizations", "100000", option, place, timeout=10)
    # A checkpoint would be read, so that a folder in its place is bad input.
    assert done.returncode == (2 if (option, place) == ("--checkpoint", "folder.npz") else 1)
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines(True) if "seed 1" not in line]
    assert len(lines) == 1
    check_line(lines[0], re.escape(place))
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.npz"]


def test_cold_samples_are_warned_of(run):
    """Nothing flips: the errors are tiny and wrong, and are not taken for convergence."""
    cold = ["simulate", "--N", "16", "--beta", "10", "--dJ", "0.05", "--steps", "20"]
    done = run(*cold, "--rel-err", "0.5", "--max-realizations", "3000")
    assert done.returncode == 3
    assert "warning: N = 16, beta = 10" in done.stderr and "only 0 flips were seen" in done.stderr
    assert "3000 realizations" in done.stderr
    for dynamics in ("sync", "async"):  # a start that is measured itself is no flip
        done = run(*cold, "--dynamics", dynamics, "--average", "--rel-err", "0.5", "--max-realizations", "1000")
        assert done.returncode == 3
        assert "only 0 flips were seen" in done.stderr and "1000 realizations" in done.stderr
    assert run(*cold, "--quiet").stderr == ""
    done = run(*cold[:3], "--beta", "10,1", *cold[5:])
    assert [row["status"] for row in parse_csv(done.stdout)] == ["few-flips", "ok"] and done.returncode == 0
    assert "warning" not in run("simulate", "--N", "16", "--realizations", "5").stderr


# --- checkpoints -----------------------------------------------------------------------------------

BASE = {"--N": "12", "--beta": "1,2", "--realizations": "40", "--steps": "6"}
OTHER = [
    ({"--N": "13"}, "N : it is"),
    ({"--beta": "1,2.5"}, "point 2, beta : it is"),
    ({"--beta": "1,2,3"}, "has 2 points, not 3"),
    ({"--J0": "2"}, "J0 : it is"),
    ({"--dJ": "2"}, "dJ : it is"),
    ({"--dH": "2"}, "dH : it is"),
    ({"--steps": "7"}, "steps : it is"),
    ({"--dynamics": "async"}, "dynamics : it is"),
    ({"--seed": "2"}, "seed : it is"),
    ({"--start": "random"}, "start : it is"),
    ({"--average": None}, "average : it is"),
    ({"--zero-diagonal": None}, "zero-diagonal : it is"),
    ({"--algorithm": "OTHER"}, "algorithm : it is"),
    ({"--realizations": "39"}, "--realizations 40, not 39"),
    ({"--rel-err": "0.5"}, "--rel-err 0, not 0.5"),
    ({"--shard": "1/2", "-o": "x.npz"}, "part 0 of 1, not 1 of 2"),
]


def arguments(settings):
    return ["simulate", *[a for pair in settings.items() for a in pair if a is not None]]


@pytest.fixture
def checkpoint(run, tmp_path):
    done = run(*arguments(BASE), "--checkpoint", "x.ck", "--quiet", "-o", "first.csv")
    assert done.returncode == 0, done.stderr
    return tmp_path / "x.ck"


@pytest.mark.parametrize("change,mention", OTHER, ids=lambda x: str(x) if isinstance(x, dict) else "")
def test_other_settings_are_refused(run, checkpoint, change, mention):
    if change.get("--algorithm"):
        used = parse_csv((checkpoint.parent / "first.csv").read_text())[0]["algorithm"]
        change = {"--algorithm": "dense" if used == "matrix-free" else "matrix-free"}
    before = checkpoint.read_bytes()
    done = run(*arguments({**BASE, **change}), "--checkpoint", "x.ck", "--quiet")
    assert done.returncode == 2 and done.stdout == ""
    check_line(done.stderr, r"^kinising: x\.ck.*" + re.escape(mention))
    assert checkpoint.read_bytes() == before


def test_what_may_change(run, checkpoint):
    done = run(*arguments(BASE), "--checkpoint", "x.ck", "--threads", "1", "--unit", "bits", "-o", "y.npz")
    assert done.returncode == 0
    assert "going on from x.ck" in done.stderr


def refused(run, checkpoint, content, mention=""):
    checkpoint.write_bytes(content)
    done = run(*arguments(BASE), "--checkpoint", "x.ck", "--quiet")
    assert done.returncode == 2 and done.stdout == ""
    check_line(done.stderr, r"^kinising: x\.ck.*" + mention)
    assert checkpoint.read_bytes() == content


def test_damaged_checkpoints_are_refused(run, checkpoint):
    good = checkpoint.read_bytes()
    rng = random.Random(5)
    places = list(range(0, 72, 3)) + rng.sample(range(len(good)), 50) + [len(good) - 1]
    for at in places:
        bad = bytearray(good)
        bad[at] ^= 1 << rng.randrange(8)
        refused(run, checkpoint, bytes(bad))
    for size in [0, 1, 7, 8, 19, 20, 71, len(good) - 1, *rng.sample(range(len(good)), 20)]:
        refused(run, checkpoint, good[:size])
    refused(run, checkpoint, good + b"x", "follows its end")
    refused(run, checkpoint, good + good)
    version = bytearray(good)
    version[8] = 2
    refused(run, checkpoint, bytes(version), "version 2")


def test_forged_checkpoints(run, checkpoint):
    """With a checksum that is right: refused in one line, or usable."""
    good = checkpoint.read_bytes()
    rng = random.Random(6)
    refusals = 0
    for _ in range(150):
        bad = bytearray(good[:-4])
        for _ in range(rng.randrange(1, 3)):
            at = rng.randrange(20, 90 if rng.random() < 0.6 else len(bad))
            bad[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, bad[at] ^ 1, bad[at] ^ 0x10))
        checkpoint.write_bytes(bytes(bad) + zlib.crc32(bytes(bad)).to_bytes(4, "little"))
        done = run(*arguments(BASE), "--checkpoint", "x.ck", "--quiet", timeout=10)
        assert done.returncode in (0, 2), done.stderr
        if done.returncode == 2:
            check_line(done.stderr, r"^kinising: x\.ck")
        refusals += done.returncode == 2
    assert refusals > 100


def test_foreign_checkpoints_are_refused(run, checkpoint):
    for content in (b"", b"my thesis", b"\0" * 5000, bytes(range(256)) * 40):
        refused(run, checkpoint, content, "is not a checkpoint|damaged")
    table = (checkpoint.parent / "first.csv").read_bytes()
    refused(run, checkpoint, table, "is not a checkpoint")


def limit(size):
    def set_limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return set_limit


def test_full_disk_keeps_the_last_good_checkpoint(run, tmp_path):
    """The first, nearly empty, checkpoint fits; later ones, with sums in them, do not."""
    args = ["simulate", "--N", "12", "--beta", "0.5:2:30", "--realizations", "200", "--steps", "20",
            "--checkpoint", "x.ck", "--checkpoint-every", "0", "--quiet"]
    whole = run(*args[:-5], "--quiet", "--reproducible")
    assert run(*args).returncode == 0
    full = (tmp_path / "x.ck").stat().st_size
    (tmp_path / "x.ck").unlink()
    done = run(*args, "--reproducible", preexec_fn=limit(int(0.75 * full)))
    assert done.returncode == 1 and done.stdout == whole.stdout
    first, last = done.stderr.splitlines(True)
    check_line(first, "x.ck.*(large|space)")
    check_line(last, "x.ck : the last checkpoint could not be written : the result is complete")
    assert os.listdir(tmp_path) == ["x.ck"]
    saved = parse_csv(run("merge", "x.ck", "--partial", "--quiet").stdout)
    assert len(saved) == 30
    done = run(*args, "--reproducible")
    assert done.returncode == 0 and done.stdout == whole.stdout


def test_no_room_for_a_checkpoint_at_all(run, tmp_path):
    done = run(*SMALL, "--checkpoint", "x.ck", "--quiet", preexec_fn=limit(64))
    assert done.returncode == 1 and done.stdout == ""
    check_line(done.stderr, "x.ck")
    assert os.listdir(tmp_path) == []


# --- merge -----------------------------------------------------------------------------------------

@pytest.fixture
def parts(run, tmp_path):
    for k in range(3):
        done = run(*arguments(BASE), "--shard", "%d/3" % k, "-o", "p%d.npz" % k, "--quiet")
        assert done.returncode == 0, done.stderr
    return tmp_path


def test_shards_hold_their_state(parts):
    with np.load(parts / "p1.npz") as f:
        assert f["state"].dtype == np.int8 and f["state"].ndim == 1
        assert (f["realizations"] == 13).all() or (f["realizations"] == 14).all()


def test_merged_maps_have_the_shape_of_the_whole(run, tmp_path):
    args = ["simulate", "--N", "6,8,9", "--beta", "1,2", "--realizations", "6", "--steps", "3", "--reproducible",
            "--quiet"]
    assert run(*args, "-o", "whole.npz").returncode == 0
    for k in "12":
        assert run(*args, "--shard", k + "/2", "-o", f"part{k}.npz").returncode == 0
    assert run("merge", "part1.npz", "part2.npz", "--reproducible", "-o", "merged.npz").returncode == 0
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "merged.npz") as merged:
        assert merged["sigma"].shape == (3, 2) and list(merged["axis_N"]) == [6, 8, 9]
        assert set(whole.files) == set(merged.files)
        for name in set(whole.files) - {"provenance"}:
            np.testing.assert_array_equal(whole[name], merged[name])


def test_missing_parts_are_named(run, parts):
    done = run("merge", "p0.npz", "p2.npz")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == ("kinising: merge : realizations 13 to 25 of 40 at all 2 points are missing : the files "
                           "that have them, or --partial\n")
    done = run("merge", "p0.npz", "p2.npz", "--partial")
    assert done.returncode == 0 and [r["realizations"] for r in parse_csv(done.stdout)] == [27, 27]


def test_all_gaps_are_named(run):
    args = ["simulate", "--N", "6", "--beta", "1,2", "--realizations", "80", "--steps", "3", "--quiet"]
    for k in (2, 3, 5):
        assert run(*args, "--shard", f"{k}/8", "-o", f"p{k}.npz").returncode == 0
    done = run("merge", "p2.npz", "p3.npz", "p5.npz")
    assert done.returncode == 2 and done.stdout == ""
    assert ": realizations 0 to 19, 40 to 49, 60 to 79 of 80 at all 2 points are missing : " in done.stderr


def test_gaps_of_points_that_differ(run, tmp_path):
    """A checkpoint of a run that was killed at its second point."""
    args = ["simulate", "--N", "6,20000", "--realizations", "4", "--steps", "2000", "--algorithm", "dense",
            "--quiet", "--threads", "1", "--checkpoint", "x.ck", "--checkpoint-every", "0"]
    with subprocess.Popen([KINISING, *args], cwd=tmp_path) as process:
        try:
            wait_until(lambda: "\n6,1,1,1,0,sync,4," in run("merge", "x.ck", "--partial").stdout)
        finally:
            process.kill()
    done = run("merge", "x.ck")
    assert done.returncode == 2
    check_line(done.stderr, r"merge : realizations 0 to 3 of 4 at N = 20000, beta = 1, .*sync are missing : ")


@pytest.mark.parametrize("args,mention", [
    (["p0.npz", "p1.npz", "p1.npz"], "p1.npz, N = 12.*both have 13 to 25"),
    ([], "FILE is missing"),
    (["none.npz"], "none.npz"),
    (["p0.npz", "text"], "text : is no part"),
    (["result.npz"], "result.npz : is no part"),
    (["array.npz"], "array.npz"),
    (["p0.npz", "p1.npz", "other.npz"], "other.npz.*seed : it is"),
    (["p0.npz", "p1.npz", "more.npz"], "differs from the first file in --realizations"),
    (["p0.npz", "points.npz"], "differs from the first file in its points"),
    (["cut.npz"], "cut.npz"),
    (["p0.npz", "--seed", "3"], "--seed"),
    (["p0.npz", "--nonsense"], "unknown option"),
    (["p0.npz", ""], "empty"),
])
def test_refused_merges(run, parts, args, mention):
    (parts / "text").write_text("not a part")
    run(*SMALL, "-o", "result.npz")
    np.savez(parts / "array.npz", state=np.arange(100, dtype=np.int8))
    run(*arguments({**BASE, "--seed": "2"}), "--shard", "2/3", "-o", "other.npz")
    run(*arguments({**BASE, "--realizations": "50"}), "--shard", "2/3", "-o", "more.npz")
    run(*arguments({**BASE, "--beta": "1"}), "--shard", "2/3", "-o", "points.npz")
    content = (parts / "p0.npz").read_bytes()
    (parts / "cut.npz").write_bytes(content[:len(content) // 2])
    done = run("merge", *args, "-o", "out.csv")
    assert done.returncode == 2 and done.stdout == ""
    check_line(done.stderr, mention)
    assert not (parts / "out.csv").exists()


def test_help_of_merge(run):
    assert "usage: kinising merge FILE... [options]" in run("merge", "--help").stdout


# --- pictures --------------------------------------------------------------------------------------

needs_gnuplot = pytest.mark.skipif(shutil.which("gnuplot") is None, reason="needs gnuplot")


@needs_gnuplot
def test_picture(run, tmp_path):
    done = run("simulate", "--N", "10,20", "--beta", "0.5:2:4", "--dJ", "0.5", "--realizations", "20",
               "--steps", "5", "--dynamics", "sync,async", "--plot", "x.svg", "--quiet")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "x.svg").read_text()
    for words in ("N = 10", "N = 20", "N → ∞", "inverse temperature", "dσ/dt"):
        assert words in text
    assert run("simulate", "--N", "10", "--dJ", "0.2:1:3", "--realizations", "5", "--dynamics", "async",
               "--plot", "y.svg", "--quiet").returncode == 0
    assert run("simulate", "--N", "10", "--dJ", "0.2,0.5", "--beta", "0:2:3", "--realizations", "1",
               "--plot", "z.pdf", "--quiet").returncode == 0


@needs_gnuplot
@pytest.mark.parametrize("args,mention", [
    ([], "no parameter varies"),
    (["--N", "10,20"], "no parameter varies"),
    (["--N", "1,2", "--beta", "1,2", "--dJ", "1,2"], "3 lists"),
    (["--N", "1:9:9", "--beta", "1,2"], "at most 8"),
    (["--beta", "1,1"], "no parameter varies"),
])
def test_pictures_that_cannot_be(run, tmp_path, args, mention):
    done = run("simulate", *args, "--plot", "x.png")
    assert done.returncode == 2
    check_line(done.stderr, mention)
    assert os.listdir(tmp_path) == []


def test_merge_does_not_write_over_a_part(run, parts):
    (parts / "link.npz").symlink_to("p1.npz")
    before = (parts / "p1.npz").read_bytes()
    for name in "p1.npz", "./p1.npz", "link.npz":
        done = run("merge", "p0.npz", "p1.npz", "p2.npz", "-o", name)
        assert done.returncode == 2 and done.stdout == ""
        check_line(done.stderr, "another file")
    assert (parts / "p1.npz").read_bytes() == before
