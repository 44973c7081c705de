/* SPDX-License-Identifier: BSD-3-Clause */
/* The page that `kinising diagnose` prints: numbers, what each is worth, and the verdict. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/diagnose.h"

enum { PAGE_WIDTH = 80, LABEL_WIDTH = 20, CELL_WIDTH = 28 };

/* What is 0 but for rounding is 0. */
static void put_interval(const ki_interval *v, char out[CELL_SIZE]) {
    const double value = fabs(v->value) < 1e-9 * (v->high - v->low) ? 0 : v->value;

    if (isnan(v->value))
        snprintf(out, CELL_SIZE, "not known");
    else if (snprintf(out, CELL_SIZE, "%.3g [%.3g, %.3g]", value, v->low, v->high) > CELL_WIDTH)
        snprintf(out, CELL_SIZE, "%.2g [%.2g, %.2g]", value, v->low, v->high);
}

static void put_number(double x, char out[CELL_SIZE]) {
    if (isnan(x))
        snprintf(out, CELL_SIZE, "not known");
    else
        snprintf(out, CELL_SIZE, "%.3g", x);
}

/* Nothing is certain by some thousand draws. */
static void put_probability(double p, char out[CELL_SIZE]) {
    snprintf(out, CELL_SIZE, p > 0.999 ? "above 0.999" : "%.3f", p);
}

static void put_misfit(const ki_diagnosis *d, int k, char out[CELL_SIZE]) {
    const ki_misfit *m = &d->misfit[k];

    if (m->dof == 0 || isnan(m->z))
        snprintf(out, CELL_SIZE, "not tested: too few");
    else
        snprintf(out, CELL_SIZE, "z %.3g, fraction %.2g", m->z, m->fraction);
}

static void put_units(const ki_diagnosis *d, char out[CELL_SIZE]) {
    snprintf(out, CELL_SIZE, "%" PRIu64 ", %" PRIu64 " fitted", d->units, d->fitted);
}

static void put_left_out(const ki_diagnosis *d, char out[CELL_SIZE]) {
    snprintf(out, CELL_SIZE, "%" PRIu64 " silent, %" PRIu64 " saturated", d->silent, d->saturated);
}

static void put_separated(const ki_diagnosis *d, char out[CELL_SIZE]) {
    snprintf(out, CELL_SIZE, "%" PRIu64 " units", d->separated);
}

static void put_transitions(const ki_diagnosis *d, char out[CELL_SIZE]) {
    snprintf(out, CELL_SIZE, "%" PRIu64 " in %" PRIu64 " trial%s", d->transitions, d->trials,
             d->trials == 1 ? "" : "s");
}

static void put_fields(const ki_diagnosis *d, char out[CELL_SIZE]) {
    snprintf(out, CELL_SIZE, "%.2g, spread %.2g", d->prior.field, d->prior.field_sd);
}

static void put_self(const ki_diagnosis *d, char out[CELL_SIZE]) {
    snprintf(out, CELL_SIZE, "%.2g, spread %.2g", d->prior.self, d->prior.self_sd);
}

/* A row that shows a member as it is. */
#define SHOW_INTERVAL(name, member)                                                                \
    static void name(const ki_diagnosis *d, char out[CELL_SIZE]) {                                 \
        put_interval(&d->member, out);                                                             \
    }
#define SHOW_NUMBER(name, member)                                                                  \
    static void name(const ki_diagnosis *d, char out[CELL_SIZE]) {                                 \
        put_number(d->member, out);                                                                \
    }
SHOW_INTERVAL(put_mu, mu)
SHOW_INTERVAL(put_b, b)
SHOW_INTERVAL(put_g, g)
SHOW_INTERVAL(put_kappa, kappa)
SHOW_INTERVAL(put_sigma, sigma)
SHOW_INTERVAL(put_S, S)
SHOW_INTERVAL(put_r, r)
SHOW_INTERVAL(put_ratio, ratio)
SHOW_INTERVAL(put_autocorrelation, autocorrelation)
SHOW_INTERVAL(put_branching, branching)
SHOW_NUMBER(put_rate, rate)
SHOW_NUMBER(put_n_eff, n_eff)
SHOW_NUMBER(put_g_more, g_more)
SHOW_NUMBER(put_n_var_m, n_var_m)
SHOW_NUMBER(put_q_minus_m2, q_minus_m2)
SHOW_NUMBER(put_kurtosis, kurtosis)
SHOW_NUMBER(put_mu_kbar, mu_kbar)
SHOW_NUMBER(put_repetition, repetition)

