/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/options.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shell/message.h"
#include "shell/values.h"

enum { NAME_MAX_LENGTH = 32 };

/* Damerau-Levenshtein distance (optimal string alignment), case ignored. */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb) {
    size_t d[NAME_MAX_LENGTH + 1][NAME_MAX_LENGTH + 1];

    for (size_t i = 0; i <= na; i++)
        d[i][0] = i;
    for (size_t j = 0; j <= nb; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= na; i++)
        for (size_t j = 1; j <= nb; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            size_t best = d[i - 1][j - 1] + (ca != cb);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]) && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[na][nb];
}

const char *did_you_mean(const char *text, size_t length, const void *table, size_t n,
                         size_t stride) {
    const char *best = NULL;
    size_t least = 3; /* two slips are a slip, three are another word */

    if (length == 0 || length > NAME_MAX_LENGTH)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const char *name = *(const char *const *)((const char *)table + i * stride);
        size_t name_length = strlen(name);
        if (name_length > NAME_MAX_LENGTH)
            continue;
        size_t distance = edit_distance(text, length, name, name_length);
        /* An abbreviation is meant, however much of the name is missing. */
        if (length >= 3 && length < name_length && strncmp(text, name, length) == 0)
            distance = 1;
        if (distance < least && distance < name_length) {
            least = distance;
            best = name;
        }
    }
    return best;
}

size_t options_positional(const option *options, size_t n) {
    size_t i = 0;

    while (i < n && options[i].kind <= OPTION_POSITIONALS)
        i++;
    return i;
}

static option *find_long(option *options, size_t n, const char *name, size_t length) {
    for (size_t i = options_positional(options, n); i < n; i++)
        if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

static option *find_letter(option *options, size_t n, char letter) {
    for (size_t i = 0; i < n; i++)
        if (options[i].letter && options[i].letter == letter)
            return &options[i];
    return NULL;
}

size_t option_index(const option *options, size_t n, const char *name) {
    size_t i = 0;

    while (i < n && strcmp(options[i].name, name) != 0)
        i++;
    return i;
}

int option_given(const option *options, size_t n, const char *name) {
    size_t i = option_index(options, n, name);
    return i < n && options[i].given;
}

const char *option_spelled(const option *o, char out[SPELLED_SIZE]) {
    if (o->letter)
        snprintf(out, SPELLED_SIZE, "-%c", o->letter);
    else
        snprintf(out, SPELLED_SIZE, "--%s", o->name);
    return out;
}

/* What a number must be, in words. */
static void describe_limits(const option *o, char *out, size_t size) {
    const char *kind = o->kind == OPTION_COUNT    ? "a whole number"
                       : o->kind == OPTION_REAL   ? "one number"
                       : o->kind == OPTION_COUNTS ? "whole numbers"
                                                  : "numbers";
    const char *finite = o->kind != OPTION_COUNT && o->kind != OPTION_COUNTS &&
                                 !(o->limits & LIMIT_INFINITE) && (isinf(o->low) || isinf(o->high))
                             ? "finite, "
                             : "";
    char low[REAL_SIZE], high[REAL_SIZE];

    if (isinf(o->low) && isinf(o->high))
        snprintf(out, size, "%s, %s", kind, finite[0] ? "finite" : "any size");
    else if (isinf(o->high))
        snprintf(out, size, "%s, %s%s %s", kind, finite,
                 o->limits & LIMIT_OPEN_LOW ? "above" : "at least", print_real(low, o->low));
    else
        snprintf(out, size,
                 o->limits & LIMIT_OPEN_LOW ? "%s above %s, at most %s" : "%s from %s to %s", kind,
                 print_real(low, o->low), print_real(high, o->high));
    if (o->limits & LIMIT_INFINITE) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, " (inf too)");
    }
}

static int out_of_limits(const option *o, double value) {
    char name[SPELLED_SIZE], right[128], number[REAL_SIZE];
    const char *why = NULL;

    if (isinf(value) && !(o->limits & LIMIT_INFINITE))
        why = "is not finite";
    else if (value < o->low)
        why = o->low == 0 ? "is negative" : "is too small";
    else if (value == o->low && o->limits & LIMIT_OPEN_LOW)
        why = "is too small";
    else if (value > o->high)
        why = "is too large";
    if (!why)
        return 0;
    describe_limits(o, right, sizeof right);
    return complain(STATUS_USAGE, "%s : %s %s : %s", option_spelled(o, name),
                    print_real(number, value), why, right);
}

/* A list of whole numbers, and ranges whose steps are whole. */
static int check_whole(const option *o, const char *value, const value_list *list) {
    char name[SPELLED_SIZE], quoted[QUOTE_SIZE];

    for (size_t i = 0; i < list->n_ranges; i++) {
        const value_range *r = &list->ranges[i];
        if (r->start != floor(r->start) || r->stop != floor(r->stop))
            return complain(STATUS_USAGE, "%s : %s is not of whole numbers : such as 32,128,512",
                            option_spelled(o, name), quote_text(quoted, value, strlen(value)));
        if (r->count > 1 && fmod(r->stop - r->start, (double)(r->count - 1)) != 0)
            return complain(STATUS_USAGE, "%s : %s has steps that are not whole : another count",
                            option_spelled(o, name), quote_text(quoted, value, strlen(value)));
    }
    return 0;
}

