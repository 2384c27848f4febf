/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a channel program says, in words: tables of commands, flags and sense, and the decoders of parameters. Text and
 * JSON (trace-text.h, trace-json.h) are both made of what this gives. Everything it reads is hostile: a decoder is only
 * called with as many bytes as its row in the table says, and reads no more.
 */
#pragma once

#include "trace/trace-record.h"

/* Decoded parameters, in their order: a name ("sector") and a value ("12"), both plain ASCII without quotes. */
#define TRACE_FIELDS_MAX 32

typedef struct {
    const char *name;
    char value[96];
} TraceField;

typedef struct {
    guint n;
    TraceField fields[TRACE_FIELDS_MAX];
} TraceFields;

void trace_fields_add(TraceFields *fields, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The channel's names of flags, separated by blanks: "cc sli ida". */
typedef enum {
    TRACE_FLAGS_CCW,
    TRACE_FLAGS_ORB,
    TRACE_FLAGS_DEVICE_STATUS,
    TRACE_FLAGS_SUBCHANNEL_STATUS,
    TRACE_FLAGS_SENSE, /* bytes 0 and 1 of sense, 16 bits */
} TraceFlags;

char *trace_flags(TraceFlags what, guint32 value);

const char *trace_function_name(TraceFunction function);

/* The 3990's name of a command; NULL if it has none. */
const char *trace_command_name(guint8 cmd);

/*
 * The data of a command, sent or received. FALSE: it is plain data, or there is too little of it to be decoded.
 */
gboolean trace_decode(guint8 cmd, const guint8 *data, gsize length, TraceFields *ret_fields);

/* Adds what sense says; of at least 8 bytes, and where it was if there are 32. */
void trace_decode_sense(TraceFields *fields, const guint8 *sense, gsize length);
