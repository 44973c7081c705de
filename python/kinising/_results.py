# SPDX-License-Identifier: BSD-3-Clause
"""What the functions return: named values with the inputs among them, shown on one screen."""
from __future__ import annotations

import collections.abc
import html
from typing import Any, ClassVar, Iterator, Union

import numpy as np

Numbers = Union[float, np.ndarray]  # a number, or an array of the shape that the parameters broadcast to
Counts = Union[int, np.ndarray]
Words = Union[str, np.ndarray]
_SHORT, _WIDTH, _HTML_ROWS = 6, 110, 12


class Estimate(float):
    """A number with its standard deviation `sd` and its 95 % interval from `low` to `high`."""

    sd: float
    low: float
    high: float

    def __new__(cls, value: float, sd: float, low: float, high: float) -> "Estimate":
        self = super().__new__(cls, value)
        self.sd, self.low, self.high = sd, low, high
        return self

    def __reduce__(self) -> Any:
        return Estimate, (float(self), self.sd, self.low, self.high)

    def __repr__(self) -> str:
        return f"{float(self):.6g} [{self.low:.6g}, {self.high:.6g}]"

    __str__ = __repr__


class Result(collections.abc.Mapping):
    """Named values, the inputs among them: r.sigma or r["sigma"]; dict(r) and numpy.savez(path, **r) work.
    table() gives columns for pandas.DataFrame."""

    # In a table: its columns, the one whose shape is that of the rows, and those along the last axis alone.
    _columns: ClassVar[tuple[str, ...]] = ()
    _rows: ClassVar[str] = "sigma"
    _along: ClassVar[tuple[str, ...]] = ()
    _of_rows: ClassVar[dict[str, str]] = {}  # columns that another value has
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __getitem__(self, name: str) -> Any:
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dataclass_fields__)

    def __len__(self) -> int:
        return len(self.__dataclass_fields__)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def table(self) -> dict[str, np.ndarray]:
        """Columns of one length with the names of the command line, a row for each point (and time): a dict of
        one-dimensional arrays, for pandas.DataFrame."""
        rows = np.shape(self[self._of_rows.get(self._rows, self._rows)])
        columns = {}
        for name in self._columns:
            value = np.asarray(self[self._of_rows.get(name, name)])
            if name not in self._along:
                value = value.reshape(value.shape + (1,) * (len(rows) - value.ndim))
            columns[name] = np.broadcast_to(value, rows).reshape(-1).copy()
        return columns

    def __repr__(self) -> str:
        width = max(map(len, self))
        lines = [f"  {name:{width}}  {_in_words(value)}" for name, value in self.items() if value is not None]
        return "\n".join([f"<kinising.{type(self).__name__}>", *(_cut(line) for line in lines)])

    def _repr_html_(self) -> str:
        columns = self.table()
        count = len(next(iter(columns.values()), ()))
        shown: list[Any] = [*range(count)]
        if count > _HTML_ROWS:
            shown = [*range(_HTML_ROWS // 2), None, *range(count - _HTML_ROWS // 2, count)]
        body = [_html_row("th", columns)]
        body += [_html_row("td", [_spell(c[i]) for c in columns.values()] if i is not None else
                           ["..."] * len(columns)) for i in shown]
        others = [f"{name}: {_in_words(value)}" for name, value in self.items()
                  if name not in columns and value is not None]
        return (f"<table><caption>{type(self).__name__}, {count} {'row' if count == 1 else 'rows'}</caption>"
                f"{''.join(body)}</table><p>{'<br>'.join(html.escape(_cut(line)) for line in others)}</p>")


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[:_WIDTH - 3] + "..."


def _html_row(tag: str, cells: Any) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"


def _spell(x: Any) -> str:
    return f"{x:.6g}" if isinstance(x, (float, np.floating)) and not isinstance(x, Estimate) else str(x)


def _in_words(value: Any) -> str:
    """A value in one line: itself if it is short, else what it is like."""
    if not isinstance(value, np.ndarray):
        return _spell(value)
    if value.size <= _SHORT and value.ndim == 1:
        return f"[{', '.join(map(_spell, value))}]"
    what = f"array of shape {value.shape}"
    if value.size == 0:
        return what
    if value.dtype.kind == "U":
        words, counts = np.unique(value, return_counts=True)
        return f"{what}: {', '.join(f'{w} ({n})' for w, n in zip(words, counts))}"
    known = value[~np.isnan(value)] if value.dtype.kind == "f" else value
    if known.size == 0:
        return f"{what}: nan"
    least, most = _spell(known.min()), _spell(known.max())
    text = f"{what}: {least} to {most}" if least != most else f"{what}: all {least}"
    return text if known.size == value.size else f"{text}, {value.size - known.size} nan"


def plain(values: np.ndarray) -> Any:
    """A number or str of what has no dimension."""
    return values if values.ndim else values.item()


def words(chosen: dict, numbers: Any) -> Any:
    """The library's words of an array of its numbers; a str of one number."""
    table = np.array([*chosen, "?"])
    at = np.full(max(chosen.values(), default=0) + 2, len(chosen))
    at[list(chosen.values())] = range(len(chosen))
    return table[at[np.clip(numbers, -1, at.size - 1)]] if np.ndim(numbers) else str(table[at[numbers]])
