# SPDX-License-Identifier: BSD-3-Clause
"""The Python package over the library: values, broadcasting, errors, Ctrl-C, fork, life without it."""
import decimal
import fractions
import importlib
import json
import math
import re
import shutil

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst

from support import ROOT, build, copy_package, run_script

MODEL = ("beta", "J0", "dJ", "dH")
NUMBERS = ("m", "q", "k", "S", "Sr", "sigma", "sigma_async", "sigma_over_beta",
           "sigma_async_over_beta", "chi")
few = settings(max_examples=30, deadline=None, derandomize=True, database=None)


def table(name):
    with open(ROOT / "tests" / "oracle" / name, encoding="utf-8") as f:
        return json.load(f)


def column(rows, name):
    return np.array([float(row[name]) for row in rows])


# --- values -----------------------------------------------------------------------------------------


def test_theory_table(ki):
    rows = table("theory_table.json")
    got = ki.theory(**{name: column(rows, name) for name in MODEL})
    assert list(got.phase) == [row["phase"] for row in rows]
    assert set(got.status) == {"ok"}
    near = np.array([row["group"] == "near critical" for row in rows])
    for name in NUMBERS:
        # Next to the critical point the order parameters are ill-conditioned in beta.
        rtol = np.where(near & np.isin(name, ("m", "q", "chi")), 1e-8,
                        1e-8 if "async" in name else 1e-10)
        want, have = column(rows, name), getattr(got, name)
        infinite = np.isinf(want)
        np.testing.assert_array_equal(have[infinite], want[infinite], err_msg=name)
        have, want, rtol, finite = have[~infinite], want[~infinite], rtol[~infinite], ~infinite
        off = np.abs(have - want) > rtol * np.abs(want) + 1e-300
        assert not off.any(), (name, have[off], np.array(rows)[finite][off])


def test_critical_table(ki):
    for row in table("critical_table.json"):
        given = {name: float(row[name]) for name in MODEL if row[name] is not None}
        root = math.nan if row["root"] is None else float(row["root"])
        assert ki.critical(row["solve_for"], **given) == pytest.approx(root, rel=1e-12, nan_ok=True)


def test_autocorrelation_table(ki):
    for row in table("autocorrelation_table.json"):
        C = ki.autocorrelation(row["tau"], *(float(row[name]) for name in MODEL))
        np.testing.assert_allclose(C, column([{"C": c} for c in row["C"]], "C"), rtol=0, atol=1e-9)


def test_transient_table(ki):
    for row in table("transient_table.json"):
        got = ki.transient(*(row[n] for n in MODEL), m0=row["m0"], steps=row["steps"], two_time=True)
        for name in ("m", "S", "Sr", "sigma"):
            want = np.array([float(x) for x in row[name]])
            np.testing.assert_allclose(getattr(got, name)[1:], want, rtol=1e-10, atol=1e-12)
        assert np.isnan(got.sigma[0]) and got.t[-1] == row["steps"]
        np.testing.assert_array_equal(got.C, got.C.T)
        np.testing.assert_array_equal(np.diag(got.C, 1), got.q[1:])


@pytest.mark.parametrize("point", [(2.0, 1.0, 0.5, 0.0), (1.2, -1.0, 0.3, 0.2), (0.7, 0.4, 1.0, 0.6)])
def test_reference(ki, point):
    got, want = ki.theory(*point), ki.reference.steady_state(*point)
    assert got.phase == want.pop("phase")
    for name, value in want.items():
        assert getattr(got, name) == pytest.approx(value, rel=1e-9, abs=1e-12), name
    assert got.sigma_async == pytest.approx(ki.reference.asynchronous_entropy_production(*point),
                                            rel=1e-7)
    assert got.Sr_async == pytest.approx(ki.reference.asynchronous_reverse_entropy(*point), rel=1e-7)


def test_asynchronous_transient_ends_in_the_steady_state(ki):
    got = ki.transient(2, dJ=0.5, m0=0.5, dynamics="async", tmax=30, points=30, tol=1e-6,
                       two_time=True)
    end = ki.theory(2, dJ=0.5)
    assert got.status == "ok" and 0 <= got.error <= 1e-6
    assert got.C.shape == (31, 31)
    np.testing.assert_allclose(got.t, np.arange(31), rtol=1e-15)
    assert got.m[-1] == pytest.approx(end.m, abs=1e-4)
    assert got.sigma[-1] == pytest.approx(end.sigma_async, abs=1e-4)
    C = ki.autocorrelation([0, 1, 2], 2, dJ=0.5)
    np.testing.assert_allclose(got.C[-1, :-4:-1], C, atol=1e-4)


# --- shapes and types -------------------------------------------------------------------------------

