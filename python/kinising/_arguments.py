# SPDX-License-Identifier: BSD-3-Clause
"""What callers pass, checked before the library sees it: numbers, words, counts, file names, room in memory."""
import contextlib
import decimal
import numbers as kinds
import operator
import os

import numpy as np

from ._library import ffi, lib

GIB = 2.0 ** 30
MOST_SPINS, MOST_SEED = 2**31 - 1, 2**64 - 1


def text(pointer):
    return ffi.string(pointer).decode()


def _words_of(name_of, numbers=range(64)):
    """The library's words, by their numbers."""
    words = {text(name_of(i)): i for i in numbers}
    words.pop("?", None)
    return words


if lib is None:
    DYNAMICS = STATUSES = PHASES = METHODS = STARTS = ALGORITHMS = FITS = FIRTHS = ESTIMATORS = {}
    REGIMES = MISFITS = TESTS = {}
else:
    DYNAMICS = _words_of(lib.ki_dynamics_name)
    STATUSES = _words_of(lib.ki_status_name)
    PHASES = _words_of(lib.ki_phase_name)
    METHODS = _words_of(lib.ki_method_name)
    STARTS = _words_of(lib.ki_start_name)
    ALGORITHMS = _words_of(lib.ki_algorithm_name)
    FITS = _words_of(lib.ki_fit_method_name)
    ESTIMATORS = _words_of(lib.ki_estimator_name)
    TESTS = _words_of(lib.ki_entropy_test_name)
    REGIMES = _words_of(lib.ki_regime_name)
    MISFITS = _words_of(lib.ki_misfit_name)
    FIRTHS = {"auto": lib.KI_FIRTH_AUTO, "all": lib.KI_FIRTH_ALL, "none": lib.KI_FIRTH_NONE}


def _wrong_type(name, what):
    return TypeError(f"{name} : {what} : use real numbers")


def as_array(name, values):
    """An array of any type, without a copy if it is one."""
    if np.ma.is_masked(values):
        raise TypeError(f"{name} : has masked elements : fill or drop them")
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} : is no array, its rows have different lengths : use a number or an array") from None


def numbers(name, values):
    """A copy: C-contiguous doubles that nobody changes."""
    values = as_array(name, values)
    if values.dtype.kind == "O":  # large or exact numbers of Python's own, and what is no number
        for x in values.flat:
            if not isinstance(x, (kinds.Real, decimal.Decimal)):
                raise _wrong_type(name, "is None" if x is None else f"holds {type(x).__name__}")
        values = values.astype(np.float64)
    if values.dtype.kind not in "biuf":
        raise _wrong_type(name, f"is of type {values.dtype}")
    values = np.array(values, dtype=np.float64, order="C", copy=True)
    values.setflags(write=False)
    return values


def number(name, value):
    """One float."""
    value = numbers(name, value)
    if value.ndim:
        raise TypeError(f"{name} : is an array of shape {value.shape} : use one number")
    return value.item()


def pair(name, values):
    """A beginning and an end."""
    try:
        first, second = values
    except (TypeError, ValueError):
        raise TypeError(f"{name} : {values!r} is no pair : use a beginning and an end, such as (0, 10)") from None
    return first, second


def c_text(name, word):
    """What the library sees of a word, as long as it lives."""
    if not isinstance(word, str):
        raise TypeError(f"{name} : {word!r} is no text : use a str")
    if "\0" in word:
        raise ValueError(f"{name} : {word!r} holds a NUL character : use a text without one")
    return ffi.new("char[]", word.encode(errors="surrogatepass"))


def betas(network, beta):
    """Values and shape of a method's `beta`: the network's own, one number, or a list."""
    values = numbers("beta", network.beta if beta is None else beta)
    if values.ndim > 1:
        raise ValueError(f"beta : is an array of shape {values.shape} : use one number or a list of numbers")
    return values.reshape(-1).tolist(), values.shape


