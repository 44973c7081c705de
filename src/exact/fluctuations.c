/* SPDX-License-Identifier: BSD-3-Clause */
/* Stochastic entropy production of one transition, from the logarithms of both directions: nothing
 * that is rare is lost by underflow. [exact] */
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/parallel.h"
#include "job.h"
#include "num/simd.h"
#include "num/vecmath.h"

/* Tiles of TILE x TILE pairs of states; sums of GROUPS lots of work, in a fixed order; classes of
 * |Sigma|, PER_OCTAVE an octave from 2^LOWEST to 2^HIGHEST and one more, by which the range of the
 * histogram is found. */
enum { TILE = 32, GROUPS = 16, PER_OCTAVE = 8, LOWEST = -16, HIGHEST = 20 };
enum { CLASSES = (HIGHEST - LOWEST) * PER_OCTAVE + 2, MOST_BINS = 65536 };
#define LEAST (-690.0) /* logarithm of a probability that counts in `largest` */
#define NEVER (-800.0) /* of one whose exponential is 0 */
#define BEYOND 1e-12   /* probability left to the outermost bins */

typedef struct lot {
    double weight, mean, square, integral, negative, largest;
    double classes[CLASSES];
} lot;

typedef struct pairs {
    ki_chain chain;
    double *log_p;   /* [states] */
    double *LU, *LV; /* synchronous: ln of U and V, see chain.h */
    lot *lots;       /* [GROUPS] */
    /* Not laid out with the others. */
    double *bins; /* [GROUPS, n_bins] */
    size_t n_bins;
    double range; /* of the histogram; 0: the first pass, sums */
    double per_range;
    double scale; /* Sigma/scale has a square that is finite */
} pairs;

void ki_fluctuations_lay_out(void *job, size_t n, int dynamics, ki_cursor *cursor) {
    pairs only_measured, *j = job ? job : &only_measured;
    ki_chain *c = &j->chain;

    ki_chain_size(c, n, dynamics);
    ki_chain_lay_out(c, 0, cursor);
    const size_t tables = dynamics == KI_SYNC ? c->states : 0;
    j->log_p = ki_take(cursor, c->states, sizeof *j->log_p);
    j->LU = ki_take(cursor, tables * c->low, sizeof *j->LU);
    j->LV = ki_take(cursor, tables * c->high, sizeof *j->LV);
    j->lots = ki_take(cursor, GROUPS, sizeof *j->lots);
}

/* Octaves, and eighths of them, are the upper bits of a double. */
static size_t class_of(double size) {
    const double low = 0x1p-16;
    uint64_t bits, base;

    memcpy(&bits, &size, sizeof bits);
    memcpy(&base, &low, sizeof base);
    if (!(size >= low))
        return 0;
    const uint64_t at = (bits >> 49) - (base >> 49) + 1;
    return at < CLASSES - 1 ? (size_t)at : CLASSES - 1;
}

static double end_of_class(size_t class) {
    const size_t octave = class / PER_OCTAVE, eighth = class % PER_OCTAVE;

    return class < CLASSES - 1 ? ldexp(1 + (double)eighth / PER_OCTAVE, LOWEST + (int)octave)
                               : INFINITY;
}

static void add_to_bins(const pairs *j, double *bins, double sigma, double weight) {
    const size_t middle = j->n_bins / 2;

    if (sigma == 0) { /* between the two middle ones */
        bins[middle - 1] += weight / 2;
        bins[middle] += weight / 2;
        return;
    }
    const double at = fabs(sigma) * j->per_range;
    const size_t k = at < (double)middle ? (size_t)at : middle - 1;
    bins[sigma > 0 ? middle + k : middle - 1 - k] += weight;
}

enum { LANES = KI_LANES, SUMS = 5, N_PAIRS = TILE * TILE };

/* sigma = forth - back, and -sigma where its exponential is a number. A state of probability 0 is
 * left out: of a stationary law, what flows into it is 0 too. n is a multiple of LANES. */
