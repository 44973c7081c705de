/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising merge: the parts of a simulation become the whole. */
#define _XOPEN_SOURCE 700

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "plot/plot_option.h"
#include "shell/memory.h"
#include "simulate/checkpoint.h"
#include "simulate/study_plot.h"
#include "simulate/study_report.h"

static const command_help merge_help = {
    "merge",
    "The table of a whole simulation from its parts: files of `simulate --shard`, and "
    "checkpoints.\n"
    "The numbers are those of one run, to the last bit. Missing and doubled realizations are\n"
    "refused.\n",
    "  kinising simulate --N 100 --beta 0.5:2:7 --shard 1/2 -o part1.npz\n"
    "  kinising simulate --N 100 --beta 0.5:2:7 --shard 2/2 -o part2.npz\n"
    "  kinising merge part1.npz part2.npz -o whole.npz --plot whole.png\n",
};

typedef struct merge_options {
    session s;
    text_list files;
    int partial;
    unsigned panels;
    sim_study whole;
} merge_options;

static int not_ours(const char *path) {
    return complain(STATUS_USAGE,
                    "%s : is no part of a simulation : files of kinising simulate --shard or "
                    "--checkpoint",
                    path);
}

/* The array `state` of a result file. */
static int read_shard(const char *path, sim_study *part) {
    ki_reader *reader = NULL;
    ki_array state = {0};

    int error = ki_reader_open(path, &reader);
    if (error)
        return error == KI_ERR_FORMAT ? not_ours(path) : complain_library(error);
    ptrdiff_t i = ki_reader_find(reader, "state");
    if (i >= 0)
        error = ki_reader_read(reader, (size_t)i, &state);
    int status = error ? complain_library(error)
                 : i < 0 || state.type != KI_INT8 || state.ndim != 1
                     ? not_ours(path)
                     : study_unpack(path, state.data, state.shape[0], part);
    ki_array_free(&state);
    ki_reader_close(reader);
    return status;
}

static int read_part(const char *path, sim_study *part) {
    void *bytes = NULL;
    size_t size = 0;

    int error = ki_read_bytes(path, &bytes, &size);
    if (error)
        return complain_input(error, path);
    int packed = study_is_packed(bytes, size);
    int status = packed ? study_unpack(path, bytes, size, part) : 0;
    ki_free_bytes(bytes);
    return packed ? status : read_shard(path, part);
}

static int differs(const char *path, const char *what) {
    return complain(STATUS_USAGE,
                    "%s : differs from the first file in %s : parts of one and the same command",
                    path, what);
}

static int check_settings(const char *path, const sim_study *whole, const sim_study *part) {
    if (part->n != whole->n)
        return differs(path, "its points");
    if (part->set.realizations != whole->set.realizations)
        return differs(path, "--realizations");
    if (part->set.rel_err != whole->set.rel_err)
        return differs(path, "--rel-err");
    return 0;
}

static int add_point(const char *path, sim_point *to, const sim_point *from) {
    ki_ensemble *e = NULL, *part = NULL;
    char name[POINT_NAME];
    int status = 0;

    int error = ki_ensemble_unpack(to->state, to->size, &e);
    if (!error)
        error = ki_ensemble_unpack(from->state, from->size, &part);
    if (!error)
        error = ki_ensemble_merge(e, part);
    if (error == KI_ERR_NOMEM)
        status = complain_library(error);
    else if (error)
        status =
            complain(STATUS_USAGE, "%s, %s, %s", path, point_name(name, from), library_sentence());
    else
        status = point_store(to, e);
    to->seconds += from->seconds;
    if (from->target > to->target)
        to->target = from->target;
    ki_ensemble_free(e);
    ki_ensemble_free(part);
    return status;
}

static int add_file(const char *path, sim_study *whole) {
    sim_study part = {0};
    int status = read_part(path, &part);

    if (!status && !whole->points) {
        *whole = part;
        whole->set.shard = 0;
        whole->set.shards = 1;
        return 0;
    }
    if (!status)
        status = check_settings(path, whole, &part);
    for (size_t i = 0; i < part.n && !status; i++)
        status = add_point(path, &whole->points[i], &part.points[i]);
    study_free(&part);
    return status;
}

/* Points with the same realizations missing. */
typedef struct gap_group {
    char *gaps; /* "25 to 49 and 75 to 99 of 100", to be freed */
    size_t first, points;
} gap_group;
enum { MAX_GROUPS = 16 }; /* those of more patterns are counted together */

