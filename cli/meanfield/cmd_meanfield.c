/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising meanfield: Plefka's family of mean fields on one network. */
#include "meanfield/meanfield.h"

#include <string.h>
#include <strings.h>

#include "cmd.h"
#include "common/model_options.h"
#include "plot/plot_option.h"

static const command_help meanfield_help = {
    "meanfield",
    "Mean fields of one network: magnetizations m, correlations C_ij = Cov(s_i(t), s_j(t)) and\n"
    "D_ij = Cov(s_i(t), s_j(t-1)), and the entropy production they give, step by step from a "
    "given\n"
    "start or in the steady state. Methods, from the simplest to the best near a transition of "
    "large\n"
    "networks: naive, plefka-t1t (TAP), plefka-t1, plefka-t, plefka2-t.\n"
    "Columns: N, beta, dynamics, m0, t, method, m_mean, C_mean, D_mean (means over all N and N^2\n"
    "elements), sigma, status (ok, unsolved, not-steady, unstable, unphysical); t is inf with "
    "--steady.\n"
    "A .npz or .h5 file is of one method and also holds m (N), C and D (N,N), sigma_spin (N) and\n"
    "sigma_edge (N,N), whose sum is N sigma, of the last step, or with --path of every step, t "
    "first;\n"
    "of several betas beta before all; and residual, change, steps, and unphysical and "
    "unphysical_D,\n"
    "the numbers of elements of C and D that no distribution has.\n"
    "With --compare: errors against all states of a small network, or a simulation. Columns: N, "
    "beta,\n"
    "dynamics, m0, t, method, m_err, C_err, D_err (root mean squares over all elements), sigma,\n"
    "sigma_ref, sigma_err (size of the difference), seconds, status. The row exact or simulation "
    "is the\n"
    "reference itself, with its own sampling errors. Without --steady states after --steps are "
    "compared,\n"
    "of --m0 1 or 0 if simulated.\n",
    "  kinising network draw --N 100 --dJ 0.5 --dH 0.3 --beta 1 -o network.npz\n"
    "  kinising meanfield --network network.npz --method plefka-t1,plefka2-t --steps 20\n"
    "  kinising meanfield --network network.npz --steady -o steady.npz\n"
    "  kinising meanfield --network network.npz --steady --beta 0.2:1:9 --plot curves.png\n"
    "  kinising meanfield --network network.npz --start steady.npz --beta 1.1 --steps 5 --path -o "
    "path.npz\n"
    "  kinising meanfield --network network.npz --compare simulation --beta 0.5:0.9:5 --steady\n",
};

#define WORD(name, number, symbol, word, text) word,
static const char *const method_words[] = {KI_METHOD_LIST(WORD) NULL};
#undef WORD
static const char *const against_words[] = {"exact", "simulation", NULL};
enum { ALL_METHODS = (1u << KI_N_METHODS) - 1 };

/* Those that the library has an asynchronous form of. */
static unsigned asynchronous_methods(void) {
    unsigned found = 0;

    for (int method = 0; method < KI_N_METHODS; method++) {
        const ki_meanfield_spec spec = {method, KI_ASYNC, 1};
        uint64_t bytes;

        if (ki_meanfield_memory(1, &spec, &bytes) == 0)
            found |= 1u << method;
    }
    return found;
}

/* An option that would be passed over is a misunderstanding. */
static int check_applicable(const mf_command *w, const option *options, size_t n) {
    const struct {
        const char *name;
        int applies;
        const char *why, *right;
    } rules[] = {
        {"steps", !w->steady, "a steady state has no steps", "--max-steps, or no --steady"},
        {"path", !w->steady, "a steady state has no path", "--steps instead of --steady"},
        {"tol", w->steady, "is of steady states", "with --steady"},
        {"max-steps", w->steady, "is of steady states", "with --steady"},
        {"path", !w->against, "a comparison keeps no steps", "without --compare"},
        {"start", !w->against, "a comparison is from independent spins", "--m0"},
        {"replicas", w->against == MF_SIMULATION, "nothing is simulated",
         "with --compare simulation"},
        {"burn-in", w->against == MF_SIMULATION && w->steady, "no steady state is simulated",
         "with --compare simulation --steady"},
        {"window", w->against == MF_SIMULATION && w->steady, "no steady state is simulated",
         "with --compare simulation --steady"},
    };

    for (size_t k = 0; k < sizeof rules / sizeof rules[0]; k++)
        if (option_given(options, n, rules[k].name) && !rules[k].applies)
            return complain(STATUS_USAGE, "--%s : %s : %s", rules[k].name, rules[k].why,
                            rules[k].right);
    return 0;
}