static int set_number(const option *o, const char *value) {
    char name[SPELLED_SIZE];
    size_t length = strlen(value);
    refusal no;
    int bad, status = 0;

    if (o->kind == OPTION_REAL) {
        double x;
        bad = parse_real(value, length, &x, &no);
        if (!bad && !(status = out_of_limits(o, x)))
            *(double *)o->target = x;
    } else if (o->kind == OPTION_COUNT) {
        uint64_t x;
        bad = parse_count(value, length, &x, &no);
        if (!bad && !(status = out_of_limits(o, (double)x)))
            *(uint64_t *)o->target = x;
    } else {
        value_list x;
        bad = parse_list(value, length, &x, &no);
        if (bad == -2)
            return complain(STATUS_FAILED, "%s : out of memory : a shorter list",
                            option_spelled(o, name));
        for (size_t i = 0; !bad && !status && i < x.n_ranges; i++)
            if (!(status = out_of_limits(o, x.ranges[i].start)))
                status = out_of_limits(o, x.ranges[i].stop);
        if (!bad && !status && o->kind == OPTION_COUNTS)
            status = check_whole(o, value, &x);
        if (!bad && !status)
            *(value_list *)o->target = x;
        else if (!bad)
            value_list_free(&x);
    }
    if (!bad)
        return status;
    if (o->kind == OPTION_REAL && strpbrk(value, ",:"))
        no.right = "one number, not a list";
    return complain(STATUS_USAGE, "%s : %s : %s", option_spelled(o, name), no.why, no.right);
}

/* "sync or async": the words, for a message. */
static void join_words(const char *const *words, char *out, size_t size) {
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; words[i] && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 i == 0         ? ""
                                 : words[i + 1] ? ", "
                                                : " or ",
                                 words[i]);
}

static int set_words(const option *o, const char *value) {
    char name[SPELLED_SIZE], quoted[QUOTE_SIZE], right[128];
    unsigned set = 0;

    join_words(o->words, right, sizeof right);
    for (const char *word = value;;) {
        size_t length = o->kind == OPTION_WORDS ? strcspn(word, ",") : strlen(word);
        int i = 0;
        while (o->words[i] &&
               (strlen(o->words[i]) != length || memcmp(o->words[i], word, length) != 0))
            i++;
        if (!o->words[i])
            return complain(STATUS_USAGE, "%s : %s is unknown : %s%s", option_spelled(o, name),
                            quote_text(quoted, word, length), right,
                            o->kind == OPTION_WORDS ? ", or several with commas" : "");
        if (set & 1u << i)
            return complain(STATUS_USAGE, "%s : %s is there twice : each word once",
                            option_spelled(o, name), o->words[i]);
        set |= 1u << i;
        if (o->kind == OPTION_WORD) {
            *(int *)o->target = i;
            return 0;
        }
        if (word[length] == '\0')
            break;
        word += length + 1;
    }
    *(unsigned *)o->target = set;
    return 0;
}

static int set_value(option *o, const char *value) {
    char name[SPELLED_SIZE];

    switch (o->kind) {
    case OPTION_FLAG:
        *(int *)o->target = 1;
        return 0;
    case OPTION_POSITIONAL:
    case OPTION_POSITIONALS:
        if (value[0] == '\0')
            return complain(STATUS_USAGE, "%s : the argument is empty : the name of a file",
                            o->name);
        if (o->kind == OPTION_POSITIONALS) {
            text_list *list = o->target;
            list->item[list->n++] = value;
            return 0;
        }
        *(const char **)o->target = value;
        return 0;
    case OPTION_TEXT:
    case OPTION_INPUT:
    case OPTION_OUTPUT:
    case OPTION_OUTPUTS:
        if (value[0] == '\0')
            return complain(STATUS_USAGE, "%s : the value is empty : %s %s",
                            option_spelled(o, name), option_spelled(o, name), o->meta);
        if (o->kind == OPTION_OUTPUTS) {
            text_list *list = o->target;
            list->item[list->n++] = value;
            return 0;
        }
        *(const char **)o->target = value;
        return 0;
    case OPTION_WORD:
    case OPTION_WORDS:
        return set_words(o, value);
    default:
        return set_number(o, value);
    }
}

static int unknown_option(const option *options, size_t n, const char *command, const char *arg,
                          size_t length) {
    char quoted[QUOTE_SIZE];
    size_t dashes = length > 1 && arg[1] == '-' ? 2 : 1, first = options_positional(options, n);
    const char *near =
        did_you_mean(arg + dashes, length - dashes, options + first, n - first, sizeof *options);

    quote_text(quoted, arg, length);
    if (!near && length - dashes >= 2 && length - dashes <= 4 &&
        strncmp("help", arg + dashes, 2) == 0)
        near = "help";
    if (near)
        return complain(STATUS_USAGE, "%s : unknown option %s : did you mean --%s?", command,
                        quoted, near);
    return complain(STATUS_USAGE, "%s : unknown option %s : one of those in kinising %s --help",
                    command, quoted, command);
}