def broadcast(**values):
    """Arrays of one shape; whole numbers stay such."""
    try:
        return np.broadcast_arrays(*values.values())
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(x)}" for name, x in values.items() if np.ndim(x))
        raise ValueError(f"parameters : of shapes that do not broadcast, {shapes} : use shapes that fit as in "
                         "numpy") from None


def sizes(N):
    try:
        found = np.asarray(N)
    except ValueError:
        found = np.array([0.5])  # of rows of different lengths
    if np.ma.is_masked(N) or found.size and found.dtype.kind not in "iu":
        raise TypeError(f"N : {N!r} is not of whole numbers : use 1 to {MOST_SPINS}")
    wrong = found[(found < 1) | (found > MOST_SPINS)]
    if wrong.size:
        raise ValueError(f"N : {wrong.flat[0]} is out of range : use 1 to {MOST_SPINS}")
    return found.astype(np.int64)


def doubles(array):
    """What the library sees of an array, as long as it lives."""
    return ffi.NULL if array is None else ffi.from_buffer("double[]", array)


def dynamics_flags(words):
    """Of one or both of the words, as 'sync,async' or as a list."""
    given = words.split(",") if isinstance(words, str) else words
    try:
        given = [DYNAMICS[word.strip()] for word in given]
    except (AttributeError, KeyError, TypeError):
        given = []
    if not given:
        raise (ValueError if isinstance(words, (str, list, tuple)) else TypeError)(
            f"dynamics : {words!r} is unknown : use {', '.join(map(repr, DYNAMICS))} or both: "
            f"{','.join(DYNAMICS)!r}")
    return sum(set(given))


def one_dynamics(word):
    chosen = dynamics_flags(word) if isinstance(word, str) else None
    if chosen not in DYNAMICS.values():
        what = "is both" if chosen else "is no word"
        raise (ValueError if chosen else TypeError)(
            f"dynamics : {word!r} {what} : use one of {', '.join(map(repr, DYNAMICS))}")
    return chosen


def count(name, value, most=2**31, least=1, least_means=""):
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} : {value!r} is no whole number : use {least}{least_means} to {most}") from None
    if not least <= value <= most:
        raise ValueError(f"{name} : {value} is out of range : use {least}{least_means} to {most}")
    return value


def one_of(name, word, words):
    """The number of a word of the library."""
    if not isinstance(word, str) or word not in words:
        raise ValueError(f"{name} : {word!r} is unknown : use {', '.join(map(repr, words))}")
    return words[word]


def window(average, burn_in, steps):
    """Of an average over time: as two numbers."""
    burn_in = count("burn_in", burn_in, 10**15, 0)
    if average and burn_in >= steps:
        raise ValueError(f"burn_in : {burn_in} leaves nothing of {steps} steps : use less, or more steps")
    if burn_in and not average:
        raise ValueError(f"burn_in : {burn_in}, but nothing is averaged over time : use average=True")
    return int(bool(average)), burn_in


@contextlib.contextmanager
def renamed(names):
    """A sentence of the library with its first word as users call it."""
    try:
        yield
    except ValueError as error:
        sentence = str(error)
        for name, called in names.items():
            if sentence.startswith(name):
                raise ValueError(called + sentence[len(name):]) from None
        raise


def file_name(path):
    """As the system wants it. It would end at a NUL, and another file would be read or written."""
    try:
        name = os.fsencode(path)
    except TypeError:
        raise TypeError(f"path : {path!r} is no file name : use a str, bytes or a path") from None
    if b"\0" in name:
        raise ValueError(f"path : {path!r} holds a NUL character : use a name without one")
    return name


def machine_memory():
    """Bytes that this process can have, the limit of its control group included."""
    return float(lib.ki_machine_memory())


def need_memory(what, need, right):
    """Refuses, before any is taken, what this machine cannot hold: taking it may end the process."""
    here = machine_memory()
    if need > here:
        raise MemoryError(f"{what} : {need / GIB:.3g} GiB of memory needed, {here / GIB:.3g} GiB in this "
                          f"machine : {right}")
