/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "gnuplot.h"

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

#include "message.h"

extern char **environ;

static const char *ending(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot : "";
}

void gnuplot_terminal(FILE *script, const char *picture, int width, int height) {
    const char *end = ending(picture);

    fputs("set encoding utf8\n", script);
    if (strcasecmp(end, ".svg") == 0)
        fprintf(script,
                "set terminal svg size %d,%d dynamic enhanced font 'Sans,13' background rgb "
                "'white' standalone\n",
                width, height);
    else if (strcasecmp(end, ".pdf") == 0)
        fprintf(script, "set terminal pdfcairo size %.3fin,%.3fin enhanced font 'Sans,10'\n",
                width / 96.0, height / 96.0);
    else
        fprintf(script,
                "set terminal pngcairo size %d,%d enhanced font 'Sans,11' background rgb "
                "'white'\n",
                width, height);
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

/* The folder of a path, to be freed. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    size_t length = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = malloc(length + 1);

    if (folder) {
        memcpy(folder, slash ? path : ".", length);
        folder[length] = '\0';
    }
    return folder;
}

static int check_target(const char *picture) {
    struct stat st;

    if (stat(picture, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return 0;
        return complain(STATUS_FAILED, "%s : is %s : the name of a file", picture,
                        S_ISDIR(st.st_mode) ? "a folder" : "not an ordinary file");
    }
    if (errno != ENOENT)
        return complain(STATUS_FAILED, "%s : %s : a file name in a folder that can be written",
                        picture, strerror(errno));
    return 0;
}

int gnuplot_check(const char *picture) {
    const char *end = ending(picture);

    if (strcasecmp(end, ".png") != 0 && strcasecmp(end, ".svg") != 0 &&
        strcasecmp(end, ".pdf") != 0)
        return complain(STATUS_USAGE, "%s : unknown picture ending \"%s\" : .png, .svg or .pdf",
                        picture, end);
    int status = check_target(picture);
    if (status)
        return status;
    char *folder = folder_of(picture);
    if (!folder || access(folder, W_OK | X_OK) != 0)
        status = complain(STATUS_FAILED,
                          "%s : cannot write in its folder: %s : a folder that exists "
                          "and can be written",
                          picture, strerror(errno));
    free(folder);
    if (status)
        return status;
    char *program = gnuplot_program();
    if (!program)
        return complain(STATUS_FAILED,
                        "--plot : gnuplot is not installed : install it (Debian, Ubuntu: "
                        "apt install gnuplot-nox) or leave --plot out");
    free(program);
    return 0;
}

/* The three pipes of a running gnuplot, our ends; -1 once closed. */
typedef struct gnuplot_process {
    pid_t pid;
    int in, out, err;
    char said[256]; /* beginning of what it wrote to stderr */
    size_t n_said;
} gnuplot_process;

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

static int spawn_with_pipes(gnuplot_process *g, const char *program, int in[2], int out[2],
                            int err[2]) {
    /* -d: the user's own start-up file must not change the picture. */
    char *argv[] = {"gnuplot", "-d", "-", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;

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
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&files, in[0], 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    posix_spawn_file_actions_adddup2(&files, err[1], 2);
    error = posix_spawn(&g->pid, program, &files, &attributes, argv, environ);
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
        error = spawn_with_pipes(g, program, in, out, err);
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

static void shut(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int write_all(int fd, const char *data, size_t n) {
    while (n > 0) {
        ssize_t done = write(fd, data, n);
        if (done < 0 && errno != EINTR)
            return errno;
        if (done > 0) {
            data += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

/* Moves one buffer of picture to the file and of stderr to `said`. Returns 0 or errno. */
static int receive(gnuplot_process *g, int fd, const struct pollfd *out, const struct pollfd *err) {
    char buffer[1 << 14];

    if (out->revents) {
        ssize_t n = read(g->out, buffer, sizeof buffer);
        if (n > 0) {
            int error = write_all(fd, buffer, (size_t)n);
            if (error)
                return error;
        } else if (n == 0 || errno != EINTR) {
            shut(&g->out);
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
            shut(&g->err);
        }
    }
    return 0;
}

/* Script in, picture out, all pipes served at once so that none can fill up and stop both sides.
 * Returns 0 or errno of the picture's file. */
static int converse(gnuplot_process *g, int fd, const char *script, size_t length) {
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
                shut(&g->in);
        }
        error = receive(g, fd, &p[1], &p[2]);
    }
    shut(&g->in);
    shut(&g->out);
    shut(&g->err);
    return error;
}

/* Runs gnuplot with its picture going to `fd`. */
static int run_gnuplot(const char *picture, int fd, const char *script, size_t length) {
    gnuplot_process g = {0};
    int status, wait_status = 0;
    struct stat st;

    status = start(&g);
    if (status)
        return status;
    int error = converse(&g, fd, script, length);
    while (waitpid(g.pid, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    if (error)
        return complain(STATUS_FAILED, "%s : %s : free space, or another folder", picture,
                        strerror(error));
    const char *said = g.said + strspn(g.said, " \t\r\n");
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0 || fstat(fd, &st) != 0 ||
        st.st_size == 0) {
        /* gnuplot shows the line, a caret below it, and only then what was wrong. */
        for (char *c = g.said; *c; c++)
            if (*c == '\n' || *c == '\t' || *c == '^')
                *c = ' ';
        return complain(STATUS_FAILED, "%s : gnuplot failed: %s : gnuplot 5.2 or later with cairo",
                        picture, *said ? said : "it said nothing");
    }
    return 0;
}

/* A temporary file next to the target, with the rights the picture shall have. */
static int open_temporary(const char *target, char **name) {
    char *folder = folder_of(target);
    struct stat st;
    mode_t mask = umask(0);

    umask(mask);
    *name = folder ? malloc(strlen(folder) + sizeof "/.kinising-XXXXXX") : NULL;
    if (!*name) {
        free(folder);
        errno = ENOMEM;
        return -1;
    }
    strcpy(*name, folder);
    strcat(*name, "/.kinising-XXXXXX");
    free(folder);
    int fd = mkstemp(*name);
    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        (void)!fchmod(fd, stat(target, &st) == 0 ? st.st_mode & 0777 : 0666 & ~mask);
    }
    return fd;
}

static int draw_to_target(const char *picture, const char *target, const char *script,
                          size_t length) {
    char *temporary;
    int fd = open_temporary(target, &temporary);
    int status;

    if (fd < 0) {
        status = complain(STATUS_FAILED, "%s : %s : a folder that can be written", picture,
                          strerror(errno));
        free(temporary);
        return status;
    }
    status = run_gnuplot(picture, fd, script, length);
    /* EINVAL: a file system that has nothing to flush. */
    int bad = !status && fsync(fd) != 0 && errno != EINVAL;
    int reason = errno;
    if (close(fd) != 0 && !status && !bad) {
        bad = 1;
        reason = errno;
    }
    if (!status && !bad && rename(temporary, target) != 0) {
        bad = 1;
        reason = errno;
    }
    if (bad)
        status = complain(STATUS_FAILED, "%s : %s : free space, or another folder", picture,
                          strerror(reason));
    if (status)
        unlink(temporary);
    free(temporary);
    return status;
}

int gnuplot_draw(const char *picture, const char *script, size_t length) {
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old_pipe, old_interrupt;

    /* Without SIGPIPE a gnuplot that dies gives an error to report. Ctrl-C reaches gnuplot too, and
     * through its death us, so that the temporary file is taken away. */
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, &old_pipe);
    sigaction(SIGINT, &ignore, &old_interrupt);
    char *real = realpath(picture, NULL); /* a link stays a link, its file is replaced */
    int status = draw_to_target(picture, real ? real : picture, script, length);
    free(real);
    sigaction(SIGPIPE, &old_pipe, NULL);
    sigaction(SIGINT, &old_interrupt, NULL);
    return status;
}
