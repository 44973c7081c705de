# SPDX-License-Identifier: BSD-3-Clause
"""kinising diagnose: the page, its verdicts, reports, two recordings; refusals in one sentence. [regime]"""

import json
import os
import re
import shutil
import signal
import subprocess
import xml.etree.ElementTree

import numpy as np
import pytest

from conftest import KINISING, default_signals, is_alive, wait_until
from test_cli_plot import read_png

LINE = re.compile(r"kinising: .+? : .+? : .+\n")
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DATA = os.path.join(ROOT, "..", "shared", "data")
AXES = ["--axes", "time,unit"]
needs_gnuplot = pytest.mark.skipif(shutil.which("gnuplot") is None, reason="needs gnuplot")


INPUT = ["--axes", "--key", "--bin", "--rate", "--trial-length", "--units", "--min-rate", "--window", "--intervals",
         "--quality"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """2001 bins of 12 units of a weak network."""
    folder = tmp_path_factory.mktemp("recording")
    for line in ("network draw --N 12 --beta 0.5 --dJ 0.5 --J0 0.3 --seed 2 -o n.npz",
                 "simulate --network n.npz --replicas 1 --steps 2000 --raster r.npz"):
        subprocess.run([KINISING, *line.split(), "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60)
    return folder / "r.npz"


@pytest.fixture
def diagnose(run, recording):
    def call(*args, **options):
        return run("diagnose", recording, *AXES, *args, **options)

    return call


def verdict(done):
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("verdict:")]
    assert len(lines) == 1
    return lines[0].removeprefix("verdict: ")


def readme_examples():
    """Lines of README's examples of regimes, and the regime that each names."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        text = f.read()
    block = text[text.index("## Which regime"):].split("\n\n    ", 1)[1].split("\n\n")[0]
    found = [re.fullmatch(r"\s*(.+?)\s+# (.+)", line).groups() for line in block.splitlines()]
    assert len(found) == 4
    return found


@pytest.mark.parametrize("line, regime", readme_examples())
def test_readme(tmp_path, line, regime):
    assert "build/kinising diagnose" in line and ".npz && " in line
    done = subprocess.run(line.replace("build/kinising", KINISING), shell=True, cwd=tmp_path, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
    assert re.fullmatch(re.escape(regime) + r" \(probability (0\.9\d+|above 0\.999)\)", verdict(done)), done.stdout


def test_the_four_are_those_of_the_issue():
    assert [regime for _, regime in readme_examples()] == ["ordered", "near-critical", "quasi-deterministic disordered",
                                                           "weak"]


def test_page(diagnose):
    done = diagnose()
    assert verdict(done).startswith("weak (probability ")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80 and len(lines) <= 60
    for words in ("12, 12 fitted", "2000 in 1 trial", "nats per unit and bin", "branching ratio", "repeated patterns", "kappa",
                  "lag-2", "g > 1.1", "0.9 <= g <= 1.1", "r < 0.5, sigma > S", "probability of 0.9", "z > 5", "> 0.01"):
        assert any(words in line for line in lines) or words in " ".join(done.stdout.split()), words
    assert diagnose("--threads", "1").stdout == diagnose("--threads", "3").stdout == done.stdout


def test_memory_that_is_no_power(run):
    """Activity of strong disorder is correlated with that of the next bin, and against that of later ones."""
    args = "simulate --N 20 --seed 2 --beta 4 --J0 0.2 --dJ 1 --steps 5000 --raster r.npz --quiet"
    assert run(*args.split()).returncode == 0
    page = run("diagnose", "r.npz", *AXES).stdout
    assert re.search(r"^  autocorrelation +0\.377 \[", page, re.M) and re.search(r"^  branching ratio +not known ", page, re.M)


@pytest.mark.parametrize("J0, dJ, seed", [("0.4", "0.6", "3"), ("0.4", "0.9", "2")])
def test_many_units_in_a_short_recording(run, J0, dJ, seed):
    """A right model has z near 4.6 (lag-2) there, since its fit makes variances too small."""
    args = ["simulate", "--N", "80", "--seed", seed, "--beta", "1", "--J0", J0, "--dJ", dJ, "--steps", "1000"]
    assert run(*args, "--raster", "r.npz", "--quiet").returncode == 0
    assert verdict(run("diagnose", "r.npz", *AXES, "--draws", "200")) in ("weak (probability above 0.999)",
                                                                           "moderate disordered (probability above 0.999)")


def test_thresholds(diagnose):
    """They decide, and are printed; cannot tell is an answer too, with reasons and advice."""
    done = diagnose("--probability", "0.999999", "--g-sd", "0.001")
    assert verdict(done).startswith("cannot tell (most probable: weak, ")
    told = " ".join(done.stdout.split())
    assert "- spread: g is not known well enough. Try " in told and "deviation of g of 0.001" in told
    assert verdict(diagnose("--weak", "0.999", "--deterministic", "0.4")).startswith("moderate disordered ")
    assert verdict(diagnose("--critical", "0.01", "--ordered", "0.9", "--g-sd", "1")).startswith("near-critical ")
    assert "g < 0.9, 0.4 <= r <= 0.999" in diagnose("--weak", "0.999", "--deterministic", "0.4").stdout


def test_json(diagnose, tmp_path, recording):
    done = diagnose("--report", "r.json", "--draws", "200", "--points", "3")
    assert done.stderr == "kinising: wrote r.json\n" and os.listdir(tmp_path) == ["r.json"]
    text = (tmp_path / "r.json").read_text(encoding="ascii")
    r = json.loads(text, parse_constant=lambda word: pytest.fail(word))
    assert (r["verdict"], r["regime"], r["doubts"], r["units"], r["transitions"], r["file"], r["unit"]) == (
        "weak", "weak", [], 12, 2000, str(recording), "nats")
    assert sorted(r["probability"]) == sorted(["ordered", "near-critical", "quasi-deterministic disordered",
                                               "deterministic reversible", "moderate disordered", "weak"])
    np.testing.assert_allclose(sum(r["probability"].values()), 1, rtol=1e-12)
    assert all(set(r[name]) == {"value", "sd", "low", "high"} for name in ("mu", "b", "g", "sigma", "S", "r", "kappa"))
    assert all(len(x) == 200 for x in r["draws"].values()) and sorted(r["draws"]) == sorted("mu b g r sigma S".split())
    assert r["options"]["critical"] == 0.9 and r["provenance"]["program"] == "kinising" and r["provenance"]["seed"] == 1
    assert len(re.findall(r"\d\.\d{15,}", text)) > 600  # every digit
    bits = diagnose("--report", "b.json", "--draws", "200", "--points", "3", "--unit", "bits")
    b = json.loads((tmp_path / "b.json").read_text())
    x = [p["x"] for p in r["curve"]]
    assert len(x) == 3 and x[0] == 0.5 and x[2] == 2 and 0.9 < x[1] < 1.3
    at = r["curve"][1]  # about where the recording is: the networks of the posterior have its entropies
    assert at["S"]["low"] <= at["S"]["median"] <= at["S"]["high"] and abs(at["S"]["median"] - r["S"]["value"]) < 0.05
    for name in ("sigma", "S"):
        for part in ("low", "median", "high"):
            np.testing.assert_allclose(b["curve"][0][name][part] * np.log(2), r["curve"][0][name][part], rtol=1e-12)
        np.testing.assert_allclose(b["curve"][1]["exact_" + name] * np.log(2), r["curve"][1]["exact_" + name], rtol=1e-12)
    assert [p["chi"] for p in b["curve"]] == [p["chi"] for p in r["curve"]]
    assert "bits per unit and bin" in bits.stdout
    for name in ("sigma", "S", "S_ind"):
        np.testing.assert_allclose(b[name]["high"] * np.log(2), r[name]["high"], rtol=1e-12)
    np.testing.assert_allclose(b["draws"]["sigma"], np.divide(r["draws"]["sigma"], np.log(2)), rtol=1e-12)
    assert (b["r"], b["g"]) == (r["r"], r["g"])
    one = diagnose("--report", "1.json", "--reproducible", "--threads", "1")
    two = diagnose("--report", "2.json", "--reproducible", "--threads", "2")
    assert one.returncode == two.returncode == 0
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


@pytest.fixture(scope="module")
def cold(tmp_path_factory):
    """2001 bins of 12 units of a quasi-deterministic network."""
    folder = tmp_path_factory.mktemp("cold")
    for line in ("network draw --N 12 --beta 3 --J0 -0.5 --seed 2 -o n.npz",
                 "simulate --network n.npz --replicas 1 --steps 2000 --raster cold.npz"):
        subprocess.run([KINISING, *line.split(), "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60)
    return folder / "cold.npz"


def test_compare(diagnose, run, recording, cold, tmp_path):
    done = diagnose("--compare", cold, "--report", "r.json", "--draws", "300")
    assert verdict(done) == "sigma rose (probability above 0.999): B is more deterministic"
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80 and re.fullmatch(r" +A: r.npz +B: cold.npz", lines[0])
    assert any(line.startswith("A: weak (prob") for line in lines)
    assert any(line.startswith("B: quasi-deterministic disordered (prob") for line in lines)
    r = json.loads((tmp_path / "r.json").read_text())
    assert [x["verdict"] for x in r["recordings"]] == ["weak", "quasi-deterministic disordered"]
    assert [x["file"] for x in r["recordings"]] == [str(recording), str(cold)] and r["change"]["pairs"] == 300
    assert r["change"]["rose"] > 0.99 and r["change"]["colder"] > 0.99 and r["change"]["doubts"] == []
    np.testing.assert_allclose(r["change"]["r"]["value"], r["recordings"][1]["r"]["value"] - r["recordings"][0]["r"]["value"],
                               atol=0.01)
    back = run("diagnose", cold, *AXES, "--compare", recording)
    assert verdict(back) == "sigma fell (probability above 0.999)"
    same = diagnose("--compare", recording)
    assert re.search(r"^  ln sigma +0 \[-", same.stdout, re.M) and not re.search(r"\de-1\d", same.stdout)
    assert re.fullmatch(r"cannot tell \(sigma rose: 0\.[3-7]\d+\)", verdict(same))


def test_the_manual_has_all_of_it(run, diagnose):
    """Rows of the page, regimes, doubts and options are in docs/diagnose.md, and no others."""
    with open(os.path.join(ROOT, "docs", "diagnose.md"), encoding="utf-8") as f:
        text = f.read()
    rule, rows, doubts = (re.findall(r"^\| ([^|]+) \|", text[text.index(title):].split("\n\n")[1], flags=re.M)[1:]
                          for title in ("## The rule", "## The page, row", "## When it cannot"))
    page = diagnose("--draws", "100").stdout
    shown = [line[2:22].strip() for line in page.split("\nregimes")[0].splitlines() if line.startswith("  ")]
    found = [name.strip() for row in rows for name in re.split(r", (?!more cosines)", row)]
    with open(os.path.join(ROOT, "include", "kinising", "diagnose.h"), encoding="utf-8") as f:
        lists = f.read()
    tests = re.findall(r'X\(KI_MISFIT_\w+, \d+, "([^"]+)"', lists)
    assert set(tests) <= set(shown) and sorted(found) == sorted(shown)
    assert rule == [line[2:33].strip() for line in page.split("\nregimes")[1].splitlines()[1:7]]
    assert doubts == re.findall(r'X\(KI_DOUBT_\w+, \d+, "([^"]+)"', lists)
    for option in re.findall(r"^  (--[a-z-]+)", run("diagnose", "--help").stdout, flags=re.M):
        assert option in text or option in INPUT + ["--threads", "--seed", "--quiet", "--reproducible", "--unit"], option


@needs_gnuplot
def test_picture_of_two(diagnose, cold, tmp_path):
    assert diagnose("--compare", cold, "--report", "r.svg", "--points", "3").returncode == 0
    words = "".join(xml.etree.ElementTree.parse(tmp_path / "r.svg").getroot().itertext())
    assert diagnose("--compare", cold, "--report", "r.png", "--points", "3").returncode == 0
    ink = (read_png(tmp_path / "r.png")[..., :3] < 250).any(axis=2)  # nothing is cut off at the edge of the page
    assert ink.mean() > 0.02 and not np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]]).any()
    for word in ("A: r.npz", "B: cold.npz", "sigma rose (probability above 0.999)", "A: fitted", "B: fitted"):
        assert word in words, word


@needs_gnuplot
def test_pictures(diagnose, tmp_path):
    done = diagnose("--report", "r.png", "--report", "r.svg", "--report=r.pdf", "--report", "r.json", "--points", "5")
    assert done.stderr == "kinising: drew r.png\nkinising: drew r.svg\nkinising: drew r.pdf\nkinising: wrote r.json\n"
    assert (tmp_path / "r.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert (tmp_path / "r.pdf").read_bytes()[:5] == b"%PDF-"
    words = "".join(xml.etree.ElementTree.parse(tmp_path / "r.svg").getroot().itertext())
    for word in ("weak (probability", "r.npz", "ordered", "near-critical", "quasi-deterministic", "critical line, g = 1",
                 "entropy production", "path entropy", "susceptibility", "exact, N → ∞", "branching ratio", "per unit and bin"):
        assert word in words, word


@needs_gnuplot
def test_names_are_no_gnuplot(run, recording, tmp_path):
    """What a file is called is text in the picture and nothing else."""
    name = "it's `date` $x {a}_b\\n.npz"
    shutil.copy(recording, tmp_path / name)
    done = run("diagnose", name, *AXES, "--report", "r.svg", "--points", "2")
    assert done.returncode == 0, done.stderr
    words = "".join(xml.etree.ElementTree.parse(tmp_path / "r.svg").getroot().itertext())
    assert "it_s _date_ _x {a}_b_n.npz" in words


@needs_gnuplot
def test_long_texts_stay_on_the_page(run, tmp_path):
    """Names of 200 characters, and as many doubts as there can be."""
    first, second = "a" * 200 + ".npy", "b" * 200 + ".npy"
    np.save(tmp_path / first, np.tile([[0, 1, 0], [1, 0, 1]], (100, 1)).astype(np.int8))
    shutil.copy(tmp_path / first, tmp_path / second)
    strict = ["--g-sd", "1e-6", "--misfit-z", "1e-6", "--misfit-fraction", "1e-9", "--points", "2"]
    for args in ([], ["--compare", second]):
        done = run("diagnose", first, *AXES, *strict, *args, "--report", "r.png")
        assert done.returncode == 0, done.stderr
        assert max(map(len, done.stdout.splitlines())) <= 80
        ink = (read_png(tmp_path / "r.png")[..., :3] < 250).any(axis=2)
        assert not np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]]).any()


@pytest.mark.parametrize("args, words", [
    (["--probability", "0.3"], "--probability : 0.3 is too small"), (["--probability", "1"], "--probability"),
    (["--g-sd", "0"], "--g-sd"), (["--critical", "1.2"], "--critical : 1.2, and --ordered is 1.1 : one below it"),
    (["--deterministic", "0.9"], "--deterministic : 0.9, and --weak is 0.8"), (["--weak", "2"], "--weak"),
    (["--cosines", "33"], "--cosines"), (["--draws", "3"], "--draws"), (["--points", "1"], "--points"),
    (["--misfit-z", "nan"], "--misfit-z"), (["--kappa", "-1"], "--kappa"), (["--trial-length", "1"], "transition"),
    (["--units", "3"], "at least two units"), (["--units", "99"], "--units"), (["--key", "no"], "no"), (["--report", "r.txt"], ".json"),
    (["--report", "r.json", "--report", "./r.json"], "is the file of --report too"), (["--report", ""], "--report"),
    (["--report", "-"], "--report"), (["--compare", "gone.npz"], "gone.npz"), (["--plot", "x.png"], "--plot")])
def test_refusals(diagnose, tmp_path, args, words):
    done = diagnose(*args, "--quiet")
    assert done.returncode == 2 and LINE.fullmatch(done.stderr) and words in done.stderr, done.stderr
    assert done.stdout == "" and os.listdir(tmp_path) == []


def test_inputs_are_not_overwritten(run, recording, tmp_path):
    shutil.copy(recording, tmp_path / "r.json")
    for args in (["r.json", *AXES, "--report", "r.json"], [recording, *AXES, "--compare", "r.json", "--report", "./r.json"]):
        done = run("diagnose", *args)
        assert done.returncode == 2 and "another file" in done.stderr and LINE.fullmatch(done.stderr)
    assert (tmp_path / "r.json").read_bytes() == recording.read_bytes()


def test_matrices_of_other_kinds(run, tmp_path):
    """Without axes, of other values, of units that do not change."""
    np.save(tmp_path / "r.npy", np.where(np.random.default_rng(1).random((300, 4)) < 0.5, 1, -1))
    np.save(tmp_path / "still.npy", np.ones((300, 4)))
    for args, words in ((["r.npy"], "--axes"), (["gone.npy", *AXES], "gone.npy"),
                        (["still.npy", *AXES], "still.npy : 0 of 4 units change"),
                        (["r.npy", *AXES, "--compare", "still.npy"], "still.npy : 0 of 4 units change")):
        done = run("diagnose", *args)
        assert done.returncode == 2 and LINE.fullmatch(done.stderr) and words in done.stderr, done.stderr


ODD = {
    "two units": lambda rng: rng.random((300, 2)) < 0.5,
    "a dozen bins": lambda rng: rng.random((12, 5)) < 0.5,
    "one in a hundred": lambda rng: rng.random((1000, 6)) < 0.01,
    "back and forth": lambda rng: np.tile([[0, 1, 0], [1, 0, 1]], (100, 1)),
    "all alike": lambda rng: np.repeat(rng.random((500, 1)) < 0.5, 6, axis=1),
    "one after another": lambda rng: np.eye(6)[np.arange(600) % 6],
    "hardly ever": lambda rng: np.cumsum(rng.random((600, 5)) < 0.01, axis=0) % 2,
    "two are silent": lambda rng: np.concatenate([rng.random((900, 5)) < 0.3, np.zeros((900, 2))], axis=1),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_recordings(run, tmp_path, name):
    """What is no network of the ensemble ends in a page that promises nothing, or in a sentence."""
    np.save(tmp_path / "r.npy", ODD[name](np.random.default_rng(5)).astype(np.int8))
    picture = ["--report", "r.png", "--points", "2"] if shutil.which("gnuplot") else []
    done = run("diagnose", "r.npy", *AXES, "--report", "r.json", *picture, "--quiet", timeout=120)
    if done.returncode:
        assert done.returncode == 2 and LINE.fullmatch(done.stderr) and done.stdout == ""
        return
    told = verdict(done)
    assert told.startswith(("cannot tell (", "weak ")) and max(map(len, done.stdout.splitlines())) <= 80
    json.loads((tmp_path / "r.json").read_text(), parse_constant=lambda word: pytest.fail(word))


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """[5001,20] of a near-critical network, and of one of symmetric couplings."""
    folder, rasters = tmp_path_factory.mktemp("networks"), {}
    rng = np.random.default_rng(8)
    J = rng.normal(0.5 / 20, 0.7 / np.sqrt(20), (20, 20))
    upper = np.triu(J, 1)
    for name, couplings in (("near-critical", None), ("symmetric", upper + upper.T)):
        draw = "network draw --N 20 --beta 1.35 --dJ 0.5 --seed 2 -o n.npz"
        if couplings is not None:
            np.savez(folder / "n.npz", H=np.zeros(20), J=couplings, beta=1.0)
        for line in ([draw] if couplings is None else []) + [
                "simulate --network n.npz --replicas 1 --steps 5000 --raster r.npz"]:
            subprocess.run([KINISING, *line.split(), "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60)
        with np.load(folder / "r.npz") as f:
            rasters[name] = f["raster"].reshape(-1, 20).copy()
    return rasters


@pytest.mark.parametrize("name, change, doubts", [
    ("near-critical", lambda r: np.repeat(r, 2, axis=0), ["lag-2"]),  # every frame twice
    ("near-critical", lambda r: r[:, ::2], ["lag-2", "same-bin"]),  # half of the units not seen
    ("near-critical", lambda r: np.maximum(r[:5000:2], r[1:5000:2]), ["same-bin"]),  # bins twice as wide as steps
    ("symmetric", lambda r: r, ["symmetry"])])
def test_a_model_that_does_not_fit(run, networks, tmp_path, name, change, doubts):
    np.save(tmp_path / "r.npy", change(networks[name]))
    done = run("diagnose", "r.npy", *AXES)
    assert verdict(done).startswith("cannot tell (") and all(f"\n  - {doubt}: " in done.stdout for doubt in doubts), done.stdout


def test_trials_and_spike_times(run, tmp_path):
    """Read as by all commands of recordings: no transition leads across a border; bins of spikes."""
    rng = np.random.default_rng(6)
    raster = (rng.random((5, 100, 5)) < 0.4).astype(np.int8)
    np.save(tmp_path / "t.npy", raster)
    assert "495 in 5 trials" in run("diagnose", "t.npy", "--axes", "trial,time,unit").stdout
    assert "480 in 20 trials" in run("diagnose", "t.npy", "--axes", "trial,time,unit", "--trial-length", "25").stdout
    bins, units = np.nonzero(raster.reshape(-1, 5))
    (tmp_path / "s.csv").write_text("unit,time\n" + "".join(f"{u},{(t + 0.5) / 50}\n" for t, u in zip(bins, units)))
    one = run("diagnose", "s.csv", "--bin", "0.02", "--window", "0:10")
    np.save(tmp_path / "m.npy", raster.reshape(-1, 5))
    assert one.returncode == 0 and one.stdout == run("diagnose", "m.npy", *AXES).stdout


def test_what_the_machine_cannot_hold(run, tmp_path):
    """Said before it is taken; three thousand units take some 400 GiB."""
    np.save(tmp_path / "r.npy", np.random.default_rng(1).integers(0, 2, (3000, 3000), np.int8))
    done = run("diagnose", "r.npy", *AXES)
    assert done.returncode == 1 and LINE.fullmatch(done.stderr) and "GiB" in done.stderr, done.stderr


def test_reports_that_cannot_be_written(diagnose, tmp_path):
    (tmp_path / "a.json").mkdir()
    for name in ("a.json", "nowhere/r.json", "nowhere/r.png"):
        done = diagnose("--report", name)
        assert done.returncode in (1, 2) and LINE.fullmatch(done.stderr) and done.stdout == "", done.stderr
    done = diagnose("--report", "r.png", env={"PATH": str(tmp_path)})
    assert done.returncode == 1 and "gnuplot is not installed" in done.stderr and LINE.fullmatch(done.stderr)
    assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped(recording, tmp_path, number):
    """Whatever was at work: nothing half-written stays, and what was there before does."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "gnuplot"
    program.write_text('#!/bin/sh\necho "half a picture"; echo $$ >pid.tmp; mv pid.tmp pid; exec sleep 1000\n')
    program.chmod(0o755)
    (tmp_path / "x.png").write_bytes(b"old")
    process = subprocess.Popen([KINISING, "diagnose", recording, *AXES, "--points", "2", "--report", "x.png", "--report",
                                "y.json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
                               preexec_fn=default_signals)
    try:
        wait_until((tmp_path / "pid").exists)
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == -number and out == b""
    finally:
        process.kill()
        process.wait()
    wait_until(lambda: not is_alive(int((tmp_path / "pid").read_text())))
    assert sorted(os.listdir(tmp_path)) == ["bin", "pid", "x.png"] and (tmp_path / "x.png").read_bytes() == b"old"


def test_one_bar_for_two_recordings(tmp_path):
    """It is not full before the second one."""
    np.save(tmp_path / "r.npy", np.where(np.random.default_rng(1).random((15000, 30)) < 0.5, 1, -1).astype(np.int8))
    ours, theirs = os.openpty()
    with subprocess.Popen([KINISING, "diagnose", "r.npy", *AXES, "--compare", "r.npy", "--threads", "1"], cwd=tmp_path,
                          stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:
            pass
    os.close(ours)
    assert process.returncode == 0
    parts = [int(part) for part in re.findall(r"\] +(\d+) %", said.decode())]
    if len(parts) < 6:
        pytest.skip("too fast for a bar")
    assert parts == sorted(parts) and sum(part > 79 for part in parts) < 0.45 * len(parts), parts


def test_stopped_while_it_computes(tmp_path):
    np.save(tmp_path / "r.npy", np.where(np.random.default_rng(1).random((200000, 40)) < 0.5, 1, -1).astype(np.int8))
    process = subprocess.Popen([KINISING, "diagnose", "r.npy", *AXES, "--report", "y.json"], cwd=tmp_path,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=default_signals)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.7)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == -signal.SIGINT and out == b""
    finally:
        process.kill()
        process.wait()
    assert os.listdir(tmp_path) == ["r.npy"]


@pytest.mark.parametrize("name, args, doubts", [
    ("culture_16x178919.npz", ["--axes", "unit,time", "--key", "X"], ["symmetry", "lag-2", "same-bin"]),
    ("a1_cortex_16x104000.mat", ["--axes", "unit,time", "--key", "spk"], ["lag-2", "same-bin"])])
def test_recordings(run, tmp_path, name, args, doubts):
    """The verdict on recordings of neurons is withheld, for the reasons of the first look at them."""
    path = os.path.abspath(os.path.join(DATA, name))
    if not os.path.exists(path):
        pytest.skip("no recordings here")
    done = run("diagnose", path, *args, "--quiet", timeout=240)
    if done.returncode and "matio" in done.stderr:
        pytest.skip("no matio")
    assert verdict(done).startswith("cannot tell"), done.stdout
    for doubt in doubts:
        assert f"  - {doubt}: " in done.stdout
