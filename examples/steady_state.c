/* SPDX-License-Identifier: BSD-3-Clause */
#include <kinising/kinising.h>
#include <stdio.h>

int main(void) {
    const ki_theory_params p = {.beta = 2, .J0 = 1, .dJ = 0.5, .dH = 0};
    ki_theory_result r;
    if (ki_theory(&p, KI_SYNC | KI_ASYNC, &r)) {
        fprintf(stderr, "%s\n", ki_last_error());
        return 1;
    }
    printf("m = %.10f, entropy production %.10f nats per spin and step\n", r.m, r.sigma);
    return 0;
}
