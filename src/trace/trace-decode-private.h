/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Declares the decoders for trace-decode.c, whose table has them. */
#pragma once

#include "trace/trace-decode.h"

/* Adds the fields of a command's data. length: at least the number of bytes in the decoder's row in trace-decode.c */
typedef void (*TraceDecoder)(TraceFields *fields, const guint8 *data, gsize length);

/* trace-decode-eckd.c: extents, operations and addresses */
void trace_decode_define_extent(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_locate(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_locate_extended(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_prefix(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_seek(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_id(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_count(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_file_mask(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_sector(TraceFields *fields, const guint8 *data, gsize length);

/* trace-decode-unit.c: identity, paths and the subsystem */
void trace_decode_sense_id(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_path_state(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_set_path(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_characteristics(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_configuration(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_subsystem_function(TraceFields *fields, const guint8 *data, gsize length);

/* Adds a CCHH as "cyl 4 head 2". */
void trace_fields_add_track(TraceFields *fields, const char *name, const guint8 *cchh);
