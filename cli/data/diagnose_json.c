/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `kinising diagnose` in JSON: the names of ki_diagnosis, every digit. */
#define _XOPEN_SOURCE 700

#include <stdlib.h>

#include "data/diagnose.h"
#include "shell/json.h"
#include "shell/provenance.h"

/* Arrays of draws, as in ki_regime_draws. */
static const char *const drawn_names[N_DRAWN] = {"mu", "b", "g", "r", "sigma", "S"};

static void put_interval(json_writer *j, const char *name, const ki_interval *v) {
    json_open(j, name, '{');
    json_put_real(j, "value", v->value);
    json_put_real(j, "sd", v->sd);
    json_put_real(j, "low", v->low);
    json_put_real(j, "high", v->high);
    json_close(j, '}');
}

static void put_band(json_writer *j, const char *name, const ki_band *v) {
    json_open(j, name, '{');
    json_put_real(j, "median", v->median);
    json_put_real(j, "low", v->low);
    json_put_real(j, "high", v->high);
    json_close(j, '}');
}

static void put_data(json_writer *j, const ki_diagnosis *d) {
    json_put_count(j, "units", d->units);
    json_put_count(j, "fitted", d->fitted);
    json_put_count(j, "silent", d->silent);
    json_put_count(j, "saturated", d->saturated);
    json_put_count(j, "separated", d->separated);
    json_put_count(j, "transitions", d->transitions);
    json_put_count(j, "trials", d->trials);
    json_put_real(j, "rate", d->rate);
    json_put_real(j, "kbar", d->kbar);
    json_put_real(j, "n_eff", d->n_eff);
}

static void put_ensemble(json_writer *j, const ki_diagnosis *d) {
    const ki_prior *p = &d->prior;

    json_open(j, "prior", '{');
    json_put_real(j, "mu", p->mu);
    json_put_real(j, "b", p->b);
    json_put_real(j, "field", p->field);
    json_put_real(j, "field_sd", p->field_sd);
    json_put_real(j, "self", p->self);
    json_put_real(j, "self_sd", p->self_sd);
    json_put_count(j, "units", p->units);
    json_put_count(j, "sweeps", p->sweeps);
    json_put_text(j, "status", ki_status_name(p->status));
    json_close(j, '}');
    json_put_real(j, "effective", d->effective);
    put_interval(j, "mu", &d->mu);
    put_interval(j, "b", &d->b);
    put_interval(j, "g", &d->g);
    put_interval(j, "kappa", &d->kappa);
    json_put_real(j, "g_more", d->g_more);
    put_interval(j, "sigma", &d->sigma);
    put_interval(j, "S", &d->S);
    put_interval(j, "S_ind", &d->S_ind);
    put_interval(j, "r", &d->r);
    put_interval(j, "ratio", &d->ratio);
}

static void put_doubts(json_writer *j, unsigned doubts) {
    json_open(j, "doubts", '[');
    for (int k = 0; k < KI_N_DOUBTS; k++)
        if (doubts & 1u << k) {
            json_open(j, NULL, '{');
            json_put_text(j, "doubt", ki_doubt_name(k));
            json_put_text(j, "reason", ki_doubt_reason(k));
            json_put_text(j, "advice", ki_doubt_advice(k));
            json_close(j, '}');
        }
    json_close(j, ']');
}

static void put_verdict(json_writer *j, const ki_diagnosis *d) {
    json_open(j, "probability", '{');
    for (int k = 1; k < KI_N_REGIMES; k++)
        json_put_real(j, ki_regime_name(k), d->probability[k]);
    json_close(j, '}');
    json_put_text(j, "regime", ki_regime_name(d->regime));
    json_put_text(j, "verdict", ki_regime_name(d->verdict));
    put_doubts(j, d->doubts);
    json_put_flag(j, "cold", d->cold);
    json_put_flag(j, "sparse", d->sparse);
    json_open(j, "misfit", '{');
    for (int k = 0; k < KI_N_MISFITS; k++) {
        json_open(j, ki_misfit_name(k), '{');
        json_put_real(j, "z", d->misfit[k].z);
        json_put_real(j, "fraction", d->misfit[k].fraction);
        json_put_count(j, "dof", d->misfit[k].dof);
        json_close(j, '}');
    }
    json_close(j, '}');
}

static void put_companions(json_writer *j, const ki_diagnosis *d) {
    put_interval(j, "autocorrelation", &d->autocorrelation);
    put_interval(j, "branching", &d->branching);
    json_put_real(j, "n_var_m", d->n_var_m);
    json_put_real(j, "q_minus_m2", d->q_minus_m2);
    json_put_real(j, "kurtosis", d->kurtosis);
    json_put_real(j, "mu_kbar", d->mu_kbar);
    json_put_real(j, "repetition", d->repetition);
}

