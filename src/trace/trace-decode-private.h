/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the decoders share. Private to these files. */
#pragma once

#include "trace/trace-decode.h"

/* Gets at least as many bytes as its row in trace-decode.c says. */
typedef void (*TraceDecoder)(TraceFields *fields, const guint8 *data, gsize length);

/* trace-decode-eckd.c: where a program works, and what on */
void trace_decode_define_extent(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_locate(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_locate_extended(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_prefix(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_seek(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_id(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_count(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_file_mask(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_sector(TraceFields *fields, const guint8 *data, gsize length);

/* trace-decode-unit.c: identity, paths, the subsystem */
void trace_decode_sense_id(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_path_state(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_set_path(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_characteristics(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_configuration(TraceFields *fields, const guint8 *data, gsize length);
void trace_decode_subsystem_function(TraceFields *fields, const guint8 *data, gsize length);

/* "cyl 4 head 2" of a CCHH; the upper 12 bits of the head are those of a cylinder beyond 65535. */
void trace_fields_add_track(TraceFields *fields, const char *name, const guint8 *cchh);