reals = {"beta": st.floats(0, 5), "J0": st.floats(-2, 2), "dJ": st.floats(0, 2), "dH": st.floats(0, 2)}


@st.composite
def grids(draw):
    shapes = draw(npst.mutually_broadcastable_shapes(num_shapes=4, max_dims=3, max_side=3, min_side=0))
    return shapes.result_shape, {
        name: draw(npst.arrays(np.float64, shape, elements=reals[name]))
        for name, shape in zip(MODEL, shapes.input_shapes)}


@few
@given(grid=grids())
def test_theory_broadcasts(ki, grid):
    shape, parameters = grid
    got = ki.theory(**parameters, dynamics="sync")
    for name, value in got.items():
        assert np.shape(value) == (() if name == "dynamics" else shape)
    points = np.broadcast_arrays(*parameters.values())
    for index in np.ndindex(shape):
        one = ki.theory(*(float(p[index]) for p in points), dynamics="sync")
        for name in got:
            a, b = got[name] if name == "dynamics" else np.asarray(got[name])[index], one[name]
            assert a == b or (a != a and b != b), name


@few
@given(grid=grids(), solve_for=st.sampled_from(MODEL))
def test_critical_broadcasts(ki, grid, solve_for):
    parameters = {name: x for name, x in grid[1].items() if name != solve_for}
    used = np.broadcast_arrays(*parameters.values())
    shape = used[0].shape
    got = ki.critical(solve_for, **parameters)
    assert np.shape(got) == shape
    for index in np.ndindex(shape):
        values = iter(float(p[index]) for p in used)
        one = ki.critical(solve_for, **{n: next(values) for n in MODEL if n != solve_for})
        np.testing.assert_array_equal(np.asarray(got)[index], one)


@few
@given(point=st.fixed_dictionaries(reals))
def test_identities(ki, point):
    r = ki.theory(**point)
    assert 0 <= r.m <= 1 and 0 <= r.q <= 1 and 0 <= r.k <= 1
    assert 0 <= r.S <= math.log(2) + 1e-15 and r.sigma >= 0 and r.sigma_async >= 0
    assert r.Sr == pytest.approx(r.S + r.sigma, rel=1e-14)
    assert r.sigma == pytest.approx((point["beta"] * point["dJ"])**2 * (1 - r.q) * r.k, abs=1e-14)
    assert (r.phase == "paramagnetic") == (r.m == 0)


def test_scalars_and_arrays(ki):
    for zero in (ki.theory(2), ki.theory(np.float32(2)), ki.theory(np.array(2))):
        assert all(type(x) is (str if n in ("phase", "status", "dynamics") else float) for n, x in zero.items())
    one = ki.theory([2])
    assert all(x.shape == (1,) and x.flags.writeable for n, x in one.items() if n != "dynamics")
    assert one.m[0] == zero.m
    assert type(ki.critical(dJ=0.5)) is float and ki.critical(dJ=[0.5]).shape == (1,)
    assert type(ki.autocorrelation(1, 1)) is float
    np.testing.assert_array_equal(ki.autocorrelation(np.ones((2, 4))[:, ::2], 1), np.full(
        (2, 2), ki.autocorrelation(1, 1)))
    strided = np.linspace(0, 4, 12).reshape(3, 4).T[::2]
    np.testing.assert_array_equal(ki.theory(strided).m, ki.theory(strided.copy()).m)


def test_dynamics(ki):
    both, sync, other = (ki.theory(2, dJ=0.5, dynamics=d) for d in ("async, sync", "sync", "async"))
    assert both.sigma == sync.sigma and math.isnan(sync.sigma_async) and math.isnan(sync.Sr_async)
    assert both.Sr_async == other.Sr_async == other.S + other.sigma_async
    assert both.sigma_async == other.sigma_async and math.isnan(other.sigma)


def test_threads_change_no_bit(ki):
    beta = np.linspace(0, 5, 300)
    one, two = (ki.theory(beta, dJ=0.5, threads=n) for n in (1, 2))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_info(ki):
    facts = ki.info()
    assert facts["version"] == ki.__version__ and facts["max_threads"] >= 1
    assert isinstance(facts["have_hdf5"], bool) and isinstance(facts["compiler"], str)


# --- errors -----------------------------------------------------------------------------------------

