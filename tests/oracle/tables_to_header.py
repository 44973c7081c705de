#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Turns the tables of exact values into C arrays: tables_to_header.py OUTPUT TABLE.json..."""
import json
import os
import re
import sys

THEORY = ["beta", "J0", "dJ", "dH", "m", "q", "k", "S", "Sr", "sigma", "sigma_async",
          "sigma_over_beta", "sigma_async_over_beta", "chi", "C_laplace1"]


def number(value):
    if value is None:
        return "NAN"
    text = str(value).strip().lower()
    if text in ("inf", "+inf", "infinity"):
        return "INFINITY"
    if text == "nan":
        return "NAN"
    # More digits than a double holds are fine in C; an integer needs its point.
    return text if re.search(r"[.e]", text) else text + ".0"


def rows(name, columns, table):
    yield "static const struct {"
    yield "    double %s;" % ", ".join(columns)
    yield "    const char *phase;"
    yield "} %s[] = {" % name
    for row in table:
        values = ", ".join(number(row.get(c)) for c in columns)
        yield '    {%s, "%s"},' % (values, row.get("phase", ""))
    yield "};"


def arrays(name, table):
    """A network and what is known about it: NAME_H[6], NAME_J[36], NAME_sync_m[6], ..."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from arrays(name + "_" + key, value)
        elif isinstance(value, list):
            flat = [x for row in value for x in row] if isinstance(value[0], list) else value
            yield "static const double %s_%s[%d] = {%s};" % (name, key, len(flat),
                                                             ", ".join(map(number, flat)))
        else:
            yield "static const double %s_%s = %s;" % (name, key, number(value))


def plain_rows(name, columns, table):
    yield "static const struct {"
    yield "    double %s;" % ", ".join(columns)
    yield "} %s[] = {" % name
    for row in table:
        yield "    {%s}," % ", ".join(number(row[c]) for c in columns)
    yield "};"


def step_rows(name, table):
    """Networks with what some steps from m0 give, one step after another in m, C and D."""
    names = ["H", "J", "m0", "m", "C", "D"]
    for i, row in enumerate(table):
        for key in names:
            yield "static const double %s_%s_%d[] = {%s};" % (name, key, i,
                                                            ", ".join(map(number, row[key])))
    yield "static const struct {"
    yield "    unsigned N, steps;"
    yield "    double beta;"
    yield "    const double %s;" % ", ".join("*" + key for key in names)
    yield "} %s[] = {" % name
    for i, row in enumerate(table):
        yield "    {%d, %d, %s, %s}," % (row["N"], row["steps"], number(row["beta"]),
                                         ", ".join("%s_%s_%d" % (name, key, i) for key in names))
    yield "};"


def main(output, paths):
    lines = ["/* Made from the tables of exact values. */", "#include <math.h>", ""]
    for path in paths:
        with open(path) as f:
            table = json.load(f)
        name = os.path.splitext(os.path.basename(path))[0]
        if name in ("theory_table", "reference_theory"):
            lines += list(rows(name, THEORY, table)) + [""]
        elif name == "critical_table":
            columns = ["beta", "J0", "dJ", "dH", "root"]
            flat = [dict(r, phase=r["solve_for"]) for r in table]  # the one solved for is null
            lines += list(rows(name, columns, flat)) + [""]
        elif name == "transient_table":
            columns = ["beta", "J0", "dJ", "dH", "m0", "t", "m", "S", "Sr", "sigma", "C2"]
            flat = []
            for r in table:
                for i in range(r["steps"]):
                    flat.append(dict({k: r[k] for k in ("beta", "J0", "dJ", "dH", "m0")}, t=i + 1,
                                     C2=r["C_lag2"][i],
                                     **{k: r[k][i] for k in ("m", "S", "Sr", "sigma")}))
            lines += list(rows(name, columns, flat)) + [""]
        elif name == "autocorrelation_table":
            columns = ["beta", "J0", "dJ", "dH", "tau", "C"]
            flat = []
            for r in table:
                for tau, c in zip(r["tau"], r["C"]):
                    flat.append(dict({k: r[k] for k in ("beta", "J0", "dJ", "dH")}, tau=tau, C=c))
            lines += list(rows(name, columns, flat)) + [""]
        elif name == "paper_simulation":
            flat = [dict(r, phase=r["dynamics"]) for r in table["rows"]]
            lines += list(rows(name, ["N", "beta", "m", "q", "sigma"], flat)) + [""]
        elif name == "plefka_table":
            lines += list(plain_rows("plefka_average", ["g", "Delta", "m", "k"], table["average"]))
            lines += list(plain_rows("plefka_pair", ["g1", "Delta1", "g2", "Delta2", "rho", "C"],
                                     table["pair"]))
            lines += list(step_rows("plefka_steps", table["steps"])) + [""]
        elif name == "reference_exact_n6":
            lines += list(arrays("exact_n6", table)) + [""]
        else:
            sys.exit("tables_to_header: %s : unknown table : teach this script its columns" % path)
    with open(output, "w") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
