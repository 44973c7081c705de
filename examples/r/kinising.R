# SPDX-License-Identifier: BSD-3-Clause
# The transition in R. Once, with an installed kinising:
#   PKG_CPPFLAGS="$(pkg-config --cflags kinising)" PKG_LIBS="$(pkg-config --libs kinising)" R CMD SHLIB bridge.c
#   Rscript kinising.R
dyn.load(paste0("bridge", .Platform$dynlib.ext))

theory <- function(beta, J0 = 1, dJ = 1, dH = 0) {
    points <- data.frame(beta = beta, J0 = J0, dJ = dJ, dH = dH)
    arguments <- lapply(points, as.double)
    cbind(points, as.data.frame(do.call(.Call, c(list("kinising_theory"), unname(arguments)))))
}

print(theory(beta = c(0.5, 1, 2, 4), dJ = 0.5), digits = 10)

# A failure of the library is an error with its sentence.
print(tryCatch(theory(beta = -1), error = conditionMessage))
