/* SPDX-License-Identifier: BSD-3-Clause */
/* What all engines share: the start, the local fields, and sums over spins of a state and the
 * fields that it makes. */
#ifndef KI_SRC_SIMULATE_ENGINES_ESTIMATORS_H
#define KI_SRC_SIMULATE_ENGINES_ESTIMATORS_H

#include <math.h>

#include "simulate/engines/engine.h"

/* Words of 64 spins. */
static inline size_t ki_words(uint64_t n) {
    return (size_t)(n / 64 + (n % 64 != 0));
}

/* A number of bytes; what no machine has is UINT64_MAX. */
static inline uint64_t ki_bytes(double bytes) {
    return bytes < 0x1p63 ? (uint64_t)bytes : UINT64_MAX;
}

/* The first state of realization r: bit i of word i/64 is spin i, bits from N on are 0. */
void ki_start_state(const ki_plan *plan, uint64_t r, uint64_t *state);

/* out[i] = beta H_i, i < N. */
void ki_local_fields(const ki_plan *plan, uint64_t r, float *out);

/* Sum of s_i. */
int64_t ki_total_spin(uint64_t n, const uint64_t *state);

/* Bits from N on become 0. */
void ki_clear_beyond(uint64_t n, uint64_t *state);

/* Spins in which two states differ. */
uint64_t ki_spins_changed(uint64_t n, const uint64_t *state, const uint64_t *before);

/* What a change of state adds to the entropy flow of the steps between [sigma-t]: sums over spins of
 * beta H_i s_i and of ln 2cosh(beta h_i), h the field that the state makes. One state has the same
 * bits at the beginning and at the end, and adds exactly nothing. */
typedef struct ki_flow_ends {
    double local[2], potential[2]; /* at the beginning, at the end */
} ki_flow_ends;

static inline double ki_flow_between(const ki_flow_ends *ends) {
    return (ends->local[1] - ends->local[0]) + (ends->potential[1] - ends->potential[0]);
}

/* How far q looks back in asynchronous runs, in units of time, and the first time it is taken at:
 * the earlier state is of the window too (t >= burn_in), or q is that of the last state alone. */
uint64_t ki_lag(uint64_t steps);
uint64_t ki_first_q(uint64_t steps, int average, uint64_t burn_in);

/* Sums over spins for a state s and the fields h that it makes, f_i = 1/(1 + exp(2 beta s_i h_i))
 * being the chance that an update flips spin i:
 *
 *   - flips = sum f_i
 *   - change = sum delta_i, delta_i = tanh(beta h_i) - s_i = -2 s_i f_i
 *   - entropy = sum ln 2cosh(beta h_i) - beta h_i tanh(beta h_i)
 *   - heat = sum delta_i noise_i
 *
 * Written in f, the sums over one state keep their relative accuracy however rare flips are. */
typedef struct ki_spin_sums {
    double flips, change, entropy, heat;
} ki_spin_sums;

/* Adds spins 0..n-1: x[i] = beta h_i, bit i of `state` their spins, noise[i] the part of the field
 * that enters sigma, times beta. delta[i] is written if not NULL. */
void ki_add_spins(size_t n, const float *x, const uint64_t *state, const float *noise,
                  ki_spin_sums *sums, float *delta);

/* sum over i < n of f_i ln [cosh(beta h_i) / cosh(beta h_i - 2 beta J_ii s_i)]: the self-couplings'
 * part of the heat, since the field of a spin that flips is another one on the way back
 * [sigma-net-async]. self[i] = beta J_ii. */
double ki_self_heat(size_t n, const float *x, const uint64_t *state, const float *delta,
                    const float *self);

/* sum over i < n of ln 2cosh(x_i). The same bits for the same fields. */
double ki_sum_log_2cosh(size_t n, const float *x);

/* sum over i < n of tanh(y_i)(z_i - y_i): what ln 2cosh(z_i) has to first order in the noise of the
 * state that makes the fields z, y = x + along + mean being the fields of the mean of that state.
 * Its own mean is zero. x is near z: what they have in common drops out without rounding. 0 for one
 * spin alone, whose flow has no such noise: ln 2cosh is even, and nothing flows where H = 0. */
double ki_first_order(size_t n, const float *x, const float *along, float mean, const float *z);

/* The last update of a spin: beta h_i at that time, and the part beta J0 m of it. `field` is NaN for
 * a spin that has not been updated. */
typedef struct ki_last_update {
    float field, mean;
} ki_last_update;

/* An asynchronous state is s_j = tanh(beta h_j) + eta_j, h_j of the last update of spin j. Given all
 * that was before this update the mean of eta_j is zero, and so is that of eta_j c_j for any c_j
 * known then: it may be added to the heat sum (tanh(beta h_i) - s_i) h_i, to take out the noise of
 * s_j. Returns sum over j of eta_j c_j for
 *
 *     c_j = beta H_j + beta J0 m + r_j noise_j,   r = y(1 + y)/(1 + y + y^2),
 *     y = (beta J0 m)^2 + variance,
 *
 * with noise_j what is left of the field; r is near tanh^2 of a field of the square y, and how much
 * of this field is still there now. rest[j] = (1 - r_j) eta_j, of the sign of s_j or 0. `local` is
 * beta H, `variance` that of fields over the network. For one spin alone, which no other sees,
 * c = beta H and rest = 0. */
double ki_updates_sum(size_t n, const uint64_t *state, const ki_last_update *last,
                      const float *local, double variance, float *rest);

/* The field of a spin alone, and the part of it that enters sigma, times beta: without the rounding of
 * sums over spins, so that nothing flows where H = 0. */
static inline void ki_fields_alone(float spin, float self, float local, float *field,
                                   float *noise) {
    *field = local + self * spin;
    *noise = local;
}

/* That variance: (beta dJ)^2 + (beta dH)^2/3. */
static inline double ki_field_variance(const ki_theory_params *p) {
    const double noise = p->beta * p->dJ, local = p->beta * p->dH;
    return noise * noise + local * local / 3;
}

/* sum over i < n of a_i b_i. */
double ki_float_dot(size_t n, const float *a, const float *b);

/* sum over i < n of s_i x_i. */
double ki_signed_sum(size_t n, const float *x, const uint64_t *state);

/* ln 2cosh(x) */
static inline double ki_log_2cosh(double x) {
    return fabs(x) + log1p(exp(-2 * fabs(x)));
}

/* ln [cosh(x) / cosh(x - 2 self s)]: what a spin s in the field x changes in its own field by
 * flipping. */
static inline double ki_self_change(double x, double s, double self) {
    return ki_log_2cosh(x) - ki_log_2cosh(x - 2 * s * self);
}

/* The estimates of one realization [S-sync] [Sr-sync] from sums over n spins (times measurements);
 * `seen` is the count of flips itself. */
void ki_estimates(double n, double m, double q, double S, double sigma, double activity,
                  double seen, double out[KI_N_ESTIMATES]);

#endif