/* A row for each test of the model, whichever there are. */
#define SHOW_MISFIT(name, number, word, text)                                                      \
    static void put_##name(const ki_diagnosis *d, char out[CELL_SIZE]) {                           \
        put_misfit(d, name, out);                                                                  \
    }
#define MISFIT_ROW(name, number, word, text)                                                       \
    , {                                                                                            \
        word, put_##name, NULL, 1                                                                  \
    }
KI_MISFIT_LIST(SHOW_MISFIT)

/* What a row is worth in a few words; NULL for none. */
static const char *note_of(const page_row *r) {
    static const char *const notes[][2] = {{"lag-2", "the bin before the last"},
                                           {"same-bin", "units of the same bin"},
                                           {"drift", "rates that change slowly"},
                                           {"history", "activity long before"}};

    for (size_t k = 0; !r->note && k < sizeof notes / sizeof *notes; k++)
        if (strcmp(r->label, notes[k][0]) == 0)
            return notes[k][1];
    return r->note;
}

const page_row page_rows[] = {
    {"recording", NULL, NULL, 0},
    {"units", put_units, "fitted: those that change", 1},
    {"left out", put_left_out, NULL, 0},
    {"separated", put_separated, "no finite best fit", 0},
    {"transitions", put_transitions, NULL, 1},
    {"per parameter", put_n_eff, "effective transitions", 0},
    {"active", put_rate, "share of units and bins", 0},
    {"network (95 % intervals)", NULL, NULL, 0},
    {"mu", put_mu, "N x mean of the couplings", 1},
    {"b", put_b, "sqrt(N) x their deviation", 1},
    {"g", put_g, "order; critical at 1", 1},
    {"g, more cosines", put_g_more, "near g unless it drifts", 0},
    {"fields", put_fields, NULL, 1},
    {"self-couplings", put_self, NULL, 0},
    {"kappa", put_kappa, "0: J_ij, J_ji independent", 1},
    {"entropies", NULL, NULL, 0},
    {"sigma", put_sigma, "entropy production", 1},
    {"S", put_S, "path entropy", 1},
    {"r", put_r, "S / S of independent units", 1},
    {"sigma/S", put_ratio, NULL, 1},
    {"misfit of the model", NULL, NULL, 0} KI_MISFIT_LIST(MISFIT_ROW),
    {"companions (not judged by)", NULL, NULL, 0},
    {"autocorrelation", put_autocorrelation, "mean activity, near g below 1", 1},
    {"branching ratio", put_branching, "drift raises it too", 1},
    {"N Var M", put_n_var_m, "large near the critical line", 1},
    {"q - m^2", put_q_minus_m2, "memory of single units", 1},
    {"mu kbar", put_mu_kbar, "g where the recording is", 1},
    {"kurtosis of J", put_kurtosis, "3; far above it: sparse", 0},
    {"repeated patterns", put_repetition, "tells no regimes apart", 1},
    {NULL, NULL, NULL, 0},
};

/* The rule of a regime with its numbers. */
static void put_rule(const ki_diagnose_options *o, int regime, char out[64]) {
    switch (regime) {
    case KI_ORDERED:
        snprintf(out, 64, "g > %.3g", o->ordered);
        break;
    case KI_NEAR_CRITICAL:
        snprintf(out, 64, "%.3g <= g <= %.3g", o->critical, o->ordered);
        break;
    case KI_QUASI_DETERMINISTIC:
        snprintf(out, 64, "g < %.3g, r < %.3g, sigma > S", o->critical, o->deterministic);
        break;
    case KI_DETERMINISTIC_REVERSIBLE:
        snprintf(out, 64, "g < %.3g, r < %.3g, sigma <= S", o->critical, o->deterministic);
        break;
    case KI_MODERATE:
        snprintf(out, 64, "g < %.3g, %.3g <= r <= %.3g", o->critical, o->deterministic, o->weak);
        break;
    default:
        snprintf(out, 64, "g < %.3g, r > %.3g", o->critical, o->weak);
    }
}

