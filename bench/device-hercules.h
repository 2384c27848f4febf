/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The channel programs of dasdfmt on the device and on Hercules, which runs the same programs. */
#pragma once

#include <glib.h>

/* Formats all tracks of the device of bench_use(), and of an image of Hercules in a folder within parent. */
void bench_compare_with_hercules(const char *parent, gint cylinders);
