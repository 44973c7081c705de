/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <inttypes.h>
#include <math.h>

#include "base/check.h"
#include "base/error.h"
#include "raster/raster.h"

enum { USUAL_DRAWS = 2000, LEAST_DRAWS = 100, MOST_DRAWS = 1000000 };
enum { USUAL_COSINES = 10, MOST_COSINES = 32 };

/* A threshold: its default for 0, and its range, the ends left out. */
static int threshold(const char *name, double *x, double usual, double above, double below) {
    if (*x == 0)
        *x = usual;
    if (*x > above && *x < below)
        return 0;
    return isinf(below)
               ? ki_fail(KI_ERR_ARGUMENT, "%s : %g : above %g", name, *x, above)
               : ki_fail(KI_ERR_ARGUMENT, "%s : %g : above %g, below %g", name, *x, above, below);
}

static int check_counts(const ki_diagnose_options *o) {
    if (o->draws < LEAST_DRAWS || o->draws > MOST_DRAWS)
        return ki_fail(KI_ERR_ARGUMENT, "draws : %" PRIu64 " : %d..%d", o->draws, LEAST_DRAWS,
                       MOST_DRAWS);
    if (o->cosines > MOST_COSINES)
        return ki_fail(KI_ERR_ARGUMENT, "cosines : %d : at most %d", o->cosines, MOST_COSINES);
    if (o->points < 0 || o->points == 1 || o->points > KI_MOST_CURVE_POINTS)
        return ki_fail(KI_ERR_ARGUMENT, "points : %d : 0, or 2..%d", o->points,
                       KI_MOST_CURVE_POINTS);
    return 0;
}

int ki_diagnose_complete(const ki_diagnose_options *options, ki_diagnose_options *full) {
    ki_diagnose_options o = options ? *options : (ki_diagnose_options){0};

    o.draws = o.draws ? o.draws : USUAL_DRAWS;
    o.cosines = o.cosines ? o.cosines : USUAL_COSINES;
    int error = check_counts(&o);
    const struct {
        const char *name;
        double *at, usual, above, below;
    } all[] = {
        {"probability", &o.probability, 0.9, 0.5 - 1e-12, 1},
        {"g_sd", &o.g_sd, 0.15, 0, INFINITY},
        {"critical", &o.critical, 0.9, 0, INFINITY},
        {"ordered", &o.ordered, 1.1, 0, INFINITY},
        {"deterministic", &o.deterministic, 0.5, 0, 1},
        {"weak", &o.weak, 0.8, 0, 1},
        {"misfit_z", &o.misfit_z, 5, 0, INFINITY},
        {"misfit_fraction", &o.misfit_fraction, 0.01, 0, INFINITY},
        {"kappa", &o.kappa, 0.3, 0, INFINITY},
        {"self", &o.self, 0.3, 0, INFINITY},
        {"shift", &o.shift, 0.1, 0, INFINITY},
        {"x_low", &o.x_low, 0.5, 0, INFINITY},
        {"x_high", &o.x_high, 2, 0, INFINITY},
    };
    for (size_t k = 0; !error && k < sizeof all / sizeof all[0]; k++)
        error = threshold(all[k].name, all[k].at, all[k].usual, all[k].above, all[k].below);
    if (!error && o.critical >= o.ordered)
        error =
            ki_fail(KI_ERR_ARGUMENT, "critical : %g : below ordered, %g", o.critical, o.ordered);
    if (!error && o.deterministic >= o.weak)
        error = ki_fail(KI_ERR_ARGUMENT, "deterministic : %g : below weak, %g", o.deterministic,
                        o.weak);
    if (!error && o.x_low >= o.x_high)
        error = ki_fail(KI_ERR_ARGUMENT, "x_low : %g : below x_high, %g", o.x_low, o.x_high);
    if (!error)
        *full = o;
    return error;
}

int ki_diagnose_check(const ki_raster *raster, const ki_diagnose_options *options,
                      const ki_run_options *run, const ki_diagnosis *out,
                      ki_diagnose_options *full) {
    int error = ki_check_pointer("raster", raster, "a recording");

    error = error ? error : ki_check_pointer("out", out, "a place for the result");
    error = error ? error : ki_check_threads(run ? run->threads : 0);
    error = error ? error : ki_diagnose_complete(options, full);
    if (!error && raster->transitions == 0)
        error =
            ki_fail(KI_ERR_ARGUMENT, "raster : no trial has two bins : at least one transition");
    return error;
}