void diagnose_verdict(const ki_diagnosis *d, char out[VERDICT_SIZE]) {
    const double p = d->probability[d->regime];
    char probability[CELL_SIZE];

    put_probability(p, probability);
    if (d->verdict == KI_CANNOT_TELL) {
        int used = snprintf(out, VERDICT_SIZE, "cannot tell (most probable: %s, %s)",
                            d->regime ? ki_regime_name(d->regime) : "none", probability);
        for (int k = 0, n = 0; k < KI_N_DOUBTS; k++)
            if (d->doubts & 1u << k && used < VERDICT_SIZE)
                used += snprintf(out + used, (size_t)(VERDICT_SIZE - used), "%s%s",
                                 n++ ? ", " : ": ", ki_doubt_name(k));
    } else
        snprintf(out, VERDICT_SIZE, "%s%s (probability %s)", ki_regime_name(d->verdict),
                 d->cold ? " and cold" : "", probability);
}

/* A text of any length in lines that end before the page does; `indent` of those behind the first,
 * which stands at column `at` already. */
static void print_wrapped(const char *text, int at, int indent) {
    for (int fresh = 1; *text; fresh = 0) {
        const int length = (int)strcspn(text, " ");

        if (!fresh && at + 1 + length > PAGE_WIDTH) {
            printf("\n%*s", indent, "");
            at = indent;
        } else if (!fresh) {
            putchar(' ');
            at++;
        }
        printf("%.*s", length, text);
        at += length;
        text += length + (text[length] == ' ');
    }
    putchar('\n');
}

static void print_rows(const diagnose_run *w) {
    for (const page_row *r = page_rows; r->label; r++) {
        char cell[CELL_SIZE];
        const char *note = w->n == 1 ? note_of(r) : NULL;

        if (!r->value) {
            printf("%s%s\n", r->label,
                   strcmp(r->label, "entropies") != 0 ? ""
                   : w->s.unit == UNIT_BITS           ? " (bits per unit and bin)"
                                                      : " (nats per unit and bin)");
            continue;
        }
        printf("  %-*s", LABEL_WIDTH, r->label);
        for (size_t k = 0; k < w->n; k++) {
            r->value(&w->found[k].d, cell);
            if (k + 1 < w->n || note)
                printf("%-*s ", CELL_WIDTH, cell);
            else
                fputs(cell, stdout);
        }
        puts(note ? note : "");
    }
}

static void print_regimes(const diagnose_run *w) {
    const ki_diagnose_options *o = &w->found[0].d.options;

    puts("regimes, their probabilities and rules");
    for (int regime = 1; regime < KI_N_REGIMES; regime++) {
        char rule[64];

        put_rule(o, regime, rule);
        printf("  %-31s", ki_regime_name(regime));
        for (size_t k = 0; k < w->n; k++)
            printf("%.3f   ", w->found[k].d.probability[regime]);
        printf(" %s\n", rule);
    }
}

/* What keeps from a verdict, and what to try. */
static void print_doubts(const ki_diagnosis *d) {
    for (int k = 0; k < KI_N_DOUBTS; k++) {
        char line[512];

        if (!(d->doubts & 1u << k))
            continue;
        snprintf(line, sizeof line, "%s: %s.", ki_doubt_name(k), ki_doubt_reason(k));
        fputs("  - ", stdout);
        print_wrapped(line, 4, 4);
        snprintf(line, sizeof line, "Try %s.", ki_doubt_advice(k));
        fputs("    ", stdout);
        print_wrapped(line, 4, 4);
    }
}

static void print_notes(const ki_diagnosis *d) {
    if (d->cold)
        puts("  Cold: near the critical line, and nearly deterministic too.");
    if (d->sparse)
        puts("  Sparse: g is that of zero magnetization, far from where this recording is;\n"
             "  compare mu kbar, the slope where it is.");
}

/* What keeps from a verdict, with its thresholds. */
static void print_thresholds(const ki_diagnose_options *o) {
    char text[512], more[64] = "";

    if (o->cosines > 0)
        snprintf(more, sizeof more, "g that moves by %.3g with %d cosines, ", o->shift,
                 2 * o->cosines);
    snprintf(
        text, sizeof text,
        "no verdict with: no probability of %.3g, a deviation of g of %.3g, a misfit of z > %.3g "
        "and fraction > %.3g (drift: a tenth of it, history: 3 %%), %s|kappa| > %.3g, "
        "self-couplings "
        "beyond %.3g, too few "
        "transitions",
        o->probability, o->g_sd, o->misfit_z, o->misfit_fraction, more, o->kappa, o->self);
    print_wrapped(text, 0, 2);
}

