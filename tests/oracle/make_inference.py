#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Reference fits as the C tests read them: NAME.json and NAME.npz of a folder become inference_NAME.npz,
the raster with its moments, maximum likelihood, Firth, closed forms and entropy production (float64 Newton of numpy, checked
against scipy).

    make_inference.py FOLDER NAME ...
"""
import json
import os
import sys

import numpy as np


def numbers(x):
    return np.array(x, dtype=float)  # null becomes nan


def entropy(sigma):
    """Plug-in, its biases (instantaneous, five leads, Cox and Snell), corrected, variances, error, crossfit."""
    return numbers([sigma["plugin"], sigma["bias_instantaneous"], *sigma["bias_leads_1_to_5"],
                    sigma.get("bias_cox_snell", 0), sigma["corrected"], sigma["variance_delta_50_batches"],
                    sigma["variance_second_order"], sigma["error"], sigma.get("crossfit_10_onestep")])


def convert(folder, name, out):
    with open(os.path.join(folder, name + ".json")) as f:
        case = json.load(f)
    raster = np.load(os.path.join(folder, name + ".npz"))["raster"]
    arrays = {"raster": raster}
    units = raster.shape[-1]
    arrays["kept"] = np.array(case.get("kept_units", range(units)), dtype=np.int64)
    arrays["separated"] = np.isin(np.arange(units), case["separated_units"]).astype(np.int8)
    if not case["separated_units"]:  # else those of a penalty on the fields too
        for key in ("H", "J", "H_err", "J_err", "log_likelihood_unit"):
            arrays["ml_" + key] = numbers(case["ml"][key])
        arrays["ml_criteria"] = numbers([case["ml"]["log_likelihood"], case["ml"]["aic"], case["ml"]["bic"]])
        arrays["entropy_ml"] = entropy(case["sigma"])
        arrays["S"] = numbers(case["S"]["minus_ll_plus_half_dof"] * len(arrays["kept"]))
    if "sigma" in case:
        more = case["sigma"]
        arrays["bounds"] = numbers([more.get(key) for key in ("mtur", "crossfit_2", "crossfit_10_refit")])
    if "symmetric_test" in case:
        arrays["symmetric"] = numbers([case["symmetric_test"][key] for key in ("log_likelihood_symmetric", "lr", "dof")])
    arrays["entropy_firth"] = entropy(case["firth"]["sigma"])
    for key in ("H", "J", "H_err", "J_err"):
        arrays["firth_" + key] = numbers(case["firth"][key])
    for method in ("nmf", "tap", "ms"):
        if method in case:
            arrays[method + "_H"] = numbers(case[method]["H"])
            arrays[method + "_J"] = numbers(case[method]["J"])
    np.savez_compressed(os.path.join(out, "inference_" + name + ".npz"), **arrays)


if __name__ == "__main__":
    for each in sys.argv[2:]:
        convert(sys.argv[1], each, os.path.dirname(os.path.abspath(__file__)))
