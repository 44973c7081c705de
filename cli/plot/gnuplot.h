/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs gnuplot: script in, picture out, and the file appears only when it is whole. */
#ifndef KINISING_CLI_GNUPLOT_H
#define KINISING_CLI_GNUPLOT_H

#include <stdio.h>

/* Path of gnuplot on the PATH, to be freed; NULL if there is none. */
char *gnuplot_program(void);

/* Before the computation: a known ending, a folder that can be written, gnuplot on the PATH.
 * Returns 0 or the exit status of its message. */
int gnuplot_check(const char *picture);

/* Writes the `set terminal` line for the ending of `picture`; size in points of 1/96 inch. */
void gnuplot_terminal(FILE *script, const char *picture, int width, int height);

/* Size of a font so many times as large as that of the terminal's text. */
double gnuplot_font(const char *picture, double times);

/* Writes the script of a figure; `picture` tells the terminal. */
typedef void gnuplot_writer(FILE *script, const void *figure, const char *picture);

/* Feeds the script that `write` writes to gnuplot and stores what it draws. No file name gets into the
 * script, no shell is involved. `fewer` is what takes less memory. Returns 0 or the exit status of
 * its message. */
int gnuplot_draw(const char *picture, gnuplot_writer *write, const void *figure, const char *fewer);

#endif