/* The last part of a path, cut to a column. */
static void print_name(char letter, const char *path, int last) {
    const char *slash = strrchr(path, '/');
    char name[CELL_SIZE];

    snprintf(name, sizeof name, "%c: %s", letter, slash && slash[1] ? slash + 1 : path);
    for (char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    if (last)
        printf("%.*s\n", CELL_WIDTH, name);
    else
        printf("%-*.*s ", CELL_WIDTH, CELL_WIDTH, name);
}

static void print_two(const diagnose_run *w) {
    const ki_comparison *c = &w->change;
    const struct {
        const char *label;
        const ki_interval *value;
        const char *note;
    } rows[] = {
        {"ln sigma", &c->sigma, NULL},
        {"  by g", &c->by_order, "in the infinite network"},
        {"  by b", &c->by_noise, "likewise, at the same g"},
        {"  not in it", &c->by_rest, NULL},
        {"|ln g|", &c->distance, "distance to criticality"},
        {"r", &c->r, "S / S of independent units"},
    };

    puts("change from A to B (95 % intervals)");
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        char cell[CELL_SIZE];
        put_interval(rows[k].value, cell);
        if (rows[k].note)
            printf("  %-*s%-*s %s\n", LABEL_WIDTH, rows[k].label, CELL_WIDTH, cell, rows[k].note);
        else
            printf("  %-*s%s\n", LABEL_WIDTH, rows[k].label, cell);
    }
    printf("probabilities (a change of |ln g| or r below 0.05 is none)\n"
           "  sigma rose                      %.3f\n"
           "  ... and B nearer to criticality %.3f\n"
           "  ... and B more deterministic    %.3f\n"
           "  ... and both                    %.3f\n"
           "  ... and neither                 %.3f\n",
           c->rose, c->nearer, c->colder, c->both, c->neither);
}

void diagnose_change(const diagnose_run *w, char out[VERDICT_SIZE]) {
    static const char *const reasons[] = {
        "B is nearer to criticality", "B is more deterministic",
        "B is nearer to criticality and more deterministic",
        "B is neither nearer to criticality nor more deterministic"};
    const ki_comparison *c = &w->change;
    const double needed = w->options.probability;
    const double parts[] = {c->nearer, c->colder, c->both, c->neither};
    const char *reason = "no reason is probable enough";
    char rose[CELL_SIZE], fell[CELL_SIZE];

    put_probability(c->rose, rose);
    put_probability(1 - c->rose, fell);
    for (int k = 0; k < 4; k++)
        if (parts[k] > needed * c->rose)
            reason = reasons[k];
    if (c->doubts)
        snprintf(out, VERDICT_SIZE, "cannot tell (sigma rose: %s): the model does not fit", rose);
    else if (c->rose > needed)
        snprintf(out, VERDICT_SIZE, "sigma rose (probability %s): %s", rose, reason);
    else if (c->rose < 1 - needed)
        snprintf(out, VERDICT_SIZE, "sigma fell (probability %s)", fell);
    else
        snprintf(out, VERDICT_SIZE, "cannot tell (sigma rose: %s)", rose);
}

void diagnose_print(const diagnose_run *w) {
    char verdict[VERDICT_SIZE], line[VERDICT_SIZE + 8];

    if (w->n > 1) {
        printf("%*s", LABEL_WIDTH + 2, "");
        for (size_t k = 0; k < w->n; k++)
            print_name((char)('A' + k), w->found[k].path, k + 1 == w->n);
    }
    print_rows(w);
    print_regimes(w);
    print_thresholds(&w->found[0].d.options);
    if (w->n > 1) {
        for (size_t k = 0; k < w->n; k++) {
            diagnose_verdict(&w->found[k].d, verdict);
            snprintf(line, sizeof line, "%c: %s", (char)('A' + k), verdict);
            print_wrapped(line, 0, 2);
            print_doubts(&w->found[k].d);
            print_notes(&w->found[k].d);
        }
        print_two(w);
        diagnose_change(w, verdict);
    } else {
        diagnose_verdict(&w->found[0].d, verdict);
    }
    fputs("verdict: ", stdout);
    print_wrapped(verdict, 9, 2);
    if (w->n == 1) {
        print_doubts(&w->found[0].d);
        print_notes(&w->found[0].d);
    }
}