KI_CLONES static void prepare(size_t n, double *forth, double *back, double *sigma, double *turn,
                              double *largest) {
    for (size_t k = 0; k < n; k += LANES)
        for (size_t l = 0; l < LANES; l++) {
            const double f = forth[k + l], b = back[k + l];
            const int none = !(f > -1e308) | !(b > -1e308);
            const double s = none ? 0 : f - b, size = s < 0 ? -s : s, more = f > b ? f : b;
            const double counts = more > LEAST && !none ? size : 0;

            forth[k + l] = none ? NEVER : f;
            back[k + l] = none ? NEVER : b;
            sigma[k + l] = s;
            turn[k + l] = size > 600 ? 0 : -s;
            largest[l] = counts > largest[l] ? counts : largest[l];
        }
}

/* Weight, mean, square, integral <exp(-Sigma)> as it is defined, and negative, each in lanes. */
KI_CLONES static void add_sums(size_t n, const double *sigma, const double *turn,
                               const double *there, const double *here, double scale,
                               double *restrict sum) {
    for (size_t k = 0; k < n; k += LANES)
        for (size_t l = 0; l < LANES; l++) {
            const double s = sigma[k + l] * scale, both = there[k + l] + here[k + l];
            const double size = sigma[k + l] < 0 ? -sigma[k + l] : sigma[k + l];
            const double turned = there[k + l] * turn[k + l] + here[k + l] / turn[k + l];
            const double against = s < 0 ? there[k + l] : here[k + l];

            sum[l] += both;
            sum[LANES + l] += (there[k + l] - here[k + l]) * s;
            sum[2 * LANES + l] += both * s * s;
            sum[3 * LANES + l] += size > 600 ? 0 : turned;
            sum[4 * LANES + l] += s == 0 ? 0 : against;
        }
}

