# SPDX-License-Identifier: BSD-3-Clause
"""However the realizations are divided, the files are equal to the byte."""
import itertools
import subprocess

import numpy as np
import pytest

from conftest import call, command, needs_mpi, written

BASE = ["simulate", "--N", "16,40", "--beta", "0.5,1.5", "--dJ", "0.5", "--dH", "0.2",
        "--realizations", "130", "--steps", "20"]
KINDS = [
    ["--dynamics", "sync,async"],
    ["--algorithm", "dense", "--start", "random"],
    ["--algorithm", "matrix-free", "--start", "theory", "--dynamics", "sync,async"],
    ["--average", "--burn-in", "5", "--zero-diagonal", "--dynamics", "sync,async"],
    ["--rel-err", "0.02"],
    ["--rel-err", "0.02", "--max-realizations", "400"],
]
ids = [" ".join(kind) for kind in KINDS]


def status_of(kind):
    return 3 if "--max-realizations" in kind else 0


@pytest.mark.parametrize("ending", ["npz", "csv"])
@pytest.mark.parametrize("kind", KINDS, ids=ids)
def test_threads(tmp_path, kind, ending):
    files = [written(tmp_path, "t%d.%s" % (k, ending), *BASE, *kind, "--threads", k,
                     status=status_of(kind)) for k in (1, 2, 3, 7)]
    assert len(files[0]) > 500 and all(f == files[0] for f in files)


@needs_mpi
@pytest.mark.parametrize("kind", KINDS, ids=ids)
def test_ranks(tmp_path, kind):
    alone = written(tmp_path, "alone.npz", *BASE, *kind, status=status_of(kind))
    for ranks in (1, 2, 3):
        assert alone == written(tmp_path, "r%d.npz" % ranks, *BASE, *kind, ranks=ranks,
                                status=status_of(kind))


@needs_mpi
def test_one_message_from_many_ranks(tmp_path):
    done = call(tmp_path, "simulate", "--N", "0", ranks=3, status=2)
    assert done.stderr.count("kinising: --N : ") == 1 and done.stdout == ""
    assert call(tmp_path, "theory", "--beta", "1", ranks=2).stdout.count("\n") == 2
    assert "MPI: 2 ranks" in call(tmp_path, "info", ranks=2).stdout


@needs_mpi
def test_a_rank_without_memory_ends_all_in_order(tmp_path):
    args = ["simulate", "--N", "12000", "--algorithm", "dense", "--steps", "1", "--threads", "1",
            "--quiet"]
    ranks = [*command(1), *args, ":", "-n", "1", "sh", "-c", 'ulimit -v 400000; exec "$0" "$@"',
             command(1)[-1], *args]
    done = subprocess.run(ranks, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=100)
    assert done.returncode == 1 and done.stdout == ""
    ours = [line for line in done.stderr.splitlines() if line.startswith("kinising:")]
    assert len(ours) == 1 and ours[0].startswith("kinising: rank 1, N = 12000 : no memory")


@pytest.mark.parametrize("shards", [1, 3, 8])
@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_shards(tmp_path, shards, ending):
    kind = KINDS[0]
    whole = written(tmp_path, "whole.npz", *BASE, *kind)
    # 0..n-1 and 1..n are both ways of counting the same parts.
    parts = ["p%d.%s" % (k, ending) for k in range(shards)]
    for k in range(shards):
        number = k if ending == "npz" else (k if k else shards)
        call(tmp_path, *BASE, *kind, "--shard", "%d/%d" % (number, shards), "-o", parts[k],
             "--threads", k % 3 + 1)
    assert whole == written(tmp_path, "merged.npz", "merge", *reversed(parts))


def test_seconds_add_up(tmp_path):
    for k in range(3):
        call(tmp_path, *BASE, "--shard", "%d/3" % k, "-o", "p%d.npz" % k)
    call(tmp_path, "merge", "p0.npz", "p1.npz", "p2.npz", "-o", "all.npz")
    seconds = sum(np.load(tmp_path / ("p%d.npz" % k))["seconds"] for k in range(3))
    np.testing.assert_allclose(np.load(tmp_path / "all.npz")["seconds"], seconds, rtol=1e-12)
    assert (seconds > 0).all()


def test_same_point_in_any_grid(tmp_path):
    """A point's numbers depend on the point, not on its neighbours in the lists."""
    big = call(tmp_path, *BASE, *KINDS[0], "--reproducible", "--quiet").stdout.splitlines()[1:]
    alone = []
    for dynamics, n, beta in itertools.product(("sync", "async"), ("16", "40"), ("0.5", "1.5")):
        alone += call(tmp_path, "simulate", "--N", n, "--beta", beta, "--dJ", "0.5", "--dH", "0.2",
                      "--realizations", "130", "--steps", "20", "--dynamics", dynamics,
                      "--reproducible", "--quiet").stdout.splitlines()[1:]
    assert sorted(big) == sorted(alone)


def test_more_realizations_contain_fewer(tmp_path):
    """--shard 1/2 of 200 is --realizations 100: prefixes of one sequence."""
    args = ["simulate", "--N", "20", "--steps", "9", "--quiet", "--reproducible"]
    half = call(tmp_path, *args, "--realizations", "100").stdout
    call(tmp_path, *args, "--realizations", "200", "--shard", "0/2", "-o", "half.npz")
    assert half == call(tmp_path, "merge", "half.npz", "--partial", "--reproducible").stdout


def test_the_seed_matters(tmp_path):
    files = [written(tmp_path, "s.csv", *BASE, "--seed", seed) for seed in (1, 2, 2**64 - 1)]
    assert len(set(files)) == 3
    assert files[0] == written(tmp_path, "s.csv", *BASE)


def test_nothing_of_when_and_where(tmp_path):
    text = written(tmp_path, "x.csv", *BASE).decode() + (tmp_path / "x.csv.json").read_text()
    for word in ("seconds\"", "date", "threads", "command_line", "cpu_features"):
        assert word not in text
    call(tmp_path, *BASE, "-o", "y.csv")
    assert "command_line" in (tmp_path / "y.csv.json").read_text()
