# SPDX-License-Identifier: BSD-3-Clause
"""What the functions return: inputs among the values, tables as the command line prints them, one screen of
text, types, documentation."""
import doctest
import html.parser
import importlib
import importlib.resources
import inspect
import pickle
import re
import subprocess
import typing

import numpy as np
import pytest

from support import ROOT, find_build, run_script, same_table

RESULTS = {
    "Change": lambda ki: RESULTS["Diagnosis"](ki).compare(RESULTS["Diagnosis"](ki)),
    "Comparison": lambda ki: ki.compare(ki.Network.draw(4), beta=[0.5, 1], steps=3),
    "Diagnosis": lambda ki: ki.diagnose(np.random.default_rng(1).random((300, 5)) < 0.5, axes="time,unit", draws=100),
    "EntropyProduction": lambda ki: ki.entropy_production(np.random.default_rng(1).random((60, 3)) < 0.5,
                                                          axes="time,unit", estimator=["model", "plugin"]),
    "Exact": lambda ki: ki.Network.draw(4).exact(beta=[0.5, 1]),
    "Fit": lambda ki: ki.fit(np.random.default_rng(1).random((60, 3)) < 0.5, axes="time,unit", ridge=[1, 2], folds=2),
    "MeanField": lambda ki: ki.Network.draw(4).meanfield(steps=30),
    "NetworkSummary": lambda ki: ki.Network.draw(4).summary(),
    "Replicas": lambda ki: ki.Network.draw(4).simulate(10, 5, raster=True),
    "Simulation": lambda ki: ki.simulate([4, 5], [[0.5], [1]], realizations=3, steps=4),
    "Theory": lambda ki: ki.theory(np.linspace(0, 4, 100), dJ=[[0.5], [1]]),
    "Transient": lambda ki: ki.transient([1, 2], m0=[[0.1], [0.2], [0.3]], steps=4, two_time=True),
}


def public(ki):
    """Every public function, class and method, by name."""
    for name in ki.__all__:
        thing = getattr(ki, name)
        yield name, thing
        if inspect.isclass(thing) and issubclass(thing, (ki.Network, ki.Theory.__mro__[1])):
            for own, member in inspect.getmembers(thing):
                if own[0] != "_" and (inspect.isfunction(member) or inspect.ismethod(member)) and \
                        "collections" not in member.__module__:
                    yield f"{name}.{own}", member


@pytest.fixture(params=RESULTS)
def kept(request, ki):
    got = RESULTS[request.param](ki)
    assert type(got).__name__ == request.param
    return got


def test_every_result_is_here(ki):
    found = [name for name in ki.__all__ if inspect.isclass(getattr(ki, name)) and hasattr(getattr(ki, name), "table")]
    assert sorted(found) == sorted(RESULTS)


def test_names_and_values(kept):
    assert list(kept) == list(kept.keys()) and len(kept) == len(list(kept))
    assert all(kept[name] is getattr(kept, name) for name in kept)
    assert "beta" in kept and "colour" not in kept and kept.get("colour") is None
    with pytest.raises(KeyError):
        kept["table"]
    with pytest.raises(AttributeError):
        kept.beta = 3
    assert kept == kept and kept != dict(kept) and hash(kept)
    again = pickle.loads(pickle.dumps(kept))
    for name, value in kept.items():
        np.testing.assert_array_equal(again[name], value)


def test_saves_with_numpy(kept, tmp_path):
    np.savez(tmp_path / "r.npz", **{n: x for n, x in kept.items() if x is not None})
    with np.load(tmp_path / "r.npz") as f:
        np.testing.assert_array_equal(f["beta"], kept.beta)


def test_tables(kept):
    columns = kept.table()
    assert len({len(c) for c in columns.values()}) == 1 and all(c.ndim == 1 for c in columns.values())
    assert len(columns["beta"]) >= 1
    one = columns["beta"].copy()
    columns["beta"][:] = -1  # a copy
    assert not (np.asarray(kept.beta) == -1).any() and (kept.table()["beta"] == one).all()


