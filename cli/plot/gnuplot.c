/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "plot/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kinising/kinising.h>

#include "shell/ending.h"
#include "shell/message.h"
#include "shell/output.h"
#include "shell/signals.h"

extern char **environ;

static const size_t LARGEST_PICTURE = (size_t)1 << 30;

enum { SVG_FONT = 13, PDF_FONT = 10, PNG_FONT = 11 };

double gnuplot_font(const char *picture, double times) {
    const char *end = file_ending(picture);

    return times * (strcasecmp(end, ".svg") == 0   ? SVG_FONT
                    : strcasecmp(end, ".pdf") == 0 ? PDF_FONT
                                                   : PNG_FONT);
}

void gnuplot_terminal(FILE *script, const char *picture, int width, int height) {
    const char *end = file_ending(picture);

    fputs("set encoding utf8\n", script);
    if (strcasecmp(end, ".svg") == 0)
        fprintf(script,
                "set terminal svg size %d,%d dynamic enhanced font 'Sans,%d' background rgb "
                "'white' standalone\n",
                width, height, SVG_FONT);
    else if (strcasecmp(end, ".pdf") == 0)
        fprintf(script, "set terminal pdfcairo size %.3fin,%.3fin enhanced font 'Sans,%d'\n",
                width / 96.0, height / 96.0, PDF_FONT);
    else
        fprintf(script,
                "set terminal pngcairo size %d,%d enhanced font 'Sans,%d' background rgb "
                "'white'\n",
                width, height, PNG_FONT);
}

char *gnuplot_program(void) {
    const char *path = getenv("PATH");

    for (const char *dir = path ? path : "/usr/local/bin:/usr/bin:/bin"; *dir;) {
        size_t length = strcspn(dir, ":");
        char *file = malloc(length + sizeof "/gnuplot");
        struct stat st;
        if (!file)
            return NULL;
        memcpy(file, dir, length);
        strcpy(file + length, "/gnuplot");
        if (length > 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0)
            return file;
        free(file);
        dir += length + (dir[length] == ':');
    }
    return NULL;
}

int gnuplot_check(const char *picture) {
    const char *end = file_ending(picture);

    if (strcasecmp(end, ".png") != 0 && strcasecmp(end, ".svg") != 0 &&
        strcasecmp(end, ".pdf") != 0)
        return complain(STATUS_USAGE, "%s : unknown picture ending \"%s\" : .png, .svg or .pdf",
                        picture, end);
    int status = check_target(picture);
    if (status)
        return status;
    char *program = gnuplot_program();
    if (!program)
        return complain(STATUS_FAILED,
                        "%s : gnuplot is not installed : install it (Debian, Ubuntu: "
                        "apt install gnuplot-nox) or leave the picture out",
                        picture);
    free(program);
    return 0;
}

/* A running gnuplot. */
typedef struct gnuplot_process {
    int in, out, err; /* our ends of its pipes; -1 once closed */
    char *picture;    /* what it has drawn; malloc */
    size_t size, room;
    char said[256]; /* beginning of what it wrote to stderr */
    size_t n_said;
} gnuplot_process;

/* The process group of gnuplot while it runs, else 0. */
static volatile pid_t running;

/* Whatever gnuplot is doing, it goes with us. */
static void end_with_gnuplot(int number) {
    if (running > 0)
        kill(-running, SIGKILL);
    signal(number, SIG_DFL);
    raise(number);
}