/* Whether an argument is meant as the next option rather than as a value: a dash, but no number. */
static int looks_like_option(const char *arg) {
    return arg[0] == '-' && arg[1] != '\0' && !strchr("0123456789.", arg[1]) &&
           strncmp(arg, "-inf", 4) != 0 && strncmp(arg, "-nan", 4) != 0;
}

/* An argument without dashes, or after the argument "--": the next positional one, or one too many.
 */
static int next_positional(option *options, size_t n, const char *command, const char *arg,
                           int any_name, option **found, const char **value) {
    char quoted[QUOTE_SIZE];
    size_t count = options_positional(options, n), i = 0;

    while (i < count && options[i].given && options[i].kind != OPTION_POSITIONALS)
        i++;
    quote_text(quoted, arg, strlen(arg));
    if (i == count && count == 0)
        return complain(STATUS_USAGE, "%s : unexpected argument %s : options only, such as --%s %s",
                        command, quoted, options[0].name, options[0].meta);
    if (i == count || (arg[0] == '-' && !any_name))
        return complain(STATUS_USAGE, "%s : unexpected argument %s : %s and options only", command,
                        quoted, options[count - 1].name);
    *found = &options[i];
    *value = arg;
    return 0;
}

/* Finds the option of *arg and its value; advances *index when the value is the next argument. */
static int next_option(option *options, size_t n, int argc, char **argv, int *index, option **found,
                       const char **value) {
    char quoted[QUOTE_SIZE], name[SPELLED_SIZE];
    const char *arg = argv[*index];
    size_t length = strlen(arg);

    if (arg[0] != '-' || arg[1] == '\0')
        return next_positional(options, n, argv[0], arg, 0, found, value);
    *value = NULL;
    if (arg[1] == '-') {
        size_t name_length = strcspn(arg + 2, "=");
        *found = find_long(options, n, arg + 2, name_length);
        if (!*found)
            return unknown_option(options, n, argv[0], arg, name_length + 2);
        if (arg[2 + name_length] == '=')
            *value = arg + 3 + name_length;
    } else {
        *found = find_letter(options, n, arg[1]);
        if (!*found)
            return unknown_option(options, n, argv[0], arg, length);
        if (arg[2] != '\0')
            *value = arg + 2;
    }
    const option *o = *found;
    if (o->kind == OPTION_ELSEWHERE)
        return complain(STATUS_USAGE, "--%s : %s", o->name, o->help);
    if (o->kind == OPTION_FLAG) {
        if (*value)
            return complain(STATUS_USAGE, "%s : takes no value, but %s was given : %s alone",
                            option_spelled(o, name), quote_text(quoted, *value, strlen(*value)),
                            name);
        return 0;
    }
    if (!*value) {
        if (*index + 1 >= argc || looks_like_option(argv[*index + 1]))
            return complain(STATUS_USAGE, "%s : its value is missing : %s %s",
                            option_spelled(o, name), name, o->meta);
        *value = argv[++*index];
    }
    return 0;
}

int options_parse(option *options, size_t n, int argc, char **argv) {
    char name[SPELLED_SIZE];
    int options_end = 0; /* after "--" */

    for (size_t i = 0; i < n; i++)
        options[i].given = 0;
    for (int i = 1; i < argc; i++) {
        option *o = NULL;
        const char *value = NULL;
        int status;
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = 1;
            continue;
        }
        if (!options_end && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
            return PARSE_HELP;
        status = options_end ? next_positional(options, n, argv[0], argv[i], 1, &o, &value)
                             : next_option(options, n, argc, argv, &i, &o, &value);
        if (status)
            return status;
        if (o->given && o->kind != OPTION_POSITIONALS && o->kind != OPTION_OUTPUTS)
            return complain(STATUS_USAGE, "%s : given twice : once%s", option_spelled(o, name),
                            o->kind == OPTION_LIST     ? ", with a list such as 0.5,1,2"
                            : o->kind == OPTION_COUNTS ? ", with a list such as 32,128"
                                                       : "");
        status = set_value(o, value);
        if (status)
            return status;
        o->given = 1;
    }
    for (size_t i = 0; i < options_positional(options, n); i++)
        if (!options[i].given)
            return complain(STATUS_USAGE, "%s : %s is missing : kinising %s %s", argv[0],
                            options[i].name, argv[0], options[i].name);
    for (size_t i = 0; i < n; i++)
        if (!options[i].given && options[i].fallback) {
            int status = set_value(&options[i], options[i].fallback);
            if (status)
                return status;
        }
    return PARSE_DONE;
}

void options_free(option *options, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (options[i].kind == OPTION_LIST || options[i].kind == OPTION_COUNTS)
            value_list_free(options[i].target);
}
