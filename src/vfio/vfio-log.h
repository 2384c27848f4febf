/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a line on QEMU's stderr about an error of this library. The library has no other way to speak to a person. */
#pragma once

#include <glib.h>

/* @format: without a newline at its end */
void vfio_log(const char *format, ...) G_GNUC_PRINTF(1, 2);
