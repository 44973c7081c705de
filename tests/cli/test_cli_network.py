# SPDX-License-Identifier: BSD-3-Clause
"""kinising network: files that are drawn, looked at and converted, and those that are refused."""

import json
import math
import os
import re
import zipfile
import zlib

import numpy as np
import pytest

LINE = re.compile(r"kinising: .+? : .+? : .+\n")


def load(path):
    with np.load(path) as f:
        return {name: f[name] for name in f.files}


def check_line(text, mention=""):
    assert LINE.fullmatch(text), text
    assert mention in text, text


@pytest.fixture
def done(run):
    """done(*args): run with success, nothing but remarks on stderr; returns stdout."""

    def call(*args):
        result = run(*args)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return call


def have_h5(run):
    return "HDF5: yes" in run("info").stdout


def test_draw_statistics(done, tmp_path):
    n, J0, dJ, dH = 400, 1.5, 0.7, 0.3
    done("network", "draw", "--N", str(n), "--J0", str(J0), "--dJ", str(dJ), "--dH", str(dH), "--beta", "2",
         "--seed", "12", "-o", "a.npz")
    f = load(tmp_path / "a.npz")
    assert f["H"].shape == (n,) and f["J"].shape == (n, n) and f["beta"].shape == () and f["beta"] == 2
    J, H = f["J"].ravel(), f["H"]
    sd = dJ / math.sqrt(n)
    assert abs(J.mean() - J0 / n) < 5 * sd / n
    assert abs(J.std() / sd - 1) < 5 / math.sqrt(2 * n * n)
    z = (J - J0 / n) / sd
    assert abs((z**3).mean()) < 5 * math.sqrt(15) / n and abs((z**4).mean() - 3) < 5 * math.sqrt(96) / n
    assert abs(np.corrcoef(f["J"][:-1].ravel(), f["J"][1:].ravel())[0, 1]) < 5 / n
    assert abs(np.corrcoef(f["J"].ravel(), f["J"].T.ravel())[0, 1]) < 8 / n
    assert abs(f["J"].diagonal().std() / sd - 1) < 5 / math.sqrt(2 * n)  # drawn too
    assert np.all(np.abs(H) < dH) and abs(H.mean()) < 5 * dH / math.sqrt(3 * n)
    assert abs(H.std() / (dH / math.sqrt(3)) - 1) < 5 * math.sqrt(0.2 / n)
    p = json.loads(str(f["provenance"]))
    assert p["seed"] == 12 and p["command_line"].startswith("kinising network draw --N 400 --J0 1.5 ")


def test_draw_seed(run, tmp_path):
    first = run("network", "draw", "--N", "30", "-o", "a.npz")
    assert first.returncode == 0 and "seed 1)\n" in first.stderr and first.stdout == ""
    quiet = run("network", "draw", "--N", "30", "--seed", "1", "-o", "b.npz", "--quiet")
    assert quiet.stderr == ""
    other = run("network", "draw", "--N", "30", "--seed", "2", "-o", "c.npz")
    assert "seed 2)\n" in other.stderr
    a, b, c = (load(tmp_path / f"{k}.npz") for k in "abc")
    assert json.loads(str(a["provenance"]))["seed"] == 1
    assert np.array_equal(a["J"], b["J"]) and np.array_equal(a["H"], b["H"])
    assert not np.any(a["J"] == c["J"])


def test_draw_scales(done, tmp_path):
    """J0, dJ and dH shift and scale the same numbers; the diagonal is cut out of them."""
    for name, args in {"a": [], "b": ["--J0", "0", "--dJ", "2", "--dH", "4", "--zero-diagonal"]}.items():
        done("network", "draw", "--N", "9", "--dH", "1", "-o", f"{name}.npz", *args) if not args else done(
            "network", "draw", "--N", "9", "-o", f"{name}.npz", *args)
    a, b = load(tmp_path / "a.npz"), load(tmp_path / "b.npz")
    off = ~np.eye(9, dtype=bool)
    assert np.allclose(2 * (a["J"] - 1 / 9)[off], b["J"][off], rtol=1e-13, atol=1e-14)
    assert np.all(b["J"].diagonal() == 0) and np.all(a["J"].diagonal() != 0)
    assert np.allclose(4 * a["H"], b["H"], rtol=1e-15)


