/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file kinising.h
 * Everything public in one include.
 */
#ifndef KINISING_H
#define KINISING_H

#include <kinising/base.h>
#include <kinising/compare.h>
#include <kinising/diagnose.h>
#include <kinising/exact.h>
#include <kinising/infer.h>
#include <kinising/io.h>
#include <kinising/meanfield.h>
#include <kinising/model.h>
#include <kinising/moments.h>
#include <kinising/network.h>
#include <kinising/raster.h>
#include <kinising/recording.h>
#include <kinising/simulate.h>
#include <kinising/theory.h>
#include <kinising/thermo.h>

#endif
