/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one way in which this library speaks to a person: a line on QEMU's stderr, about an error of ours. */
#pragma once

#include <glib.h>

void vfio_log(const char *format, ...) G_GNUC_PRINTF(1, 2);