def test_draw_without_disorder(done, tmp_path, table):
    done("network", "draw", "--N", "5", "--dJ", "0", "--J0", "-2", "--beta", "0", "-o", "a.npz")
    f = load(tmp_path / "a.npz")
    assert np.all(f["J"] == -2 / 5) and np.all(f["H"] == 0)
    row, = table("network", "info", "a.npz")
    assert row["dJ"] == 0 and row["J0"] == -2 and math.isnan(row["asymmetry"]) and row["beta"] == 0


def reference_summary(H, J):
    n = len(H)
    off = J[~np.eye(n, dtype=bool)]
    pairs = [(J[i, k], J[k, i]) for i in range(n) for k in range(n) if i != k]
    return {
        "N": n, "J0": n * off.mean(), "dJ": math.sqrt(n) * off.std(ddof=1), "H_mean": H.mean(),
        "H_min": H.min(), "H_max": H.max(), "dH": math.sqrt(3) * H.std(ddof=1),
        "asymmetry": np.corrcoef(*zip(*pairs))[0, 1], "diagonal": np.abs(J.diagonal()).max(),
        "density": (off != 0).mean(),
    }


@pytest.mark.parametrize("n", [2, 3, 64, 65, 150])
@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_info(n, scale, table, tmp_path):
    rng = np.random.default_rng(n)
    J = rng.normal(0.1, 1, (n, n)) * (rng.random((n, n)) < 0.7) + 0.3 * np.eye(n)
    J[0, 1] = 0.5
    H = rng.normal(size=n)
    np.savez(tmp_path / "a.npz", H=H * scale, J=J * scale, beta=1.5)
    row, = table("network", "info", "a.npz")
    for name, value in reference_summary(H, J).items():
        factor = 1 if name in ("N", "asymmetry", "density") else scale
        assert row[name] == pytest.approx(value * factor, rel=1e-10, abs=1e-13 * factor), name
    assert row["beta"] == 1.5 and row["has_beta"] == 1


def test_info_of_one_spin(table, tmp_path):
    np.savez(tmp_path / "a.npz", H=[0.5], J=[[-2.0]])
    row, = table("network", "info", "a.npz")
    assert all(math.isnan(row[k]) for k in ("J0", "dJ", "dH", "asymmetry", "density"))
    assert row["diagonal"] == 2 and row["H_mean"] == 0.5 and row["beta"] == 1 and row["has_beta"] == 0


def test_info_to_a_file(done, table, tmp_path):
    done("network", "draw", "--N", "20", "-o", "a.npz")
    row, = table("network", "info", "a.npz")
    done("network", "info", "a.npz", "-o", "info.npz")
    f = load(tmp_path / "info.npz")
    assert all(f[k][0] == v for k, v in row.items())


def test_symmetry(table, tmp_path):
    x = np.random.default_rng(1).normal(size=(80, 80))
    for sign in (1, -1):
        np.savez(tmp_path / "a.npz", H=np.zeros(80), J=x + sign * x.T)
        row, = table("network", "info", "a.npz")
        assert row["asymmetry"] == pytest.approx(sign, abs=0.03 if sign < 0 else 1e-12)


def test_convert_formats(run, done, tmp_path):
    if not have_h5(run):
        pytest.skip("no HDF5")
    done("network", "draw", "--N", "70", "--dH", "1", "--beta", "0.3", "-o", "a.npz")
    done("network", "convert", "a.npz", "-o", "b.h5")
    done("network", "convert", "b.h5", "-o", "c.npz")
    a, c = load(tmp_path / "a.npz"), load(tmp_path / "c.npz")
    assert all(a[k].tobytes() == c[k].tobytes() for k in ("H", "J", "beta"))
    # The kind of a file is what it holds, not what it is called.
    os.rename(tmp_path / "b.h5", tmp_path / "b.npz")
    done("network", "convert", "b.npz", "-o", "d.npz")
    assert load(tmp_path / "d.npz")["J"].tobytes() == a["J"].tobytes()