static double fold(const double *v) {
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* Both directions of n transitions with probabilities of logarithms forth and back, which have room
 * for a multiple of LANES and are used up. */
static void add_pairs(const pairs *j, size_t group, size_t n, double *forth, double *back) {
    double sigma[N_PAIRS], turn[N_PAIRS], largest[LANES] = {0}, sums[SUMS * LANES] = {0};
    lot *sum = &j->lots[group];
    size_t padded = n;

    for (; padded % LANES; padded++)
        forth[padded] = back[padded] = NEVER;
    if (padded == 0)
        return;
    prepare(padded, forth, back, sigma, turn, largest);
    /* Weight times exp(-Sigma) is the weight of the other direction; where the exponential is not a
     * number, only that is left. */
    for (size_t k = 0; k < n && j->range == 0; k++)
        if (fabs(sigma[k]) > 600)
            sum->integral += exp(forth[k]) + exp(back[k]);
    ki_vexp(padded, forth, forth);
    ki_vexp(padded, back, back);
    if (j->range > 0) {
        for (size_t k = 0; k < n; k++) {
            add_to_bins(j, j->bins + group * j->n_bins, sigma[k], forth[k]);
            add_to_bins(j, j->bins + group * j->n_bins, -sigma[k], back[k]);
        }
        return;
    }
    ki_vexp(padded, turn, turn);
    add_sums(padded, sigma, turn, forth, back, 1 / j->scale, sums);
    sum->weight += fold(sums);
    sum->mean += fold(sums + LANES);
    sum->square += fold(sums + 2 * LANES);
    sum->integral += fold(sums + 3 * LANES);
    sum->negative += fold(sums + 4 * LANES);
    for (size_t l = 0; l < LANES; l++)
        sum->largest = fmax(sum->largest, largest[l]);
    for (size_t k = 0; k < n && j->n_bins; k++)
        sum->classes[class_of(fabs(sigma[k]))] += forth[k] + back[k];
}

/* Transitions that change nothing. */
static void add_stays(const pairs *j, size_t group, double weight) {
    if (j->range > 0) {
        add_to_bins(j, j->bins + group * j->n_bins, 0, weight);
        return;
    }
    j->lots[group].weight += weight;
    j->lots[group].integral += weight;
    j->lots[group].classes[0] += weight;
}

/* ln(p_a T_ab) of a tile, row a. */
static void fill_tile(const pairs *j, size_t a0, size_t b0, size_t side, double *x) {
    const ki_chain *c = &j->chain;
    const size_t l = b0 & (c->low - 1), h = b0 >> c->low_bits;

    for (size_t a = 0; a < side; a++) {
        const double *low = j->LU + (a0 + a) * c->low + l;
        const double at = j->log_p[a0 + a] + j->LV[(a0 + a) * c->high + h];

        for (size_t b = 0; b < side; b++)
            x[a * side + b] = at + low[b];
    }
}

/* Row `tile` of tiles, from the diagonal on. */
static void add_row(const pairs *j, size_t group, size_t tile, size_t side) {
    const size_t tiles = j->chain.states / side, a0 = tile * side;
    double x[N_PAIRS], y[N_PAIRS], forth[N_PAIRS], back[N_PAIRS];

    fill_tile(j, a0, a0, side, x);
    size_t n = 0;
    for (size_t a = 0; a < side; a++) {
        add_stays(j, group, exp(x[a * side + a]));
        for (size_t b = 0; b < a; b++, n++) {
            forth[n] = x[a * side + b];
            back[n] = x[b * side + a];
        }
    }
    add_pairs(j, group, n, forth, back);
    for (size_t other = tile + 1; other < tiles; other++) {
        fill_tile(j, a0, other * side, side, x);
        fill_tile(j, other * side, a0, side, y);
        for (size_t a = 0; a < side; a++)
            for (size_t b = 0; b < side; b++)
                back[a * side + b] = y[b * side + a];
        add_pairs(j, group, side * side, x, back);
    }
}

static int add_sync(void *ctx, ki_work *work, size_t group) {
    const pairs *j = ctx;
    const size_t side = j->chain.low < TILE ? j->chain.low : TILE;
    const size_t tiles = j->chain.states / side;

    for (size_t tile = group; tile < tiles; tile += GROUPS) {
        add_row(j, group, tile, side);
        if (ki_work_tick(work, tiles - tile))
            return KI_ERR_CANCELLED;
    }
    return 0;
}

/* ln of the chance of a flip at y = 2 s x. */
static double log_flip(double y) {
    return -fmax(y, 0) - log1p(exp(-fabs(y)));
}

/* Flips of spin i between `count` states from `first` on and those with it up, where it is down. */
static void add_flips(const pairs *j, size_t group, size_t i, size_t first, size_t count) {
    const ki_chain *c = &j->chain;
    double x[N_PAIRS], forth[N_PAIRS], back[N_PAIRS];
    size_t n = 0;

    ki_chain_fields(c, i, first, count, x);
    for (size_t k = 0; k < count; k++) {
        const size_t a = first + k;

        if (a >> i & 1)
            continue;
        forth[n] = j->log_p[a] + log_flip(-2 * x[k]);
        back[n] = j->log_p[a | (size_t)1 << i] + log_flip(2 * (x[k] + 2 * c->self[i]));
        n++;
    }
    add_pairs(j, group, n, forth, back);
}

static int add_async(void *ctx, ki_work *work, size_t group) {
    const pairs *j = ctx;
    const size_t states = j->chain.states, size = states < TILE * TILE ? states : TILE * TILE;

    for (size_t block = group; block < states / size; block += GROUPS) {
        for (size_t i = 0; i < j->chain.n; i++)
            if (((size_t)1 << i) < size || !(block * size >> i & 1))
                add_flips(j, group, i, block * size, size);
        if (ki_work_tick(work, 1))
            return KI_ERR_CANCELLED;
    }
    return 0;
}

/* Logarithms of U and V: sums in place of products. */
static void outer(size_t bits, const double *up, const double *down, double *out) {
    out[0] = 0;
    for (size_t i = 0; i < bits; i++)
        for (size_t l = 0; l < (size_t)1 << i; l++) {
            out[l + ((size_t)1 << i)] = out[l] + up[i];
            out[l] += down[i];
        }
}

static int fill_block(void *ctx, size_t block) {
    const pairs *j = ctx;
    const ki_chain *c = &j->chain;
    const size_t size = ki_chain_block_size(c), first = block * size;

    for (size_t a = first; a < first + size && c->dynamics == KI_SYNC; a++) {
        double up[KI_EXACT_MOST_SYNC], down[KI_EXACT_MOST_SYNC];

        for (size_t i = 0; i < c->n; i++) {
            const double x = c->x_low[i * c->low + (a & (c->low - 1))] +
                             c->x_high[i * c->high + (a >> c->low_bits)];
            up[i] = log_flip(-2 * x);
            down[i] = log_flip(2 * x);
        }
        outer(c->low_bits, up, down, j->LU + a * c->low);
        outer(c->n - c->low_bits, up + c->low_bits, down + c->low_bits, j->LV + a * c->high);
    }
    return 0;
}

/* A power of two, for fields so large that a square would not be finite. */
static double scale_for(const ki_chain *c) {
    const double most = ki_chain_largest_field(c);

    return most > 1e100 ? ldexp(1, ilogb(most)) : 1;
}

static int relay_progress(void *user, uint64_t done, uint64_t total) {
    pairs *j = user;
    const ki_run_options *run = j->chain.run;
    const double part = (double)done / (double)total, half = j->n_bins ? 0.5 : 1;
    const double all = KI_EXACT_TOTAL * (j->range > 0 ? 0.5 + 0.5 * part : half * part);
    const uint64_t shown = all > KI_EXACT_TOTAL - 1 ? KI_EXACT_TOTAL - 1 : (uint64_t)all;

    j->chain.reported = shown > j->chain.reported ? shown : j->chain.reported;
    return run->progress(run->progress_user, j->chain.reported, KI_EXACT_TOTAL);
}

static int pass(pairs *j) {
    const ki_chain *c = &j->chain;
    ki_run_options run = c->quiet;
    uint64_t total = 0;

    if (c->run && c->run->progress) {
        run.progress = relay_progress;
        run.progress_user = j;
    }
    if (c->dynamics == KI_SYNC) {
        const uint64_t tiles = c->states / (c->low < TILE ? c->low : TILE);
        total = tiles * (tiles + 1) / 2;
    } else {
        total = c->states / (c->states < TILE * TILE ? c->states : TILE * TILE);
    }
    return ki_parallel_work(GROUPS, total, &run, c->dynamics == KI_SYNC ? add_sync : add_async, j);
}

static void add_lots(lot *lots) {
    for (size_t g = 1; g < GROUPS; g++) {
        lots->weight += lots[g].weight;
        lots->mean += lots[g].mean;
        lots->square += lots[g].square;
        lots->integral += lots[g].integral;
        lots->negative += lots[g].negative;
        lots->largest = fmax(lots->largest, lots[g].largest);
        for (size_t k = 0; k < CLASSES; k++)
            lots->classes[k] += lots[g].classes[k];
    }
}

/* Beyond it is next to nothing. */
static double choose_range(const lot *sum) {
    double beyond = 0;
    size_t k = CLASSES - 1;

    while (k > 0 && beyond + sum->classes[k] <= BEYOND * sum->weight)
        beyond += sum->classes[k--];
    const double end = fmin(end_of_class(k), sum->largest);
    return end > ldexp(1, LOWEST) ? end : ldexp(1, LOWEST);
}

static void summarize(const pairs *j, ki_exact_fluctuation_result *r) {
    const lot *sum = j->lots;
    const double weight = sum->weight;

    *r = (ki_exact_fluctuation_result){
        .integral = 1,
        .largest = sum->largest,
        .rate = j->chain.dynamics == KI_SYNC ? 1 : weight,
    };
    if (!(weight > 0)) /* frozen: there are no flips */
        return;
    const double mean = sum->mean / weight;
    r->mean = mean * j->scale;
    r->variance = fmax(sum->square / weight - mean * mean, 0) * j->scale * j->scale;
    r->integral = sum->integral / weight;
    r->negative = sum->negative / weight;
}

static int fluctuate(pairs *j, const ki_network *network, const double *p,
                     ki_exact_fluctuation_result *r) {
    int error = ki_chain_fill(&j->chain, network, 0);

    if (error)
        return error;
    for (size_t a = 0; a < j->chain.states; a++)
        j->log_p[a] = p[a] > 0 ? log(p[a]) : -INFINITY;
    ki_chain_for_blocks(&j->chain, fill_block, j);
    j->scale = scale_for(&j->chain);
    memset(j->lots, 0, GROUPS * sizeof *j->lots);
    error = pass(j);
    if (error)
        return error;
    add_lots(j->lots);
    summarize(j, r);
    if (!j->n_bins)
        return 0;
    const double weight = j->lots->weight;
    j->range = choose_range(j->lots);
    j->per_range = (double)(j->n_bins / 2) / j->range;
    memset(j->bins, 0, GROUPS * j->n_bins * sizeof *j->bins);
    error = pass(j);
    for (size_t g = 1; g < GROUPS; g++)
        for (size_t k = 0; k < j->n_bins; k++)
            j->bins[k] += j->bins[g * j->n_bins + k];
    for (size_t k = 0; k < j->n_bins; k++)
        j->bins[k] =
            weight > 0 ? j->bins[k] / weight : (k == j->n_bins / 2 || k + 1 == j->n_bins / 2) / 2.0;
    return error;
}

static int check(const ki_network *network, int dynamics, const double *p, uint64_t bins,
                 const ki_run_options *run, const double *edges, const double *probability) {
    int error = ki_chain_check(network, dynamics, run);

    error = error ? error : ki_check_law((size_t)1 << network->n, p);
    if (error)
        return error;
    if (bins % 2 || bins > MOST_BINS)
        return ki_fail(KI_ERR_ARGUMENT,
                       "bins : %llu is %s : an even number up to %d, 0 for no histogram",
                       (unsigned long long)bins, bins % 2 ? "odd" : "too many", MOST_BINS);
    error = bins ? ki_check_pointer("edges", edges, "an array") : 0;
    return bins && !error ? ki_check_pointer("probability", probability, "an array") : error;
}

int ki_exact_fluctuations(const ki_network *network, int dynamics, const double *p, uint64_t bins,
                          const ki_run_options *run, ki_exact_fluctuation_result *result,
                          double *edges, double *probability) {
    pairs j = {.n_bins = (size_t)bins};
    ki_exact_fluctuation_result r;
    int error = check(network, dynamics, p, bins, run, edges, probability);

    if (error)
        return error;
    char *memory = ki_exact_allocate(ki_fluctuations_lay_out, &j, (size_t)network->n, dynamics);
    if (!memory)
        return KI_ERR_NOMEM;
    j.bins = ki_alloc(GROUPS * j.n_bins, sizeof *j.bins);
    if (j.bins) {
        ki_chain_begin(&j.chain, run);
        error = fluctuate(&j, network, p, &r);
    } else {
        error = ki_fail(KI_ERR_NOMEM, "exact : no memory for %zu bins : fewer", j.n_bins);
    }
    if (!error && result)
        *result = r;
    for (size_t k = 0; !error && bins && k <= j.n_bins; k++) {
        const double half = (double)(j.n_bins / 2);

        edges[k] = j.range * (((double)k - half) / half);
        if (k < j.n_bins)
            probability[k] = j.bins[k];
    }
    ki_free(j.bins);
    ki_free(memory);
    return error;
}