def test_inputs_are_broadcast(ki):
    r = RESULTS["Theory"](ki)
    assert r.beta.shape == r.dJ.shape == r.sigma.shape == (2, 100) and r.dynamics == "sync,async"
    np.testing.assert_array_equal(r.table()["sigma"], ki.theory(r.beta, dJ=r.dJ).sigma.reshape(-1))
    s = RESULTS["Simulation"](ki)
    assert s.N.tolist() == [[4, 5], [4, 5]] and s.beta.tolist() == [[0.5, 0.5], [1, 1]] and s.J0.shape == (2, 2)
    one = ki.simulate(4, 1, realizations=2)
    assert (one.N, one.beta, one.dJ, one.seed, one.start, one.average) == (4, 1.0, 1.0, 1, "up", False)
    assert type(one.N) is int and type(one.beta) is float


def test_one_screen(kept):
    lines = repr(kept).split("\n")
    assert len(lines) <= 40 and max(map(len, lines)) <= 110 and lines[0] == f"<kinising.{type(kept).__name__}>"
    assert [line.split()[0] for line in lines[1:]] == [n for n, x in kept.items() if x is not None]


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.rows, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        if tag != "br":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("th", "td"):
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + "\n"


def test_html(kept):
    page = Page()
    page.feed(kept._repr_html_())
    assert not page.open and 2 <= len(page.rows) <= 14 and set(page.rows) == {len(kept.table())}
    for name in kept:
        assert name in page.text or kept[name] is None
    assert f"{type(kept).__name__}, {len(kept.table()['beta'])} row" in page.text


# --- tables of the command line ---------------------------------------------------------------------


