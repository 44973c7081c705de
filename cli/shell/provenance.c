/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/provenance.h"

#include "shell/json.h"
#include "shell/team.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void json_member(FILE *out, const char *name, const char *value) {
    fprintf(out, ", \"%s\": ", name);
    json_string(out, value);
}

/* The command line, each word quoted for the shell where it needs to be; NULL when memory is out.
 */
static char *command_line(const session *s) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs("kinising", out);
    for (int i = 0; i < s->argc; i++) {
        const char *arg = s->argv[i];
        putc(' ', out);
        /* The command's own name has a blank where it has two words. */
        if (i == 0) {
            fputs(arg, out);
            continue;
        }
        if (arg[0] && strspn(arg, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_-+=.,:/@%") == strlen(arg)) {
            fputs(arg, out);
            continue;
        }
        putc('\'', out);
        for (; *arg; arg++)
            if (*arg == '\'')
                fputs("'\\''", out);
            else
                putc(*arg, out);
        putc('\'', out);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *provenance(const session *s) {
    char *text = NULL, *line = command_line(s), date[32];
    size_t size;
    struct tm utc;
    ki_build_info info;
    FILE *out = line ? open_memstream(&text, &size) : NULL;

    if (!out || ki_get_build_info(&info) != 0 || !gmtime_r(&s->date, &utc) ||
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        if (out)
            fclose(out);
        free(text);
        free(line);
        return NULL;
    }
    fputs("{\"program\": \"kinising\"", out);
    json_member(out, "version", info.version);
    json_member(out, "commit", info.commit);
    if (!s->reproducible)
        json_member(out, "command_line", line);
    if (s->seed_given)
        fprintf(out, ", \"seed\": %" PRIu64, s->seed);
    else
        fputs(", \"seed\": null", out);
    json_member(out, "unit", unit_words[s->unit]);
    json_member(out, "compiler", info.compiler);
    if (!s->reproducible)
        json_member(out, "cpu_features", info.cpu_features);
    json_member(out, "kernels", info.kernels);
    if (!s->reproducible) {
        fprintf(out, ", \"threads\": %" PRIu64,
                s->threads ? s->threads : (uint64_t)(info.max_threads > 0 ? info.max_threads : 1));
        if (team_size() > 1)
            fprintf(out, ", \"ranks\": %d", team_size());
        json_member(out, "date", date);
        fprintf(out, ", \"seconds\": %.6f", session_seconds(s));
    }
    putc('}', out);
    free(line);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