def test_convert_options(done, tmp_path):
    done("network", "draw", "--N", "67", "--dH", "1", "--beta", "0.5", "-o", "a.npz")
    a = load(tmp_path / "a.npz")

    def convert(*args):
        done("network", "convert", "a.npz", "-o", "b.npz", *args)
        return load(tmp_path / "b.npz")

    b = convert("--rescale", "4")
    assert b["beta"] == 2 and np.array_equal(a["J"], b["J"]) and np.array_equal(a["H"], b["H"])
    assert convert("--beta", "3")["beta"] == 3
    b = convert("--transpose")
    assert np.array_equal(b["J"], a["J"].T) and np.array_equal(b["H"], a["H"]) and b["beta"] == 0.5
    b = convert("--zero-diagonal")
    assert np.array_equal(b["J"], a["J"] - np.diag(a["J"].diagonal()))
    b = convert("--absorb-beta", "--rescale", "0.5")
    assert b["beta"] == 1 and np.array_equal(b["J"], 0.25 * a["J"]) and np.array_equal(b["H"], 0.25 * a["H"])
    # Onto itself: the old file is read before the new one is made.
    done("network", "convert", "a.npz", "-o", "a.npz", "--rescale", "2")
    assert load(tmp_path / "a.npz")["beta"] == 1


def test_convert_of_other_types(run, tmp_path):
    rng = np.random.default_rng(2)
    J = rng.integers(-3, 4, (6, 6))
    H = rng.integers(-1, 2, 6)
    for k, (th, tj) in enumerate([("f4", "f8"), ("i1", ">i2"), (">f8", "i8"), ("i4", "f2")]):
        np.savez_compressed(tmp_path / "a.npz", J=np.asfortranarray(J.astype(tj)), H=H.astype(th),
                            beta=np.array([2], "i4"), other=["text"])
        result = run("network", "convert", "a.npz", "-o", f"{k}.npz")
        assert result.returncode == 0, result.stderr
        f = load(tmp_path / f"{k}.npz")
        assert np.array_equal(f["J"], J) and np.array_equal(f["H"], H) and f["beta"] == 2
        assert f["J"].dtype == float


def test_no_beta_is_said(run, tmp_path):
    np.savez(tmp_path / "a.npz", H=[0.0, 1.0], J=np.eye(2))
    result = run("network", "convert", "a.npz", "-o", "b.npz")
    assert result.returncode == 0 and "no beta" in result.stderr and load(tmp_path / "b.npz")["beta"] == 1
    result = run("network", "convert", "a.npz", "-o", "b.npz", "--beta", "2")
    assert "no beta" not in result.stderr


WRONG_USE = [
    (["network"], "missing"),
    (["network", "drw", "-o", "x.npz"], "did you mean draw?"),
    (["network", "frobnicate"], "draw, info or convert"),
    (["network", "draw"], "no output file"),
    (["network", "draw", "-o", "x.csv"], "no matrix"),
    (["network", "draw", "-o", "x.foo"], "unknown file ending"),
    (["network", "draw", "x", "-o", "x.npz"], "unexpected argument"),
    (["network", "draw", "--N", "0", "-o", "x.npz"], "from 1"),
    (["network", "draw", "--N", "-1", "-o", "x.npz"], "whole number"),
    (["network", "draw", "--N", "2.5", "-o", "x.npz"], "whole number"),
    (["network", "draw", "--N", "2147483648", "-o", "x.npz"], "too large"),
    (["network", "draw", "--beta", "inf", "-o", "x.npz"], "finite"),
    (["network", "draw", "--beta", "-1", "-o", "x.npz"], "negative"),
    (["network", "draw", "--dJ", "1e308", "--N", "1", "-o", "x.npz"], "finite"),
    (["network", "draw", "--M", "3"], "network draw"),
    (["network", "info"], "FILE is missing"),
    (["network", "info", "good.npz", "more"], "unexpected argument"),
    (["network", "info", ""], "empty"),
    (["network", "info", "-"], "unexpected argument"),
    (["network", "info", "missing.npz"], "No such file"),
    (["network", "info", "missing/folder.npz"], "No such file"),
    (["network", "info", "."], "directory"),
    (["network", "info", "/dev/null"], "device"),
    (["network", "convert"], "FILE is missing"),
    (["network", "convert", "good.npz"], "no output file"),
    (["network", "convert", "good.npz", "-o", "x.csv"], "no matrix"),
    (["network", "convert", "good.npz", "-o", "x.npz", "--beta", "1", "--rescale", "2"], "one of the two"),
    (["network", "convert", "good.npz", "-o", "x.npz", "--rescale", "-2"], "negative"),
    (["network", "convert", "hot.npz", "-o", "x.npz", "--rescale", "1e300"], "infinite"),
    (["network", "convert", "hot.npz", "-o", "x.npz", "--absorb-beta"], "J[1,1]"),
]


