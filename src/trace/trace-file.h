/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of trace records (trace-record.h), one behind another, as --record writes it. Nothing in it is trusted. */
#pragma once

#include <stdio.h>

#include "trace/trace-record.h"

/*
 * Reads the next record into `buffer`, of TRACE_RECORD_MAX bytes; *ret_length is 0 at the end of the file.
 * Errors: CCW_ERROR_PROTOCOL (no record, or one that is cut off), CCW_ERROR_SYSTEM; name is for them.
 */
gboolean trace_file_read(FILE *file, const char *name, guint8 *buffer, gsize *ret_length, GError **error);