static int open_pipe(int ends[2]) {
    if (pipe(ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
}

static void close_pipe(int ends[2]) {
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
}

static int spawn_with_pipes(const char *program, int in[2], int out[2], int err[2]) {
    /* -d: the user's own start-up file must not change the picture. */
    char *argv[] = {"gnuplot", "-d", "-", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults, ending, mask;

    int error = posix_spawn_file_actions_init(&files);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP |
                                              POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_adddup2(&files, in[0], 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    posix_spawn_file_actions_adddup2(&files, err[1], 2);
    /* A signal that came while it is started but not yet known would leave it behind. */
    sigemptyset(&ending);
    for (int i = 0; i < N_ENDING_SIGNALS; i++)
        sigaddset(&ending, ending_signals[i]);
    pthread_sigmask(SIG_BLOCK, &ending, &mask);
    posix_spawnattr_setsigmask(&attributes, &mask);
    pid_t pid = 0;
    error = posix_spawn(&pid, program, &files, &attributes, argv, environ);
    running = error ? 0 : pid;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

static int start(gnuplot_process *g) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    char *program = gnuplot_program();
    int error = program ? 0 : ENOENT;

    if (!error && (open_pipe(in) || open_pipe(out) || open_pipe(err)))
        error = errno;
    if (!error)
        error = spawn_with_pipes(program, in, out, err);
    free(program);
    if (error) {
        close_pipe(in);
        close_pipe(out);
        close_pipe(err);
        return complain(STATUS_FAILED, "gnuplot : cannot be started: %s : a gnuplot that runs",
                        strerror(error));
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    g->in = in[1];
    g->out = out[0];
    g->err = err[0];
    return 0;
}

static void close_end(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Puts a piece behind what is drawn already. Returns 0 or errno. */
static int append_picture(gnuplot_process *g, const char *piece, size_t n) {
    if (n > LARGEST_PICTURE - g->size)
        return EFBIG;
    if (g->size + n > g->room) {
        const size_t room = 2 * (g->size + n);
        char *larger = realloc(g->picture, room);
        if (!larger)
            return ENOMEM;
        g->picture = larger;
        g->room = room;
    }
    memcpy(g->picture + g->size, piece, n);
    g->size += n;
    return 0;
}

/* Takes one buffer of picture, and one of stderr into `said`. Returns 0 or errno. */
static int receive(gnuplot_process *g, const struct pollfd *out, const struct pollfd *err) {
    char buffer[1 << 14];

    if (out->revents) {
        ssize_t n = read(g->out, buffer, sizeof buffer);
        if (n > 0) {
            const int error = append_picture(g, buffer, (size_t)n);
            if (error)
                return error;
        } else if (n == 0 || errno != EINTR) {
            close_end(&g->out);
        }
    }
    if (err->revents) {
        ssize_t n = read(g->err, buffer, sizeof buffer);
        if (n > 0) {
            size_t room = sizeof g->said - 1 - g->n_said;
            size_t kept = (size_t)n < room ? (size_t)n : room;
            memcpy(g->said + g->n_said, buffer, kept);
            g->n_said += kept;
        } else if (n == 0 || errno != EINTR) {
            close_end(&g->err);
        }
    }
    return 0;
}

/* Script in, picture out, all pipes served at once so that none can fill up and stop both sides.
 * Returns 0 or errno. */
static int exchange_data(gnuplot_process *g, const char *script, size_t length) {
    int error = 0;

    while (!error && (g->out >= 0 || g->err >= 0)) {
        struct pollfd p[3] = {{g->in, POLLOUT, 0}, {g->out, POLLIN, 0}, {g->err, POLLIN, 0}};
        if (poll(p, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            error = errno;
            break;
        }
        if (p[0].revents) {
            ssize_t n = write(g->in, script, length);
            if (n > 0) {
                script += n;
                length -= (size_t)n;
            }
            /* A gnuplot that stopped reading tells why through its exit status. */
            if (length == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                close_end(&g->in);
        }
        error = receive(g, &p[1], &p[2]);
    }
    close_end(&g->in);
    close_end(&g->out);
    close_end(&g->err);
    return error;
}

/* Waits for its end; one that is in the way of an error is ended. */
static int wait_for_end(int error) {
    const pid_t pid = running;
    int status = 0;

    if (error)
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    running = 0;
    return status;
}

/* Runs gnuplot; what it draws is in g->picture. */
static int run_gnuplot(gnuplot_process *g, const char *picture, const char *script, size_t length) {
    int status = start(g);

    if (status)
        return status;
    const int error = exchange_data(g, script, length);
    const int end = wait_for_end(error);
    if (error)
        return complain(STATUS_FAILED, "%s : %s : memory for it, or fewer points", picture,
                        strerror(error));
    if (WIFEXITED(end) && WEXITSTATUS(end) == 0 && g->size > 0)
        return 0;
    /* gnuplot shows the line, a caret below it, and only then what was wrong. */
    for (char *c = g->said; *c; c++)
        if (*c == '\n' || *c == '\t' || *c == '^')
            *c = ' ';
    const char *said = g->said + strspn(g->said, " \r");
    return complain(STATUS_FAILED, "%s : gnuplot failed: %s : gnuplot 5.2 or later with cairo",
                    picture, *said ? said : "it said nothing");
}

static int draw_script(const char *picture, const char *script, size_t length) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old_pipe;
    gnuplot_process g = {0};
    signal_actions before;

    /* Without SIGPIPE a gnuplot that dies gives an error to report. */
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &old_pipe);
    signals_handle(&before, end_with_gnuplot, SA_RESTART);
    int status = run_gnuplot(&g, picture, script, length);
    signals_restore(&before);
    sigaction(SIGPIPE, &old_pipe, NULL);
    if (!status) {
        signals_hold(&before);
        const int error = ki_write_bytes(picture, g.picture, g.size);
        signals_release(&before);
        status = error ? complain_library(error) : 0;
    }
    free(g.picture);
    return status;
}

int gnuplot_draw(const char *picture, gnuplot_writer *write, const void *figure,
                 const char *fewer) {
    char *text = NULL;
    size_t length = 0;
    FILE *script = open_memstream(&text, &length);
    int lost = 1;

    if (script) {
        write(script, figure, picture);
        lost = ferror(script);
        lost |= fclose(script) != 0;
    }
    const int status = lost ? complain(STATUS_FAILED, "%s : out of memory : %s", picture, fewer)
                            : draw_script(picture, text, length);
    free(text);
    return status;
}
