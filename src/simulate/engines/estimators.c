/* SPDX-License-Identifier: BSD-3-Clause */
#include "simulate/engines/estimators.h"

#include <math.h>
#include <string.h>

#include "num/dot16.h"
#include "num/draw.h"
#include "num/simd.h"
#include "num/sum.h"
#include "num/vecmath.h"

void ki_clear_beyond(uint64_t n, uint64_t *state) {
    if (n % 64)
        state[n / 64] &= (UINT64_C(1) << n % 64) - 1;
}

void ki_start_state(const ki_plan *plan, uint64_t r, uint64_t *state) {
    const uint64_t n = plan->spec.n;
    const size_t words = ki_words(n);
    const ki_sequence start = ki_sequence_of(plan->key, r, KI_STREAM_START);
    float x[64];

    if (plan->start_mean >= 1) {
        memset(state, 0xff, words * sizeof *state);
    } else {
        for (int i = 0; i < 64; i++)
            x[i] = (float)atanh(plan->start_mean);
        /* Its rare digits come from a part of the same sequence that words never reach. */
        for (size_t w = 0; w < words; w++) {
            ki_sequence rare = start;
            rare.high[1] ^= UINT32_C(0x80000000);
            ki_draw_spins(&start, &rare, w, 1, x, &state[w]);
        }
    }
    ki_clear_beyond(n, state);
}

void ki_local_fields(const ki_plan *plan, uint64_t r, float *out) {
    const double width = plan->spec.p.beta * plan->spec.p.dH;
    const ki_sequence sequence = ki_sequence_of(plan->key, r, KI_STREAM_FIELD);
    const uint64_t n = plan->spec.n;
    uint32_t word[KI_GROUP];

    if (width == 0) {
        memset(out, 0, (size_t)n * sizeof *out);
        return;
    }
    for (uint64_t i = 0; i < n; i += KI_GROUP) {
        const uint64_t rest = n - i < KI_GROUP ? n - i : KI_GROUP;
        ki_random_groups(&sequence, i / KI_GROUP, 1, word);
        for (uint64_t l = 0; l < rest; l++)
            out[i + l] = (float)(width * (((double)word[l] + 0.5) * 0x1p-31 - 1));
    }
}

uint64_t ki_spins_changed(uint64_t n, const uint64_t *state, const uint64_t *before) {
    uint32_t differ;

    ki_differences(1, ki_words(n), state, before, &differ);
    return differ;
}

uint64_t ki_lag(uint64_t steps) {
    return steps < 2 ? 1 : steps / 2;
}

uint64_t ki_first_q(uint64_t steps, int average, uint64_t burn_in) {
    return average && burn_in + ki_lag(steps) < steps ? burn_in + ki_lag(steps) : steps;
}

int64_t ki_total_spin(uint64_t n, const uint64_t *state) {
    int64_t up = 0;

    for (size_t w = 0; w < ki_words(n); w++)
        up += __builtin_popcountll(state[w]);
    return 2 * up - (int64_t)n;
}

enum { BATCH = 64, LANES = 16 };

void ki_add_spins(size_t n, const float *x, const uint64_t *state, const float *noise,
                  ki_spin_sums *sums, float *delta) {
    double field[BATCH], entropy[BATCH], flip[BATCH], change[BATCH], heat[BATCH], sign[BATCH];

    for (size_t first = 0; first < n; first += BATCH) {
        const size_t count = n - first < BATCH ? n - first : BATCH;
        const uint64_t bits = state[first / 64];
        for (size_t i = 0; i < count; i++) {
            sign[i] = bits >> i & 1 ? 1 : -1;
            field[i] = (double)x[first + i];
            flip[i] = 2 * sign[i] * field[i];
            heat[i] = (double)noise[first + i];
        }
        ki_vchi(count, field, entropy);
        ki_vexp(count, flip, flip);
        for (size_t i = 0; i < count; i++) {
            flip[i] = 1 / (1 + flip[i]);
            change[i] = -2 * sign[i] * flip[i];
        }
        sums->flips += ki_sum(count, flip);
        sums->change += ki_sum(count, change);
        sums->entropy += ki_sum(count, entropy);
        sums->heat += ki_dot(count, change, heat);
        for (size_t i = 0; delta && i < count; i++)
            delta[first + i] = (float)change[i];
    }
}

double ki_self_heat(size_t n, const float *x, const uint64_t *state, const float *delta,
                    const float *self) {
    double sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (self[i] != 0) {
            const double s = state[i / 64] >> i % 64 & 1 ? 1 : -1;
            sum += -0.5 * s * (double)delta[i] * ki_self_change((double)x[i], s, (double)self[i]);
        }
    }
    return sum;
}

