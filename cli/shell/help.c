/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/help.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "shell/json.h"
#include "shell/values.h"

static int as_json;

void help_as_json(void) {
    as_json = 1;
}

static void print_option(const option *o) {
    char left[48];
    int used = o->letter ? snprintf(left, sizeof left, "-%c, --%s", o->letter, o->name)
                         : snprintf(left, sizeof left, "--%s", o->name);

    if (o->meta && used > 0 && (size_t)used < sizeof left)
        snprintf(left + used, sizeof left - (size_t)used, " %s", o->meta);
    printf("  %-26s %s", left, o->help);
    if (o->fallback)
        printf(" (default %s)", o->fallback);
    putchar('\n');
}

static void write_page(const command_help *help, const option *options, size_t n, size_t n_common) {
    const size_t first = options_positional(options, n);

    printf("usage: kinising %s ", help->name);
    for (size_t i = 0; i < first; i++)
        printf("%s%s ", options[i].name, options[i].kind == OPTION_POSITIONALS ? "..." : "");
    printf("[options]\n\n%s\n", help->text);
    if (n - first > n_common) {
        printf("options:\n");
        for (size_t i = first; i + n_common < n; i++)
            if (options[i].kind != OPTION_ELSEWHERE)
                print_option(&options[i]);
        putchar('\n');
    }
    printf("common options:\n");
    for (size_t i = n - n_common; i < n; i++)
        print_option(&options[i]);
    printf("  %-26s %s\n\nexample:\n%s", "-h, --help", "this page", help->example);
}

static void json_member(const char *name, const char *value) {
    printf(", \"%s\": ", name);
    if (value)
        json_string(stdout, value);
    else
        printf("null");
}

/* The kinds that the command line itself tells apart: what a shell can complete. */
static const char *kind_name(int kind) {
    switch (kind) {
    case OPTION_POSITIONAL:
    case OPTION_INPUT:
        return "input";
    case OPTION_POSITIONALS:
        return "inputs";
    case OPTION_OUTPUT:
        return "output";
    case OPTION_OUTPUTS:
        return "outputs";
    case OPTION_FLAG:
        return "flag";
    case OPTION_WORD:
        return "word";
    case OPTION_WORDS:
        return "words";
    case OPTION_REAL:
    case OPTION_COUNT:
        return "number";
    case OPTION_LIST:
    case OPTION_COUNTS:
        return "numbers";
    default:
        return "text";
    }
}

static void json_option(const option *o, int is_positional, int is_common) {
    const char letter[2] = {o->letter, '\0'};

    printf("{\"name\": ");
    json_string(stdout, o->name);
    json_member("letter", o->letter ? letter : NULL);
    json_member("kind", kind_name(o->kind));
    json_member("meta", o->meta);
    json_member("help", o->help);
    json_member("default", o->fallback);
    printf(", \"positional\": %s, \"common\": %s, \"words\": [", is_positional ? "true" : "false",
           is_common ? "true" : "false");
    for (size_t i = 0; o->words && o->words[i]; i++) {
        printf(i ? ", " : "");
        json_string(stdout, o->words[i]);
    }
    printf("]}");
}

static void write_json(const command_help *help, const option *options, size_t n, size_t n_common) {
    const size_t first = options_positional(options, n);
    int written = 0;

    printf("{\"name\": ");
    json_string(stdout, help->name);
    json_member("text", help->text);
    json_member("example", help->example);
    printf(", \"options\": [");
    for (size_t i = 0; i < n; i++)
        if (options[i].kind != OPTION_ELSEWHERE) {
            printf(written++ ? ", " : "");
            json_option(&options[i], i < first, i + n_common >= n);
        }
    printf("]}\n");
}

void help_json_command(const char *name, const char *group, const char *summary) {
    printf("{\"command\": ");
    json_string(stdout, name);
    json_member("group", group);
    json_member("summary", summary);
    printf("}\n");
}

void help_json_part(const char *name, const char *summary) {
    printf("{\"part\": ");
    json_string(stdout, name);
    json_member("summary", summary);
    printf("}\n");
}

void help_json_mode(const char *mode) {
    printf("{\"mode\": ");
    json_string(stdout, mode);
    printf("}\n");
}

void options_help(const command_help *help, const option *options, size_t n, size_t n_common) {
    (as_json ? write_json : write_page)(help, options, n, n_common);
}