@pytest.mark.parametrize("args,mention", WRONG_USE)
def test_wrong_use(args, mention, run, tmp_path):
    np.savez(tmp_path / "good.npz", H=[0.0, 1.0], J=np.eye(2), beta=1.0)
    np.savez(tmp_path / "hot.npz", H=[0.0, 1.0], J=np.diag([1.0, 1e200]), beta=1e150)
    result = run(*args)
    assert result.returncode == 2 and result.stdout == ""
    check_line(result.stderr, mention)
    assert sorted(os.listdir(tmp_path)) == ["good.npz", "hot.npz"]


def bad_networks():
    H, J = np.zeros(3), np.eye(3)
    nan, inf = J.copy(), H.copy()
    nan[1, 2] = math.nan
    inf[2] = -math.inf
    return {
        "no J": (dict(H=H), "no array J"),
        "no H": (dict(J=J), "no array H"),
        "nothing": (dict(x=H), "no array H"),
        "J not square": (dict(H=H, J=np.zeros((3, 4))), "3 x 4"),
        "J of others": (dict(H=H, J=np.eye(4)), "H has 3 elements and J is 4 x 4"),
        "J flat": (dict(H=H, J=np.zeros(9)), "shape of J"),
        "J cube": (dict(H=H, J=np.zeros((3, 3, 1))), "3 x 3 x 1"),
        "H matrix": (dict(H=np.zeros((3, 1)), J=J), "shape of H"),
        "H scalar": (dict(H=1.0, J=[[1.0]]), "scalar"),
        "no spins": (dict(H=np.zeros(0), J=np.zeros((0, 0))), "shape of H"),
        "two betas": (dict(H=H, J=J, beta=[1.0, 2.0]), "shape of beta"),
        "no beta": (dict(H=H, J=J, beta=[]), "shape of beta"),
        "NaN": (dict(H=H, J=nan), "J[1,2] : is nan"),
        "inf": (dict(H=inf, J=J), "H[2] : is -inf"),
        "beta NaN": (dict(H=H, J=J, beta=math.nan), "beta"),
        "beta inf": (dict(H=H, J=J, beta=math.inf), "beta"),
        "beta negative": (dict(H=H, J=J, beta=-1.0), "beta"),
        "text": (dict(H=["a", "b", "c"], J=J), "H holds text"),
        "text beta": (dict(H=H, J=J, beta="1"), "beta holds text"),
        "complex": (dict(H=H, J=1j * J), "complex"),
        "objects": (dict(H=np.array([None] * 3), J=J), "objects"),
        "huge integer": (dict(H=np.array([0, 0, 2**63], "u8"), J=J), "too large"),
    }


@pytest.mark.parametrize("name", bad_networks())
def test_bad_networks(name, run, tmp_path):
    arrays, mention = bad_networks()[name]
    np.savez(tmp_path / "a.npz", **arrays)
    for args in (["info", "a.npz"], ["convert", "a.npz", "-o", "b.npz"]):
        result = run("network", *args)
        assert result.returncode == 2 and result.stdout == ""
        check_line(result.stderr, mention)
    assert os.listdir(tmp_path) == ["a.npz"]


@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_truncated(ending, run, done, tmp_path):
    if ending == "h5" and not have_h5(run):
        pytest.skip("no HDF5")
    done("network", "draw", "--N", "12", "-o", f"a.{ending}")
    whole = (tmp_path / f"a.{ending}").read_bytes()
    assert len(whole) > 1000
    for length in range(0, len(whole), 64):
        (tmp_path / "cut").write_bytes(whole[:length])
        result = run("network", "info", "cut")
        assert result.returncode == 2 and result.stdout == ""
        check_line(result.stderr, "cut : ")


def test_unreadable(run, done, tmp_path):
    done("network", "draw", "--N", "2", "-o", "a.npz")
    os.chmod(tmp_path / "a.npz", 0)
    if os.access(tmp_path / "a.npz", os.R_OK):
        pytest.skip("root reads everything")
    result = run("network", "info", "a.npz")
    assert result.returncode == 2
    check_line(result.stderr, "Permission denied")