static void put_curve(json_writer *j, const ki_diagnosis *d) {
    json_open(j, "curve", '[');
    for (uint64_t k = 0; k < d->points; k++) {
        const ki_curve_point *p = &d->curve[k];

        json_open(j, NULL, '{');
        json_put_real(j, "x", p->x);
        put_band(j, "sigma", &p->sigma);
        put_band(j, "S", &p->S);
        put_band(j, "chi", &p->chi);
        json_put_real(j, "exact_sigma", p->exact_sigma);
        json_put_real(j, "exact_S", p->exact_S);
        json_put_real(j, "exact_chi", p->exact_chi);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_options(json_writer *j, const ki_diagnose_options *o) {
    json_open(j, "options", '{');
    json_put_count(j, "draws", o->draws);
    json_put_count(j, "seed", o->seed);
    json_put_count(j, "cosines", o->cosines > 0 ? (uint64_t)o->cosines : 0);
    json_put_real(j, "probability", o->probability);
    json_put_real(j, "g_sd", o->g_sd);
    json_put_real(j, "critical", o->critical);
    json_put_real(j, "ordered", o->ordered);
    json_put_real(j, "deterministic", o->deterministic);
    json_put_real(j, "weak", o->weak);
    json_put_real(j, "misfit_z", o->misfit_z);
    json_put_real(j, "misfit_fraction", o->misfit_fraction);
    json_put_real(j, "kappa", o->kappa);
    json_put_real(j, "self", o->self);
    json_put_real(j, "shift", o->shift);
    json_put_count(j, "points", o->points > 0 ? (uint64_t)o->points : 0);
    json_put_real(j, "x_low", o->x_low);
    json_put_real(j, "x_high", o->x_high);
    json_close(j, '}');
}

static void put_recording(json_writer *j, const diagnose_run *w, const diagnosed *found) {
    const ki_diagnosis *d = &found->d;
    const size_t draws = (size_t)d->options.draws;

    json_put_text(j, "file", found->path);
    json_put_text(j, "unit", unit_words[w->s.unit]);
    put_data(j, d);
    put_ensemble(j, d);
    put_verdict(j, d);
    put_companions(j, d);
    put_curve(j, d);
    json_open(j, "draws", '{');
    for (size_t k = 0; k < N_DRAWN; k++)
        json_put_reals(j, drawn_names[k], draws, found->drawn + k * draws);
    json_close(j, '}');
    put_options(j, &d->options);
}

static void put_change(json_writer *j, const diagnose_run *w) {
    const ki_comparison *c = &w->change;
    char verdict[VERDICT_SIZE];

    diagnose_change(w, verdict);
    json_open(j, "change", '{');
    json_put_text(j, "verdict", verdict);
    json_put_real(j, "rose", c->rose);
    json_put_real(j, "nearer", c->nearer);
    json_put_real(j, "colder", c->colder);
    json_put_real(j, "both", c->both);
    json_put_real(j, "neither", c->neither);
    put_interval(j, "sigma", &c->sigma);
    put_interval(j, "distance", &c->distance);
    put_interval(j, "r", &c->r);
    put_interval(j, "by_order", &c->by_order);
    put_interval(j, "by_noise", &c->by_noise);
    put_interval(j, "by_rest", &c->by_rest);
    put_doubts(j, c->doubts);
    json_put_count(j, "pairs", c->pairs);
    json_close(j, '}');
}

char *diagnose_json(const diagnose_run *w, size_t *length) {
    char *text = NULL, *origin = provenance(&w->s);
    json_writer j = {.out = origin ? open_memstream(&text, length) : NULL};

    if (j.out) {
        json_open(&j, NULL, '{');
        if (w->n == 1) {
            put_recording(&j, w, &w->found[0]);
        } else {
            json_open(&j, "recordings", '[');
            for (size_t k = 0; k < w->n; k++) {
                json_open(&j, NULL, '{');
                put_recording(&j, w, &w->found[k]);
                json_close(&j, '}');
            }
            json_close(&j, ']');
            put_change(&j, w);
        }
        json_put_raw(&j, "provenance", origin);
        json_close(&j, '}');
        putc('\n', j.out);
        const int lost = ferror(j.out);
        if (fclose(j.out) != 0 || lost) {
            free(text);
            text = NULL;
        }
    }
    free(origin);
    return text;
}