double ki_sum_log_2cosh(size_t n, const float *x) {
    double field[BATCH], entropy[BATCH], small[BATCH], sum = 0;

    for (size_t first = 0; first < n; first += BATCH) {
        const size_t count = n - first < BATCH ? n - first : BATCH;
        for (size_t i = 0; i < count; i++) {
            field[i] = fabs((double)x[first + i]);
            small[i] = -2 * field[i];
        }
        ki_vchi(count, field, entropy);
        ki_vexp(count, small, small);
        for (size_t i = 0; i < count; i++)
            entropy[i] += field[i] * (1 - small[i]) / (1 + small[i]);
        sum += ki_sum(count, entropy);
    }
    return sum;
}

double ki_first_order(size_t n, const float *x, const float *along, float mean, const float *z) {
    double slope[BATCH], off[BATCH], small[BATCH], sum = 0;

    if (n == 1)
        return 0;
    for (size_t first = 0; first < n; first += BATCH) {
        const size_t count = n - first < BATCH ? n - first : BATCH;
        for (size_t i = 0; i < count; i++) {
            const double shift = (double)along[first + i] + (double)mean;
            slope[i] = (double)x[first + i] + shift;
            off[i] = ((double)z[first + i] - (double)x[first + i]) - shift;
            small[i] = -2 * fabs(slope[i]);
        }
        ki_vexp(count, small, small);
        for (size_t i = 0; i < count; i++)
            slope[i] = copysign((1 - small[i]) / (1 + small[i]), slope[i]);
        sum += ki_dot(count, slope, off);
    }
    return sum;
}

double ki_updates_sum(size_t n, const uint64_t *state, const ki_last_update *last,
                      const float *local, double variance, float *rest) {
    double sign[BATCH], eta[BATCH], known[BATCH], sum = 0;

    for (size_t first = 0; first < n; first += BATCH) {
        const size_t count = n - first < BATCH ? n - first : BATCH;
        const uint64_t bits = state[first / 64];
        for (size_t i = 0; i < count; i++) {
            const double field = (double)last[first + i].field;
            sign[i] = bits >> i & 1 ? 1 : -1;
            known[i] = isnan(field) ? 0 : field;
            eta[i] = 2 * sign[i] * known[i];
        }
        ki_vexp(count, eta, eta);
        for (size_t i = 0; i < count; i++) {
            const double mean = (double)last[first + i].mean, H = (double)local[first + i];
            const double y = mean * mean + variance, r = y * (1 + y) / (1 + y + y * y);
            eta[i] = isnan(last[first + i].field) ? 0 : 2 * sign[i] / (1 + eta[i]);
            known[i] = n == 1 ? H : H + mean + r * (known[i] - H - mean);
            rest[first + i] = n == 1 ? 0 : (float)((1 - r) * eta[i]);
        }
        sum += ki_dot(count, eta, known);
    }
    return sum;
}

double ki_float_dot(size_t n, const float *a, const float *b) {
    double x[BATCH], y[BATCH], sum = 0;

    for (size_t first = 0; first < n; first += BATCH) {
        const size_t count = n - first < BATCH ? n - first : BATCH;
        for (size_t i = 0; i < count; i++) {
            x[i] = (double)a[first + i];
            y[i] = (double)b[first + i];
        }
        sum += ki_dot(count, x, y);
    }
    return sum;
}

/* 16 partial sums in a fixed order. `negative` has a 1 where the spin is -1. */
static inline KI_ALWAYS_INLINE void add_signed(const float *x, uint64_t negative, float *sum) {
    for (int part = 0; part < 4; part++) {
        const uint32_t bits = (uint32_t)(negative >> part * LANES);
#pragma omp simd
        for (int l = 0; l < LANES; l++) {
            uint32_t value;
            memcpy(&value, &x[part * LANES + l], sizeof value);
            value ^= bits >> l << 31;
            float term;
            memcpy(&term, &value, sizeof term);
            sum[l] += term;
        }
    }
}

KI_CLONES double ki_signed_sum(size_t n, const float *x, const uint64_t *state) {
    enum { WORDS = 16 }; /* single precision within, double across */
    double total = 0;

    for (size_t w = 0; w < n / 64; w += WORDS) {
        const size_t end = n / 64 - w < WORDS ? n / 64 : w + WORDS;
        float sum[LANES] = {0};
        for (size_t v = w; v < end; v++)
            add_signed(x + 64 * v, ~state[v], sum);
        for (int l = 0; l < LANES; l++)
            total += (double)sum[l];
    }
    for (size_t i = n / 64 * 64; i < n; i++)
        total += (state[i / 64] >> i % 64 & 1) ? (double)x[i] : -(double)x[i];
    return total;
}

void ki_estimates(double n, double m, double q, double S, double sigma, double activity,
                  double seen, double out[KI_N_ESTIMATES]) {
    out[KI_EST_M] = m / n;
    out[KI_EST_Q] = q / n;
    out[KI_EST_S] = S / n;
    out[KI_EST_SIGMA] = sigma / n;
    out[KI_EST_SR] = out[KI_EST_S] + out[KI_EST_SIGMA];
    out[KI_EST_ACTIVITY] = activity / n;
    out[KI_EST_FLIPS] = seen;
}