WRONG = [
    (ValueError, "beta : -1", lambda ki: ki.theory(-1)),
    (ValueError, "point 2: ", lambda ki: ki.theory([1, 2, math.nan, -1])),
    (TypeError, "beta : is None", lambda ki: ki.theory(None)),
    (ValueError, "broadcast", lambda ki: ki.theory([1, 2], [1, 2, 3])),
    (ValueError, "threads : -1", lambda ki: ki.theory(1, threads=-1)),
    (ValueError, "dynamics : 'both' is unknown", lambda ki: ki.theory(1, dynamics="both")),
    (ValueError, "solve_for : 'H' is unknown", lambda ki: ki.critical("H")),
    (ValueError, "dJ : -1", lambda ki: ki.critical(dJ=[1, -1])),
    (TypeError, "beta : is not given", lambda ki: ki.critical("dJ")),
    (ValueError, "tau : 0.5 is no lag : use a finite whole", lambda ki: ki.autocorrelation(0.5, 1, dynamics="sync")),
    (ValueError, "tau : -1 at 1, 0 is no lag : use a finite time", lambda ki: ki.autocorrelation([[1], [-1]], [1, 2])),
    (ValueError, "tau : nan at 0", lambda ki: ki.autocorrelation([math.nan, -1], 1)),
    (ValueError, "is both", lambda ki: ki.autocorrelation(1, 1, dynamics="sync,async")),
    (ValueError, "beta : ", lambda ki: ki.transient(math.inf)),
    (ValueError, "m0 : 2", lambda ki: ki.transient(1, m0=2)),
    (ValueError, "steps : 0 ", lambda ki: ki.transient(1, steps=0)),
    (ValueError, "steps : -1 ", lambda ki: ki.transient(1, steps=-1)),
    (ValueError, "use 1 to 10000000", lambda ki: ki.transient(1, steps=10**12)),
    (ValueError, "use 1 to 10000", lambda ki: ki.transient(1, steps=10001, two_time=True)),
    (ValueError, "points : 1000000000000 is out", lambda ki: ki.transient(
        1, points=10**12, dynamics="async")),
    (ValueError, "tol : 1 ", lambda ki: ki.transient(1, dynamics="async", tol=1)),
    (ValueError, "lag : 0", lambda ki: ki.transient(1, lag=0)),
    (TypeError, "points : does not apply", lambda ki: ki.transient(1, points=3)),
    (TypeError, "steps : does not apply", lambda ki: ki.transient(1, steps=3, dynamics="async")),
    (ValueError, "threads : -1 is out of range", lambda ki: ki.transient(1, threads=-1)),
    (ValueError, "broadcast, beta (2,), m0 (3,) : use", lambda ki: ki.transient([1, 2], m0=[0, 1, 0.5])),
    (TypeError, "tol : is of type <U1", lambda ki: ki.transient(1, dynamics="async", tol="x")),
    (TypeError, "tmax : is an array of shape (2,)", lambda ki: ki.transient(1, dynamics="async", tmax=[1, 2])),
    (TypeError, "beta : is what is solved for", lambda ki: ki.critical("beta", beta=2)),
    (TypeError, "dH : is what is solved for", lambda ki: ki.critical("dH", beta=2, dH=0)),
    (ValueError, "solve_for : ['beta'] is unknown", lambda ki: ki.critical(["beta"])),
    (ValueError, "dynamics : ['x'] is unknown : use 'sync', 'async' or both: 'sync,async'", lambda ki: ki.theory(
        1, dynamics=["x"])),
    (TypeError, "dynamics : 3 is unknown", lambda ki: ki.theory(1, dynamics=3)),
    (TypeError, "dynamics : ['sync', 'async'] is no word : use one of 'sync', 'async'", lambda ki: ki.transient(
        1, dynamics=["sync", "async"])),
]

# What numpy would take for numbers without a word.
NO_NUMBERS = {
    "masked": ("has masked elements", np.ma.array([1.0, 2.0], mask=[False, True])),
    "datetime": ("is of type datetime64[D]", np.array(["2026-01-01"], dtype="datetime64[D]")),
    "timedelta": ("is of type timedelta64[s]", np.array([5], dtype="timedelta64[s]")),
    "str": ("is of type <U1", "1"), "strs": ("is of type <U1", ["1", "2"]), "bytes": ("is of type |S1", b"1"),
    "complex": ("is of type complex128", 1j), "None": ("is None", [None]), "object": ("holds object", object()),
}
TAKE_NUMBERS = {
    "beta": lambda ki, x: ki.theory(x), "J0": lambda ki, x: ki.theory(1, J0=x), "dH": lambda ki, x: ki.critical(dH=x),
    "dJ": lambda ki, x: ki.transient(1, dJ=x), "m0": lambda ki, x: ki.transient(1, m0=x),
    "tau": lambda ki, x: ki.autocorrelation(x, 1), "J": lambda ki, x: ki.Network([0], x),
    "H": lambda ki, x: ki.Network(x, [[0]]), "beta of a network": lambda ki, x: ki.Network([0], [[0]], x),
    "beta of simulate": lambda ki, x: ki.simulate(5, x), "rel_err": lambda ki, x: ki.simulate(5, 1, rel_err=x),
    "dJ of draw": lambda ki, x: ki.Network.draw(5, dJ=x), "tol": lambda ki, x: ki.Network([0], [[0]]).exact(tol=x),
    "beta of exact": lambda ki, x: ki.Network([0], [[0]]).exact(beta=x),
}


