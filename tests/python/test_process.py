# SPDX-License-Identifier: BSD-3-Clause
"""Every function that takes `threads`, in processes that a fork or a spawn made."""
import inspect
import os

import pytest

from support import run_script

# What is called in them: one line for every function with an argument `threads`, large enough that its
# loops have worker threads. `net` has 128 spins, `small` 9.
CALLS = {
    "theory": "ki.theory(np.linspace(0.1, 4, 300), dynamics='sync', threads=threads).m",
    "transient": "ki.transient(1.2, dJ=0.5, tmax=1, points=20, dynamics='async', threads=threads).sigma",
    "simulate": "ki.simulate(40, 1, threads=threads, steps=9).sigma",
    "compare": "ki.compare(net, ['plefka-t'], 'simulation', steps=2, replicas=200, threads=threads).D_err",
    "diagnose": "ki.diagnose(spins, axes='time,unit', draws=100, threads=threads).draws",
    "entropy_production": "ki.entropy_production(spins, axes='time,unit', estimator=['mtur', 'model'], tests=['symmetric', "
                          "'bootstrap'], surrogates=3, threads=threads).sigma_unit",
    "fit": "ki.fit(spins, axes='time,unit', threads=threads).J",
    "Raster.moments": "ki.Raster(spins, axes='time,unit').moments(threads=threads)['d']",
    "Network.draw": "ki.Network.draw(300, threads=threads).J",
    "Network.exact": "small.exact(threads=threads, tmax=3).p",
    "Network.meanfield": "net.meanfield('plefka-t', steps=2, threads=threads).C",
    "Network.simulate": "net.simulate(300, 9, threads=threads).d",
}

SCRIPT = """
import concurrent.futures, multiprocessing, os, signal, sys, threading
import numpy as np
import kinising as ki

net, small = ki.Network.draw(128), ki.Network.draw(9, beta=0.7)
spins = small.simulate(1, 2000, raster=True, moments=False).raster[0]

def bits(threads):
    return [np.asarray(x).tobytes() for x in (%s,)]

def same(before, *counts):
    return all(bits(n) == before for n in counts)
""" % ", ".join(CALLS.values())

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def takers(ki):
    """The public functions and methods that have an argument `threads`."""
    found = []
    for name in ki.__all__:
        thing = getattr(ki, name)
        members = {f"{name}.{n}": m for n, m in inspect.getmembers(thing, inspect.isroutine) if n[0] != "_"} \
            if inspect.isclass(thing) else {name: thing}
        found += [n for n, m in members.items() if inspect.isfunction(m) or inspect.ismethod(m)
                  if "threads" in inspect.signature(m).parameters]
    return found


def test_no_function_with_threads_is_forgotten(ki):
    assert sorted(takers(ki)) == sorted(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_threads_out_of_range(ki, name):
    import numpy as np
    names = {"ki": ki, "np": np, "net": ki.Network.draw(9), "small": ki.Network.draw(5),
             "spins": np.array([[1, 0], [0, 1], [1, 1], [0, 0]])}
    for wrong in (-1, 4097, 2**40):
        with pytest.raises(ValueError, match=f"threads : {wrong} is out of range : use 0 .all. to 4096"):
            eval(CALLS[name], names, {"threads": wrong})
    for wrong in (1.5, "2", None, True):
        with pytest.raises(TypeError, match="threads : .* is no whole number"):
            eval(CALLS[name], names, {"threads": wrong})


def run(package, tmp_path, text):
    """As a file: a spawned process reads it again."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT + text)
    done = run_script(package, path, 240)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


@forks
def test_fork(package, tmp_path):
    """A child of a process that has used threads must not wait for the threads it does not have. BLAS has had
    its own."""
    run(package, tmp_path, """
a = np.ones((700, 700))
a @ a
before = bits(2)
child = os.fork()
if child == 0:
    signal.alarm(120)
    a @ a
    os._exit(0 if same(before, 0, 4) else 1)
print(os.waitpid(child, 0)[1] == 0)
""")


@forks
def test_fork_while_another_thread_computes(package, tmp_path):
    """No lock that a thread of the parent held is waited for in the child."""
    run(package, tmp_path, """
before = bits(2)
over = threading.Event()
def work():
    while not over.is_set():
        ki.theory(np.linspace(0.1, 4, 3000), dynamics='sync', threads=2)
        net.meanfield('naive', steps=1, threads=2)
worker = threading.Thread(target=work)
worker.start()
ends = []
for _ in range(12):
    child = os.fork()
    if child == 0:
        signal.alarm(120)
        os._exit(0 if same(before, 2) else 1)
    ends.append(os.waitpid(child, 0)[1])
over.set()
worker.join()
print(not any(ends))
""")


@forks
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads cannot be counted here")
def test_threads_of_a_child(package, tmp_path):
    """One, unless it is told how many."""
    run(package, tmp_path, """
ki.simulate(300, 1, realizations=50, threads=2)
here, there = os.pipe()
if os.fork() == 0:
    signal.alarm(120)
    counts = []
    for threads in (0, 3):
        ki.simulate(300, 1, realizations=50, threads=threads)
        counts.append(len(os.listdir("/proc/self/task")))
    os.write(there, repr(counts[0] == 1 < counts[1]).encode())
    os._exit(0)
os.wait()
print(os.read(here, 9).decode())
""")


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pools(package, tmp_path, method):
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("no fork here")
    run(package, tmp_path, f"""
if __name__ == "__main__":
    signal.alarm(200)
    before = bits(2)
    context = multiprocessing.get_context({method!r})
    with context.Pool(2) as pool:
        got = pool.map(bits, [0, 4], 1)
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        got += pool.map(bits, [3])
    print(all(x == before for x in got))
""")
