/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd.h"

int main(int argc, char **argv) {
    return program(argc, argv);
}