static int check_methods(mf_command *w, int given) {
    if (w->async && !w->steady)
        return complain(STATUS_USAGE, "--dynamics async : only the steady state is known : with "
                                      "--steady");
    const unsigned asynchronous = w->async ? asynchronous_methods() : 0;
    for (int method = 0; w->async && given && method < KI_N_METHODS; method++)
        if (w->methods & ~asynchronous & 1u << method)
            return complain(STATUS_USAGE,
                            "--method : %s is of synchronous dynamics : naive or plefka-t1t with "
                            "--dynamics async",
                            ki_method_name(method));
    if (!given)
        w->methods = w->against ? w->async ? asynchronous : (unsigned)ALL_METHODS
                     : w->async ? 1u << KI_PLEFKA_T1T
                                : 1u << KI_PLEFKA2_T;
    return 0;
}

static int check_files(const mf_command *w) {
    const int several = (w->methods & (w->methods - 1)) != 0;

    if (w->path && !mf_wants_matrices(w))
        return complain(STATUS_USAGE, "--path : matrices of every step go to a file : -o FILE.npz "
                                      "or FILE.h5");
    if (several && mf_wants_matrices(w))
        return complain(STATUS_USAGE,
                        "-o : %s holds the matrices of one method, and several are asked for : one "
                        "--method, or a .csv file",
                        w->s.file);
    if (w->s.picture && w->steady && !w->against && w->beta_list.count < 2)
        return complain(STATUS_USAGE, "--plot : a steady state is a single point : --steps, or "
                                      "several --beta");
    return 0;
}

static int check_comparison(const mf_command *w) {
    if (w->beta_list.count > 1000000)
        return complain(STATUS_USAGE, "--beta : %llu values are too many : at most 1000000",
                        (unsigned long long)w->beta_list.count);
    if (w->against && w->s.picture && w->beta_list.count < 2)
        return complain(STATUS_USAGE, "--plot : errors are drawn against beta : a list, such as "
                                      "--beta 0.5:1.5:11");
    if (w->against == MF_SIMULATION && w->m0 != 0 && w->m0 != 1)
        return complain(STATUS_USAGE, "--m0 : simulations start all up or at random : 1 or 0 with "
                                      "--compare simulation");
    return 0;
}

static int meanfield(mf_command *w, const option *options, size_t n) {
    if (!w->given.path)
        return complain(STATUS_USAGE, "--network : is missing : a file with H and J, such as "
                                      "kinising network draw makes");
    if (option_given(options, n, "compare"))
        w->against += MF_EXACT;
    int status = check_applicable(w, options, n);
    if (!status)
        status = check_methods(w, option_given(options, n, "method"));
    if (!status)
        status = check_files(w);
    if (!status)
        status = check_comparison(w);
    if (!status)
        status = mf_read_input(w, option_given(options, n, "beta"), option_given(options, n, "m0"));
    if (status)
        return status;
    return w->against ? mf_compare(w) : mf_alone(w);
}

#define WHAT_OPTIONS(w)                                                                            \
    NETWORK_OPTION(&(w)->given.path),                                                              \
        {.name = "beta",                                                                           \
         .kind = OPTION_LIST,                                                                      \
         .target = &(w)->beta_list,                                                                \
         .meta = "LIST",                                                                           \
         .help = "instead of the file's; one, or several",                                         \
         .low = 0,                                                                                 \
         .high = 1e308},                                                                           \
        {.name = "method",                                                                         \
         .kind = OPTION_WORDS,                                                                     \
         .target = &(w)->methods,                                                                  \
         .meta = "LIST",                                                                           \
         .help = "of those above; default plefka2-t, plefka-t1t if async, all with --compare",     \
         .words = method_words},                                                                   \
        {.name = "dynamics",                                                                       \
         .kind = OPTION_WORD,                                                                      \
         .target = &(w)->async,                                                                    \
         .meta = "WORD",                                                                           \
         .help = "sync, or async: steady states of naive and plefka-t1t",                          \
         .fallback = "sync",                                                                       \
         .words = dynamics_words},                                                                 \
    {                                                                                              \
        .name = "zero-diagonal", .kind = OPTION_FLAG, .target = &(w)->zero_diagonal,               \
        .help = "take J_ii as 0, which async needs"                                                \
    }

