/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of a command as a table: one parser, one --help, one set of messages for all commands. */
#ifndef KINISING_CLI_OPTIONS_H
#define KINISING_CLI_OPTIONS_H

#include <stddef.h>

/* Kind of value, and what `target` points to. */
enum option_kind {
    OPTION_POSITIONAL,  /* an argument without dashes, required; const char *, not empty. These come
                           first in a table, in the order of the command line; `name` is what
                           messages and the usage line call it */
    OPTION_POSITIONALS, /* one or more of them, the last kind of positional; text_list */
    OPTION_FLAG,        /* no value; int, set to 1 */
    OPTION_TEXT,        /* const char *, not empty */
    OPTION_INPUT,       /* the same: the name of a file that is read */
    OPTION_OUTPUT,      /* the same: the name of a file that is written */
    OPTION_OUTPUTS,     /* several of these, the option once for each; text_list */
    OPTION_WORD,        /* one of `words`; int, its index */
    OPTION_WORDS,       /* some of `words` with commas; unsigned, bit i for word i */
    OPTION_REAL,        /* double in low..high */
    OPTION_COUNT,       /* uint64_t in low..high */
    OPTION_LIST,        /* value_list, zero at first; each value in low..high */
    OPTION_COUNTS,      /* the same of whole numbers */
    OPTION_ELSEWHERE    /* known, but of another mode of the command; `help` says "why : what would
                           be right" */
};

enum option_limits {
    LIMIT_OPEN_LOW = 1, /* `low` itself is not allowed */
    LIMIT_INFINITE = 2, /* inf is allowed; without it every real value must be finite */
    LIMIT_IN_PLACE = 4  /* OPTION_OUTPUT: may be an input of the same command */
};

/* Room for `item` is the caller's, argc pointers. */
typedef struct text_list {
    const char **item;
    size_t n;
} text_list;

typedef struct option {
    const char *name; /* long name, without the dashes */
    char letter;      /* short name or 0 */
    int kind;
    void *target;
    const char *meta;     /* what the value is called in --help */
    const char *help;     /* one line */
    const char *fallback; /* value when not given, in the user's spelling; NULL: target untouched */
    const char *const *words; /* OPTION_WORD, OPTION_WORDS: ends with NULL */
    double low, high;
    unsigned limits;
    /* OPTION_TEXT, _INPUT, _OUTPUT, _OUTPUTS: what session_begin() asks about each value; 0 or the
     * exit status of its message. NULL for nothing. */
    int (*check)(const char *value);
    int given; /* set by the parser */
} option;

/* "--beta", or "-o" where the letter is how everybody knows it. Returns `out`. */
enum { SPELLED_SIZE = 35 };
const char *option_spelled(const option *o, char out[SPELLED_SIZE]);

enum parse_result { PARSE_DONE = 0, PARSE_HELP = -1 }; /* or a positive exit status */

/* Reads argv[1..argc-1] into the targets; argv[0] is the command's name. Returns PARSE_DONE,
 * PARSE_HELP if --help or -h came first (nothing else is looked at), or the exit status of the
 * message it printed. What follows "--" is no option. In every case options_free() may follow. */
int options_parse(option *options, size_t n, int argc, char **argv);

/* Frees lists. */
void options_free(option *options, size_t n);

/* How many arguments without dashes, which come first in the table. */
size_t options_positional(const option *options, size_t n);

/* Place of an option in the table, n if it has none of that name. */
size_t option_index(const option *options, size_t n, const char *name);

/* Whether an option was given on the command line. */
int option_given(const option *options, size_t n, const char *name);

/* The name nearest to `text` if it is near enough to be a slip of the finger, else NULL. `name(i)`
 * is names[i * stride] for i < n, so that it works on any table that starts with a name. */
const char *did_you_mean(const char *text, size_t length, const void *table, size_t n,
                         size_t stride);

#endif
