/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd.h"
#include "shell/signals.h"

int main(int argc, char **argv) {
    const int status = program(argc, argv);

    signals_end(status);
    return status;
}