#define HOW_OPTIONS(w)                                                                             \
    {.name = "steps",                                                                              \
     .kind = OPTION_COUNT,                                                                         \
     .target = &(w)->steps,                                                                        \
     .meta = "T",                                                                                  \
     .help = "updates of all spins",                                                               \
     .fallback = "127",                                                                            \
     .low = 1,                                                                                     \
     .high = 1e7},                                                                                 \
        {.name = "steady",                                                                         \
         .kind = OPTION_FLAG,                                                                      \
         .target = &(w)->steady,                                                                   \
         .help = "the steady state that the start leads to"},                                      \
        {.name = "tol",                                                                            \
         .kind = OPTION_REAL,                                                                      \
         .target = &(w)->tol,                                                                      \
         .meta = "X",                                                                              \
         .help = "steady: largest change of a moment in a step (default 1e-12)",                   \
         .low = 0,                                                                                 \
         .high = 1,                                                                                \
         .limits = LIMIT_OPEN_LOW},                                                                \
        {.name = "max-steps",                                                                      \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->max_steps,                                                                \
         .meta = "K",                                                                              \
         .help = "steady: where it gives up (default 10000, plefka-t and plefka2-t 1000)",         \
         .low = 1,                                                                                 \
         .high = 1e9},                                                                             \
        {.name = "m0",                                                                             \
         .kind = OPTION_REAL,                                                                      \
         .target = &(w)->m0,                                                                       \
         .meta = "X",                                                                              \
         .help = "start: independent spins of this mean, -1 to 1",                                 \
         .fallback = "1",                                                                          \
         .low = -1,                                                                                \
         .high = 1},                                                                               \
        {.name = "start",                                                                          \
         .kind = OPTION_INPUT,                                                                     \
         .target = &(w)->start,                                                                    \
         .meta = "FILE",                                                                           \
         .help = "start: m and perhaps C and D of a file, such as a result"},                      \
    {                                                                                              \
        .name = "path", .kind = OPTION_FLAG, .target = &(w)->path,                                 \
        .help = "the file holds all of every step"                                                 \
    }

#define AGAINST_OPTIONS(w)                                                                         \
    {.name = "compare",                                                                            \
     .kind = OPTION_WORD,                                                                          \
     .target = &(w)->against,                                                                      \
     .meta = "WORD",                                                                               \
     .help = "errors against: exact (all states) or simulation",                                   \
     .words = against_words},                                                                      \
        {.name = "replicas",                                                                       \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->replicas,                                                                 \
         .meta = "R",                                                                              \
         .help = "of the simulation, in two halves",                                               \
         .fallback = "1000",                                                                       \
         .low = 10,                                                                                \
         .high = 0x1p56},                                                                          \
        {.name = "burn-in",                                                                        \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->burn_in,                                                                  \
         .meta = "B",                                                                              \
         .help = "steady: steps of the simulation before its average begins",                      \
         .fallback = "500",                                                                        \
         .low = 0,                                                                                 \
         .high = 1e15},                                                                            \
        {.name = "window",                                                                         \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(w)->window,                                                                   \
         .meta = "W",                                                                              \
         .help = "steady: steps it averages over",                                                 \
         .fallback = "100",                                                                        \
         .low = 1,                                                                                 \
         .high = 1e15},                                                                            \
        REPRODUCIBLE_OPTION(&(w)->s)

int cmd_meanfield(int argc, char **argv) {
    mf_command w = {.s = {.argc = argc, .argv = argv}};
    option options[] = {
        WHAT_OPTIONS(&w),
        HOW_OPTIONS(&w),
        AGAINST_OPTIONS(&w),
        COMMON_OPTIONS(&w.s),
    };
    const size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&w.s, &meanfield_help, options, n);
    if (status == PARSE_DONE)
        status = meanfield(&w, options, n);
    mf_free_input(&w);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