/* What is missing of a point, to be freed; "" for nothing, NULL when memory is out. */
static char *gaps_of(const sim_point *p) {
    ki_ensemble *e = NULL;
    char *text = NULL;
    size_t size;
    int n = 0;

    if (ki_ensemble_unpack(p->state, p->size, &e))
        return NULL;
    FILE *out = open_memstream(&text, &size);
    for (uint64_t r = 0, end; out && r < p->target; r = end) {
        end = first_gap(e, &r, p->target, p->target);
        if (r == p->target)
            break;
        fprintf(out, "%s%llu", n++ ? ", " : "", (unsigned long long)r);
        if (end - r > 1)
            fprintf(out, " to %llu", (unsigned long long)end - 1);
    }
    ki_ensemble_free(e);
    if (out && n > 0)
        fprintf(out, " of %llu", (unsigned long long)p->target);
    if (!out || fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Sorts the points into groups; `more` counts those that found none. Returns 0 or -1. */
static int find_gaps(const sim_study *st, gap_group group[MAX_GROUPS], size_t *n, size_t *more) {
    for (size_t i = 0; i < st->n; i++) {
        char *gaps = gaps_of(&st->points[i]);
        size_t g = 0;
        if (!gaps)
            return -1;
        while (g < *n && strcmp(gaps, group[g].gaps) != 0)
            g++;
        if (gaps[0] && g < *n) {
            group[g].points++;
        } else if (gaps[0] && g < MAX_GROUPS) {
            group[(*n)++] = (gap_group){gaps, i, 1};
            continue; /* the text stays */
        } else if (gaps[0]) {
            (*more)++;
        }
        free(gaps);
    }
    return 0;
}

/* "realizations 25 to 49 of 100 at N = 32, ..., sync, and at 3 points more; ...". */
static char *describe_gaps(const sim_study *st, const gap_group *group, size_t n, size_t more) {
    char *text = NULL, name[POINT_NAME];
    size_t size;
    FILE *out = open_memstream(&text, &size);

    for (size_t g = 0; out && g < n; g++) {
        const size_t others = group[g].points - 1;
        fprintf(out, "%srealizations %s", g ? "; " : "", group[g].gaps);
        if (group[g].points == st->n && st->n > 1)
            fprintf(out, " at all %zu points", st->n);
        else
            fprintf(out, " at %s", point_name(name, &st->points[group[g].first]));
        if (group[g].points < st->n && others > 0)
            fprintf(out, ", and at %zu point%s more", others, others > 1 ? "s" : "");
    }
    if (out && more > 0)
        fprintf(out, "; others at %zu points more", more);
    if (!out || fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Whether all that was asked for is there; all that is not is named. */
static int check_whole(const merge_options *o) {
    gap_group group[MAX_GROUPS];
    size_t n = 0, more = 0;
    char *text = NULL;
    int status = 0;

    if (o->partial)
        return 0;
    if (find_gaps(&o->whole, group, &n, &more) ||
        (n > 0 && !(text = describe_gaps(&o->whole, group, n, more))))
        status = complain(STATUS_FAILED, "merge : out of memory : fewer points");
    else if (n > 0)
        status =
            complain(STATUS_USAGE,
                     "merge : %.6000s are missing : the files that have them, or --partial", text);
    for (size_t g = 0; g < n; g++)
        free(group[g].gaps);
    free(text);
    return status;
}

static int merge(merge_options *o, const option *options, size_t n) {
    int status = 0;

    if (option_given(options, n, "seed"))
        return complain(STATUS_USAGE, "--seed : the parts have theirs : leave it out");
    for (size_t i = 0; i < o->files.n && !status; i++)
        status = add_file(o->files.item[i], &o->whole);
    if (!status && o->whole.n == 0)
        status = not_ours(o->files.item[0]);
    if (!status)
        status = check_whole(o);
    if (!status && o->s.picture)
        status = study_plot_check(&o->whole, o->panels);
    if (!status) {
        o->s.seed = o->whole.points[0].spec.seed;
        o->s.seed_given = 1;
        status = study_results(&o->whole);
    }
    return status ? status : study_report(&o->s, &o->whole, 0, o->panels);
}

int cmd_merge(int argc, char **argv) {
    merge_options o = {.s = {.argc = argc, .argv = argv}};

    o.files.item = get_memory(argv[0], (uint64_t)argc, sizeof *o.files.item);
    if (!o.files.item)
        return STATUS_FAILED;
    option options[] = {
        {.name = "FILE", .kind = OPTION_POSITIONALS, .target = &o.files},
        {.name = "partial",
         .kind = OPTION_FLAG,
         .target = &o.partial,
         .help = "be content with the realizations that are there"},
        REPRODUCIBLE_OPTION(&o.s),
        PANELS_OPTION(&o.panels),
        COMMON_OPTIONS(&o.s),
    };
    size_t n = sizeof options / sizeof options[0];

    int status = session_begin(&o.s, &merge_help, options, n);
    if (status == PARSE_DONE)
        status = merge(&o, options, n);
    study_free(&o.whole);
    free(o.files.item);
    options_free(options, n);
    return status == PARSE_HELP ? STATUS_DONE : status;
}
