/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names the commands, flags and sense of a channel program, and decodes the parameters of its commands, for both
 * formats (trace-format.h). The data may be hostile: trace_decode() calls a decoder only with at least the bytes that
 * its row in the table says, and the decoder reads no more.
 */
#pragma once

#include "trace/trace-record.h"

#define TRACE_FIELDS_MAX 32

/* A decoded parameter. The texts are plain ASCII without quotes. */
typedef struct {
    const char *name; /* such as "sector" */
    char value[96];   /* such as "12" */
} TraceField;

typedef struct {
    guint n;
    TraceField fields[TRACE_FIELDS_MAX];
} TraceFields;

/* Adds a field, unless there are TRACE_FIELDS_MAX already. */
void trace_fields_add(TraceFields *fields, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

typedef enum {
    TRACE_FLAGS_CCW,
    TRACE_FLAGS_ORB,
    TRACE_FLAGS_DEVICE_STATUS,
    TRACE_FLAGS_SUBCHANNEL_STATUS,
    TRACE_FLAGS_SENSE, /* bytes 0 and 1 of sense, 16 bits */
} TraceFlags;

/* Returns: the names of the flags that are set, with blanks between them, such as "cc sli ida"; free with g_free(). */
char *trace_flags(TraceFlags what, guint32 value);

/* Returns: the name in the output, such as "SSCH"; a literal. */
const char *trace_function_name(TraceFunction function);

/* Returns: the 3990's name of a command, or NULL for an unknown command. */
const char *trace_command_name(guint8 cmd);

/**
 * trace_decode: Decodes the data that a command sends or receives.
 * @length: bytes of @data
 * @ret_fields: always written
 *
 * Returns: FALSE if the command has no decoder, or the data is too short for it.
 */
gboolean trace_decode(guint8 cmd, const guint8 *data, gsize length, TraceFields *ret_fields);

typedef enum {
    TRACE_COMMAND_OTHER, /* also an unknown command */
    TRACE_COMMAND_READS, /* from the volume */
    TRACE_COMMAND_WRITES,
} TraceCommandKind;

/* Returns: what a command does with the volume, whatever its parameters are. */
TraceCommandKind trace_command_kind(guint8 cmd);

/**
 * trace_decode_cylinder: Reads the cylinder to which a command moves the device.
 * @ret_cylinder: written on success only
 *
 * Returns: FALSE if the command does not move it, or the data is too short.
 */
gboolean trace_decode_cylinder(guint8 cmd, const guint8 *data, gsize length, guint32 *ret_cylinder);

/* Adds the fields of sense data of at least 8 bytes; 32 bytes also give the track of the error. */
void trace_decode_sense(TraceFields *fields, const guint8 *sense, gsize length);