def printed(*words):
    done = subprocess.run([find_build() / "kinising", *words], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    return done.stdout


def test_theory_tables(ki):
    grid = ["theory", "--dJ", "0.5,1", "--J0", "1,-2", "--beta", "0,1.2,inf"]
    got = ki.theory([0, 1.2, np.inf], J0=[[1], [-2]], dJ=[[[0.5]], [[1]]])
    same_table(got.table(), printed(*grid))
    same_table(got.tidy(), printed(*grid, "--tidy"))
    for one in ("sync", "async"):
        got = ki.theory([0, 1.2, np.inf], J0=[[1], [-2]], dJ=[[[0.5]], [[1]]], dynamics=one)
        same_table(got.tidy(), printed(*grid, "--tidy", "--dynamics", one))
    assert set(got.tidy()["dynamics"]) == {"async"} and len(got.tidy()["m"]) == 12
    assert len(ki.theory(1).tidy()["sigma"]) == 2 and len(ki.theory([]).tidy()["sigma"]) == 0


def test_transient_tables(ki):
    grid = ["transient", "--beta", "1,2", "--m0", "0.1,0.7", "--dJ", "0.5"]
    got = ki.transient([1, 2], dJ=0.5, m0=[[0.1], [0.7]], steps=3, lag=2)
    want = printed(*grid, "--steps", "3", "--lag", "2")
    order = np.lexsort((got.table()["t"], got.table()["m0"], got.table()["beta"]))
    rows = printed(*grid, "--steps", "3", "--lag", "2").splitlines()
    header = rows[0].split(",")
    at = [header.index(name) for name in ("t", "m0", "beta")]
    keys = np.array([[float(row.split(",")[i]) for i in at] for row in rows[1:]])
    want = "\n".join([rows[0], *(rows[1 + i] for i in np.lexsort(keys.T))])
    same_table({name: column[order] for name, column in got.table().items()}, want)
    one = ki.transient(2, dJ=0.5, m0=0.7, dynamics="async", tmax=1, points=4)
    columns = one.table()
    assert len(columns["t"]) == 5
    # numpy.linspace may round the times of the command line otherwise.
    text = printed("transient", "--beta", "2", "--m0", "0.7", "--dJ", "0.5", "--dynamics", "async", "--tmax", "1",
                   "--points", "4")
    same_table(columns, text)


def test_transients_broadcast(ki):
    got = ki.transient([1, 2], dJ=0.5, m0=[[0.1], [0.2], [0.3]], steps=4, two_time=True)
    assert got.m.shape == (3, 2, 5) and got.C.shape == (3, 2, 5, 5) and got.t.shape == (5,)
    assert got.m0.shape == got.status.shape == got.error.shape == (3, 2)
    one = ki.transient(2, dJ=0.5, m0=0.3, steps=4, two_time=True)
    for name in ("m", "q", "S", "Sr", "sigma", "C"):
        np.testing.assert_array_equal(got[name][2, 1], one[name])
    none = ki.transient([], steps=3)
    assert none.m.shape == (0, 4) and list(none.t) == [0, 1, 2, 3]
    slow = ki.transient([0.5, 1], dynamics="async", tmax=1, points=3)
    assert slow.error.shape == (2,) and set(slow.status) == {"ok"}


def test_autocorrelations_broadcast(ki):
    tau, beta = np.array([2.0, 0.0, 1.0]), np.array([[0.5], [2.0]])
    got = ki.autocorrelation(tau, beta, dJ=0.5)
    assert got.shape == (2, 3)
    for i in range(2):
        np.testing.assert_array_equal(got[i], ki.autocorrelation(tau, beta[i, 0], dJ=0.5))
    assert ki.autocorrelation([], beta).shape == (2, 0)


# --- documentation and types ------------------------------------------------------------------------


def test_examples(ki):
    attempted = 0
    for name, thing in public(ki):
        for found in doctest.DocTestFinder(recurse=False).find(thing, name, module=False, globs={"ki": ki}):
            result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(found)
            assert result.failed == 0, name
            attempted += result.attempted
    assert attempted >= 11


def test_the_readme(package, tmp_path):
    """Its lines run as they stand, and print what it says of them."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(import kinising.*?)```", text, flags=re.S)[1]
    script = tmp_path / "readme.py"
    script.write_text(code + """
assert (finite.sigma > 0).all() and decay.m.shape == (2, 51) and decay.t.shape == (51,)
assert run.raster.shape == (1000, 128, 200) and run.d.shape == (200, 200) and run.sigma_spin.shape == (200,)
assert abs(steady.sigma / run.sigma - 1) < 0.04 and steady.status == "ok" and steady.sigma_edge.shape == (200, 200)
assert set(curve.tidy()) & set(run.table()) >= {"beta", "dynamics", "m", "q", "S", "Sr", "sigma"}
""", encoding="utf-8")
    done = run_script(package, script, 100)
    assert done.returncode == 0, done.stderr


def test_help_is_of_the_names_of_users(ki):
    for name, thing in public(ki):
        assert thing.__module__ == "kinising" or name.endswith((".table",)), name
        assert thing.__doc__, name
        assert "ki_" not in thing.__doc__ and "KI_" not in thing.__doc__, name
        if not inspect.isclass(thing):
            assert thing.__qualname__ == name or name.endswith(".table")


def test_everything_is_typed(ki):
    for name, thing in public(ki):
        hints = typing.get_type_hints(thing)
        if inspect.isclass(thing):
            continue
        missing = set(inspect.signature(thing).parameters) - set(hints) - {"self"}
        assert not missing and "return" in hints, name
    assert (importlib.resources.files("kinising") / "py.typed").is_file()


def test_words_are_those_of_the_library(ki):
    arguments = importlib.import_module("kinising._arguments")
    documents = {"DYNAMICS": ki.theory, "PHASES": ki.theory, "STARTS": ki.simulate, "ALGORITHMS": ki.simulate,
                 "METHODS": ki.Network.meanfield}
    for name, function in documents.items():
        words = getattr(arguments, name)
        assert len(words) >= 2 and all(f"'{word}'" in function.__doc__ for word in words), name
    for word in ("ok", "unsolved", "not-steady", "unstable", "unphysical"):
        assert word in arguments.STATUSES and f"'{word}'" in ki.Network.meanfield.__doc__, word


def test_values_are_documented(ki):
    documents = {"Change": ki.Diagnosis.compare, "Comparison": ki.compare, "Diagnosis": ki.diagnose, "EntropyProduction": ki.entropy_production, "Exact": ki.Network.exact, "Fit": ki.fit, "MeanField": ki.Network.meanfield,
                 "Replicas": ki.Network.simulate,
                 "NetworkSummary": ki.Network.summary, "Simulation": ki.simulate, "Theory": ki.theory,
                 "Transient": ki.transient}
    assert set(documents) == set(RESULTS)
    for name, function in documents.items():
        for field in getattr(ki, name).__dataclass_fields__:
            assert field.removesuffix("_err") in function.__doc__, (name, field)
