# SPDX-License-Identifier: BSD-3-Clause
"""What callers pass, checked before the library sees it: words, counts, room in memory."""
import operator
import os

import numpy as np

from ._library import ffi, lib

GIB = 2.0 ** 30


def text(pointer):
    return ffi.string(pointer).decode()


def numbers(name, values):
    """A copy: C-contiguous doubles that nobody changes."""
    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} : is of type {values.dtype} : use real numbers")
    values = np.array(values, dtype=np.float64, order="C")
    values.setflags(write=False)
    return values


def doubles(array):
    """What the library sees of an array, as long as it lives."""
    return ffi.NULL if array is None else ffi.from_buffer("double[]", array)


def dynamics_flags(words):
    flags = {"sync": lib.KI_SYNC, "async": lib.KI_ASYNC}
    chosen = 0
    for word in str(words).split(","):
        if word.strip() not in flags:
            raise ValueError(f"dynamics : {words!r} is unknown : use 'sync', 'async' or 'sync,async'")
        chosen |= flags[word.strip()]
    return chosen


def one_dynamics(word):
    chosen = dynamics_flags(word)
    if chosen == lib.KI_SYNC | lib.KI_ASYNC:
        raise ValueError(f"dynamics : {word!r} is both : use 'sync' or 'async'")
    return chosen


def count(name, value, most=2**31, least=1, least_means=""):
    try:
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} : {value!r} is no whole number : use {least}{least_means} to {most}") from None
    if not least <= value <= most:
        raise ValueError(f"{name} : {value} is out of range : use {least}{least_means} to {most}")
    return value


def one_of(name, word, words):
    """The number of a word, in the order of the library's enum."""
    if word not in words:
        raise ValueError(f"{name} : {word!r} is unknown : use {', '.join(map(repr, words))}")
    return words.index(word)


def window(average, burn_in):
    """Of an average over time: as two numbers."""
    burn_in = count("burn_in", burn_in, 10**15, 0)
    if burn_in and not average:
        raise ValueError(f"burn_in : {burn_in}, but nothing is averaged over time : use average=True")
    return int(bool(average)), burn_in


def machine_memory():
    """Bytes in this machine; inf where it does not say."""
    try:
        pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return float("inf")
    return float(pages) * page if pages > 0 and page > 0 else float("inf")


def need_memory(what, need, right):
    """Refuses, before any is taken, what this machine cannot hold: taking it may end the process."""
    here = machine_memory()
    if need > here:
        raise MemoryError(f"{what} : {need / GIB:.3g} GiB of memory needed, {here / GIB:.3g} GiB in this "
                          f"machine : {right}")
