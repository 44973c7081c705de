/* SPDX-License-Identifier: BSD-3-Clause */
/* libFuzzer's way in: the first byte says what the others are, a file of arrays (.npz, .mat ...), text, or parts of a
 * Phy folder, and with which options it is read. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <kinising/kinising.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without the room that knows the machine. */
uint64_t ki_machine_memory(void) {
    return UINT64_C(1) << 26;
}

static void need(int holds) {
    if (!holds)
        abort();
}

static char folder[] = "kinising-fuzz-XXXXXX"; /* in the working one */
static const char *const names[] = {
    "a.dat", "a.csv", "spike_times.npy", "spike_clusters.npy", "params.py", "cluster_group.tsv"};
enum { NAMES = sizeof names / sizeof names[0] };

static void clean(void) {
    char path[64];

    for (int k = 0; k < NAMES; k++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[k]);
        unlink(path);
    }
    rmdir(folder);
}

static void put(int which, const uint8_t *data, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, names[which]);
    FILE *file = fopen(path, "wb");

    need(file != NULL);
    need(fwrite(data, 1, size, file) == size);
    need(fclose(file) == 0);
}

static void begin(void) {
    static const char rate[] = "sample_rate = 100\n",
                      groups[] = "cluster_id\tgroup\n1\tgood\n2\tmua\n";

    need(mkdtemp(folder) != NULL);
    atexit(clean);
    put(4, (const uint8_t *)rate, sizeof rate - 1);
    put(5, (const uint8_t *)groups, sizeof groups - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const axes[] = {NULL, "time,unit", "unit,time", "trial,time,unit"};
    static int begun;
    char path[64];
    static const int64_t units[] = {0, 1};
    ki_raster *r = NULL;
    ki_recording_notes notes;

    if (!begun)
        begin();
    begun = 1;
    if (size < 2)
        return 0;
    const unsigned kind = data[0] % NAMES, how = data[1];
    put((int)kind, data + 2, size - 2);
    snprintf(path, sizeof path, "%s%s%s", folder, kind < 2 ? "/" : "", kind < 2 ? names[kind] : "");
    const ki_recording_options o = {.axes = axes[how & 3],
                                    .bin = how & 4 ? 0.5 : 0,
                                    .has_window = (how & 8) != 0,
                                    .from = 0.25,
                                    .to = 9,
                                    .n_units = how & 16 ? 2 : 0,
                                    .units = units,
                                    .trial_length = how & 32 ? 3 : 0,
                                    .min_rate = how & 64 ? 0.5 : 0,
                                    .quality =
                                        (how & 128 && kind > 1) || how > 191 ? "good" : NULL};
    if (ki_recording_read(path, &o, NULL, &notes, &r)) {
        const char *s = ki_last_error(), *first = strstr(s, " : ");
        need(first && strstr(first + 3, " : ") && !strchr(s, '\n'));
    } else {
        ki_raster_summary sum;
        need(ki_raster_summarize(r, &sum, NULL) == 0);
        ki_raster_free(r);
    }
    return 0;
}
