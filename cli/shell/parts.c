/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/parts.h"

#include <stdio.h>
#include <string.h>

#include "shell/message.h"
#include "shell/options.h"

/* "draw, info or convert", or with `between` and `last` "draw|info|convert". */
static void join_names(const command_part *parts, const char *between, const char *last, char *out,
                       size_t size) {
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; parts[i].name && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s",
                                 i == 0              ? ""
                                 : parts[i + 1].name ? between
                                                     : last,
                                 parts[i].name);
}

static void show_parts(const command_part *parts, const char *text, const char *command) {
    char names[128];
    size_t width = 0;

    join_names(parts, "|", "|", names, sizeof names);
    printf("usage: kinising %s %s\n\n%s\n", command, names, text);
    for (const command_part *p = parts; p->name; p++)
        width = strlen(p->full) > width ? strlen(p->full) : width;
    for (const command_part *p = parts; p->name; p++)
        printf("  %-*s   %s\n", (int)width, p->full, p->summary);
    printf("\nkinising %s --help, and so on, has the options.\n", parts->full);
}

int run_part(const command_part *parts, const char *text, int argc, char **argv) {
    char quoted[QUOTE_SIZE], names[128];
    const char *command = argv[0];
    size_t n = 0;

    join_names(parts, ", ", " or ", names, sizeof names);
    if (argc < 2)
        return complain(STATUS_USAGE, "%s : %s is missing : one of them", command, names);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        show_parts(parts, text, command);
        return STATUS_DONE;
    }
    for (; parts[n].name; n++)
        if (strcmp(argv[1], parts[n].name) == 0) {
            /* Messages and provenance name both words. */
            argv[1] = (char *)parts[n].full;
            return parts[n].run(argc - 1, argv + 1);
        }
    const char *near = did_you_mean(argv[1], strlen(argv[1]), parts, n, sizeof parts[0]);
    quote_text(quoted, argv[1], strlen(argv[1]));
    if (near)
        return complain(STATUS_USAGE, "%s : unknown command %s : did you mean %s?", command, quoted,
                        near);
    return complain(STATUS_USAGE, "%s : unknown command %s : %s", command, quoted, names);
}