def test_too_little_memory(run, tmp_path):
    """What is too large is said before it is tried."""
    if os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") > 1e12:
        pytest.skip("this machine has it")
    result = run("network", "draw", "--N", "1000000", "-o", "x.npz", timeout=10)
    assert result.returncode == 1 and os.listdir(tmp_path) == []
    check_line(result.stderr, "GiB")


def npy_header(shape):
    text = b"{'descr': '|i1', 'fortran_order': False, 'shape': %s, }\n" % str(shape).encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def test_small_file_of_a_large_network(run, tmp_path):
    """A few megabytes may deflate to more than the machine has, and claim so; a shape alone may claim nothing."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    n = math.isqrt(memory // 8) + 1
    if memory > 1e11:
        pytest.skip("the file would be large")
    head = npy_header((n, n))
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    packed += b"\x00\x00\x00\xff\xff" * ((len(head) + n * n) // 1032 // 5 + 1)  # empty blocks
    for size, mention, status in ((len(head) + n * n, "GiB", 1), (len(head) + 5, "shape says", 2)):
        with zipfile.ZipFile(tmp_path / "a.npz", "w") as z:
            z.writestr("J.npy", packed)
            with z.open("H.npy", "w") as f:
                np.lib.format.write_array(f, np.zeros(n, "i1"))
        data = bytearray((tmp_path / "a.npz").read_bytes())
        at = data.rindex(b"PK\1\2", 0, data.rindex(b"PK\1\2"))
        assert size < 2**32
        data[at + 10:at + 12] = (8).to_bytes(2, "little")
        data[at + 24:at + 28] = size.to_bytes(4, "little")
        (tmp_path / "a.npz").write_bytes(data)
        result = run("network", "info", "a.npz", timeout=10)
        assert result.returncode == status
        check_line(result.stderr, mention)


def test_unwritable(run, done, tmp_path):
    done("network", "draw", "--N", "2", "-o", "a.npz")
    result = run("network", "convert", "a.npz", "-o", "no/such/b.npz")
    assert result.returncode == 1
    check_line(result.stderr, "no/such/b.npz")


@pytest.mark.parametrize("command", ["draw", "info", "convert"])
def test_help_has_an_example_that_runs(command, run, tmp_path):
    page = run("network", command, "--help")
    assert page.returncode == 0 and page.stderr == ""
    lines = page.stdout.split("example:\n")[1].splitlines()
    if "h5" in page.stdout.split("example:\n")[1] and not have_h5(run):
        pytest.skip("no HDF5")
    for line in lines:
        words = line.split()
        assert words[0] == "kinising"
        result = run(*words[1:])
        assert result.returncode == 0, result.stderr


def test_help_of_the_command(run):
    for args in (["network", "--help"], ["network", "-h"], ["help", "network"]):
        page = run(*args)
        assert page.returncode == 0 and "convert" in page.stdout


def test_theory_of_the_ensemble_of_a_network(run, tmp_path):
    run("network", "draw", "--N", "30", "--J0", "1.2", "--dJ", "0.6", "--dH", "0.3", "--beta", "1.5", "-o", "n.npz")
    header, row = (line.split(",") for line in run("network", "info", "n.npz").stdout.split())
    looks = dict(zip(header, row))
    for command, more in (("theory", []), ("critical", []), ("transient", ["--steps", "2"]),
                          ("autocorrelation", ["--tmax", "1", "--points", "2"])):
        given = [x for name in ("beta", "J0", "dJ", "dH") for x in ("--" + name, looks[name])
                 if (command, name) != ("critical", "beta")]
        plain = run(command, *given, *more)
        assert plain.returncode == 0 and run(command, "--network", "n.npz", *more).stdout == plain.stdout
    several = run("theory", "--network", "n.npz", "--beta", "1,2").stdout.split()
    assert [line.split(",")[1] for line in several[1:]] == [looks["J0"]] * 2  # what is given counts
    network = dict(np.load(tmp_path / "n.npz"))
    np.savez(tmp_path / "up.npz", H=network["H"] + 2, J=network["J"])
    said = run("theory", "--network", "up.npz").stderr
    assert "up.npz has no beta, 1 is taken" in said and "fields of up.npz have the mean " in said
    for bad, mention in (("none.npz", "none.npz"), ("one.npz", "two spins or more")):
        np.savez(tmp_path / "one.npz", H=[0.0], J=[[1.0]], beta=1.0)
        done = run("theory", "--network", bad)
        assert done.returncode == 2 and mention in done.stderr and done.stdout == ""
