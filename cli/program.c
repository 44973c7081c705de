/* SPDX-License-Identifier: BSD-3-Clause */
/* Entry: finds the command, runs it, and makes sure that what went to stdout got there. */
#define _XOPEN_SOURCE 700

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kinising/kinising.h>

#include "cmd.h"
#include "shell/help.h"
#include "shell/message.h"
#include "shell/options.h"

static int cmd_version(int argc, char **argv);

static const command commands[] = {
    {"theory", "infinite network, exact",
     "steady state: m, q, S, Sr, sigma over lists of parameters", cmd_theory, 0},
    {"transient", "infinite network, exact", "relaxation of m, C, S, Sr, sigma from a given start",
     cmd_transient, 0},
    {"autocorrelation", "infinite network, exact", "C(tau) of the steady state",
     cmd_autocorrelation, 0},
    {"critical", "infinite network, exact", "order-disorder boundary, solved for one parameter",
     cmd_critical, 0},
    {"simulate", "finite networks, exact simulation",
     "averages over disorder: m, q, S, Sr, sigma with error bars", cmd_simulate, 0},
    {"merge", "finite networks, exact simulation", "the parts of a simulation become the whole",
     cmd_merge, 0},
    {"network", "finite networks, exact simulation",
     "draw, inspect, rescale, convert a network file", cmd_network, network_parts},
    {"exact", "one small network, all of its states",
     "law, moments, entropy production and its fluctuations, spectrum", cmd_exact, 0},
    {"meanfield", "one network, approximately",
     "Plefka's mean fields: m, C, D, sigma in time or steady; their errors", cmd_meanfield, 0},
    {"raster", "recordings", "read spike times and matrices of many formats, inspect, convert",
     cmd_raster, raster_parts},
    {"fit", "recordings", "a network from a recording: maximum likelihood, mean fields", cmd_fit,
     0},
    {"entropy", "recordings", "entropy production of a recording, with bias, error and tests",
     cmd_entropy, 0},
    {"diagnose", "recordings", "which regime a recording is in, on one page, or why not to be told",
     cmd_diagnose, 0},
    {"info", "about this program", "version, build, CPU kernels, threads, optional parts", cmd_info,
     0},
    {"version", "about this program", "the version alone", cmd_version, 0},
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static int print_usage(void) {
    const char *group = "";

    printf("kinising %s: nonequilibrium thermodynamics of kinetic Ising networks\n\n"
           "usage: kinising COMMAND [options]\n",
           ki_version());
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(group, commands[i].group) != 0)
            printf("\n%s:\n", commands[i].group);
        group = commands[i].group;
        printf("  %-17s %s\n", commands[i].name, commands[i].summary);
    }
    printf(
        "\n"
        "kinising help COMMAND, or kinising COMMAND --help, has the options and an example.\n"
        "kinising version, or -V, has the version.\n"
        "Data goes to stdout, talk to stderr. Exit status: 0 done, 1 failed, 2 wrong use or bad\n"
        "input, 3 ran but did not converge, 130 ended by Ctrl-C.\n");
    return STATUS_DONE;
}

static const command *find_command(const char *name) {
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown_command(const char *name) {
    char quoted[QUOTE_SIZE];
    const char *kind = name[0] == '-' ? "option" : "command";
    const char *near = did_you_mean(name, strlen(name), commands, N_COMMANDS, sizeof commands[0]);

    quote_text(quoted, name, strlen(name));
    if (near)
        return complain(STATUS_USAGE, "%s : unknown %s : did you mean %s?", quoted, kind, near);
    return complain(STATUS_USAGE, "%s : unknown %s : one of those in kinising help", quoted, kind);
}

/* The options of one command; `words` are those of its call, three at most. */
static int help_json_of(int (*call)(int argc, char **argv), const char *const *words) {
    char *as_option[4] = {NULL};
    int n = 0;

    for (; words[n]; n++)
        as_option[n] = (char *)words[n];
    as_option[n++] = "--help";
    return call(n, as_option);
}

/* All commands and options, for the program that makes manual pages and completions of them. */
static int help_json(void) {
    int status = STATUS_DONE;

    help_as_json();
    for (size_t i = 0; i < N_COMMANDS && !status; i++) {
        const command *c = &commands[i];
        help_json_command(c->name, c->group, c->summary);
        for (const command_part *p = c->parts; p && p->name && !status; p++) {
            help_json_part(p->full, p->summary);
            status = help_json_of(p->run, (const char *[]){p->full, NULL});
        }
        if (!c->parts && c->run != cmd_version)
            status = help_json_of(c->run, (const char *[]){c->name, NULL});
        /* The one command with a second table of options. */
        if (c->run == cmd_simulate && !status) {
            help_json_mode("--network FILE");
            status = help_json_of(c->run, (const char *[]){c->name, "--network", "FILE", NULL});
        }
    }
    return status;
}

/* `help network draw` is `network draw --help`. */
static int help(int argc, char **argv) {
    char *as_option[] = {NULL, NULL, NULL};
    int n = 0;

    if (argc < 2)
        return print_usage();
    if (argc == 2 && strcmp(argv[1], "--json") == 0)
        return help_json();
    const command *c = find_command(argv[1]);
    if (!c)
        return unknown_command(argv[1]);
    const int words = c->parts ? 3 : 2;
    if (argc > words) {
        char quoted[QUOTE_SIZE];
        return complain(STATUS_USAGE, "help : unexpected argument %s : the name of one command",
                        quote_text(quoted, argv[words], strlen(argv[words])));
    }
    while (n + 1 < argc) {
        as_option[n] = argv[n + 1];
        n++;
    }
    as_option[n++] = "--help";
    return c->run(n, as_option);
}

static int print_version(void) {
    printf("kinising %s\n", ki_version());
    return STATUS_DONE;
}

static int cmd_version(int argc, char **argv) {
    char quoted[QUOTE_SIZE];

    if (argc < 2)
        return print_version();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        puts("usage: kinising version\n\nThe version alone; kinising info has the rest.");
        return STATUS_DONE;
    }
    return complain(STATUS_USAGE, "version : unexpected argument %s : kinising version alone",
                    quote_text(quoted, argv[1], strlen(argv[1])));
}

static int run(int argc, char **argv) {
    if (argc < 2)
        return complain(STATUS_USAGE, "command : none given : one of those in kinising help");
    if (strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return print_usage();
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return print_version();
    const command *c = find_command(argv[1]);
    return c ? c->run(argc - 1, argv + 1) : unknown_command(argv[1]);
}

/* A closed standard descriptor would be given to the first file opened, and its contents mixed with
 * our talk. Opened for the wrong direction, it makes every use an error instead. */
static void hold_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int program(int argc, char **argv) {
    hold_standard_descriptors();
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk: a sentence, not a death */
    int status = finish_stdout(run(argc, argv));
    /* Some file systems (NFS) tell only now that the disk is full. */
    if (close(STDOUT_FILENO) != 0 && errno != EBADF && errno != EINTR)
        return complain(STATUS_FAILED,
                        "standard output : %s : a place that can be written, with free space",
                        strerror(errno));
    return status;
}