@pytest.mark.parametrize("kind, sentence, call", WRONG, ids=[s or "type" for _, s, _ in WRONG])
def test_wrong_use(ki, kind, sentence, call):
    with pytest.raises(kind) as caught:
        call(ki)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("what", NO_NUMBERS)
@pytest.mark.parametrize("name", TAKE_NUMBERS)
def test_what_is_no_number(ki, name, what):
    sentence, value = NO_NUMBERS[what]
    with pytest.raises(TypeError) as caught:
        TAKE_NUMBERS[name](ki, value)
    assert str(caught.value).startswith(f"{name.split()[0]} : {sentence}"), caught.value


def test_numbers_of_other_types(ki):
    """Of Python, of numpy with nothing masked: what is a number is one."""
    want = ki.theory([0.5, 2]).m
    for beta in ([fractions.Fraction(1, 2), decimal.Decimal(2)], np.ma.array([0.5, 2.0]), np.float16([0.5, 2])):
        np.testing.assert_array_equal(ki.theory(beta).m, want)
    assert ki.theory(10**30, dJ=0.5).status == "ok"
    with pytest.raises(ValueError, match="beta : is no array, its rows have different lengths"):
        ki.theory([[1, 2], [3]])


def test_error_numbers(ki):
    library = importlib.import_module("kinising._library")
    with pytest.raises(ValueError) as caught:
        ki.theory(-1)
    kinds = {"NOMEM": MemoryError, "ARGUMENT": ValueError, "IO": OSError}
    names = [n for n in dir(library.lib) if n.startswith("KI_ERR_")]
    assert len(names) >= 7
    for name in names:
        with pytest.raises(kinds.get(name[7:], ki.KinisingError)) as again:
            library.check(getattr(library.lib, name))
        assert str(again.value) == str(caught.value)  # the last sentence, whatever the number
    assert issubclass(ki.KinisingError, RuntimeError)


# --- the process around it --------------------------------------------------------------------------


def test_without_extension(tmp_path):
    script = """
import kinising as ki, kinising.reference
assert ki.__version__.count(".") == 2 and kinising.reference.steady_state(0.5, 1, 1)["m"] == 0
for call in (lambda: ki.theory(1), ki.critical, lambda: ki.transient(1), ki.info,
             lambda: ki.autocorrelation(1, 1), lambda: ki.simulate(4, 1), lambda: ki.Network([0], [[0]]),
             lambda: ki.Network.draw(4), lambda: ki.compare(None), lambda: ki.Network.read("none.npz")):
    try:
        call()
    except ImportError as error:
        assert "make python" in str(error), error
    else:
        raise AssertionError("no ImportError")
"""
    done = run_script(copy_package(tmp_path), script)
    assert done.returncode == 0, done.stderr


def test_extension_of_another_version(package, tmp_path):
    folder = copy_package(tmp_path)
    shutil.copy(package / "kinising" / "_lib.abi3.so", folder / "kinising")
    front = folder / "kinising" / "__init__.py"
    version = re.search('^__version__ = "(.*)"$', front.read_text(), flags=re.M).group(1)
    front.write_text(front.read_text().replace(f'"{version}"', '"9.9.9"'))
    done = run_script(folder, "import kinising as ki; ki.theory(1)")
    assert f"ImportError: kinising._lib : it is of version {version}, the package of 9.9.9" in done.stderr


def test_interrupt(package):
    """The timer thread runs at all only because the call has released the interpreter lock."""
    script = """
import os, signal, threading, time
import numpy as np
import kinising as ki

def stopped_after(handler, kind):
    signal.signal(signal.SIGINT, handler)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    try:
        ki.theory(np.linspace(0.5, 4, 10**6))
    except kind:
        return time.monotonic() - start
    raise AssertionError("not interrupted")

def own(number, frame):
    raise LookupError

assert stopped_after(signal.default_int_handler, KeyboardInterrupt) < 20
assert stopped_after(own, LookupError) < 20
assert ki.theory(1.0).status == "ok"
worker = threading.Thread(target=lambda: print(ki.theory([1.0] * 20).status[0]))
worker.start()
worker.join()
"""
    done = run_script(package, script)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def test_build_complains(tmp_path):
    done = build(tmp_path)
    assert done.returncode == 1 and "holds no libkinising.a : run `make build`" in done.stderr
    (tmp_path / "libkinising.a").touch()
    done = build(tmp_path, "--output", tmp_path / "none")
    assert done.returncode == 1 and "is no folder" in done.stderr
    assert "Traceback" not in done.stderr
