/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of commands with their decoders, and of the names of flags. The names of commands are those of the IBM
 * 3990 Storage Control Reference (GA32-0099) and drivers/s390/block/dasd_eckd.h; docs/trace.md says how to add a
 * command.
 */
#include "trace/trace-decode-private.h"

#include <stdarg.h>

#include "util/endian.h"

typedef struct {
    guint8 code;
    const char *name;
    TraceCommandKind kind;
    TraceDecoder decode; /* NULL: the data has no fields */
    guint min;           /* bytes that the decoder needs */
} Command;

static const Command commands[] = {
    { 0x01, "WRITE SPECIAL COUNT, KEY AND DATA", TRACE_COMMAND_WRITES },
    { 0x02, "READ IPL", TRACE_COMMAND_READS },
    { 0x03, "NO-OPERATION", TRACE_COMMAND_OTHER },
    { 0x04, "SENSE", TRACE_COMMAND_OTHER, trace_decode_sense, 8 },
    { 0x05, "WRITE DATA", TRACE_COMMAND_WRITES },
    { 0x06, "READ DATA", TRACE_COMMAND_READS },
    { 0x07, "SEEK", TRACE_COMMAND_OTHER, trace_decode_seek, 6 },
    { 0x08, "TRANSFER IN CHANNEL", TRACE_COMMAND_OTHER },
    { 0x09, "WRITE SPECIAL HOME ADDRESS", TRACE_COMMAND_WRITES },
    { 0x0a, "READ SPECIAL HOME ADDRESS", TRACE_COMMAND_READS },
    { 0x0b, "SEEK CYLINDER", TRACE_COMMAND_OTHER, trace_decode_seek, 6 },
    { 0x0d, "WRITE KEY AND DATA", TRACE_COMMAND_WRITES },
    { 0x0e, "READ KEY AND DATA", TRACE_COMMAND_READS },
    { 0x0f, "SPACE COUNT", TRACE_COMMAND_OTHER },
    { 0x11, "ERASE", TRACE_COMMAND_WRITES, trace_decode_count, 8 },
    { 0x12, "READ COUNT", TRACE_COMMAND_READS, trace_decode_count, 8 },
    { 0x13, "RECALIBRATE", TRACE_COMMAND_OTHER },
    { 0x14, "UNCONDITIONAL RESERVE", TRACE_COMMAND_OTHER, trace_decode_sense, 8 },
    { 0x15, "WRITE R0", TRACE_COMMAND_WRITES, trace_decode_count, 8 },
    { 0x16, "READ R0", TRACE_COMMAND_READS, trace_decode_count, 8 },
    { 0x17, "RESTORE", TRACE_COMMAND_OTHER },
    { 0x19, "WRITE HOME ADDRESS", TRACE_COMMAND_WRITES },
    { 0x1a, "READ HOME ADDRESS", TRACE_COMMAND_READS },
    { 0x1b, "SEEK HEAD", TRACE_COMMAND_OTHER, trace_decode_seek, 6 },
    { 0x1d, "WRITE COUNT, KEY AND DATA", TRACE_COMMAND_WRITES, trace_decode_count, 8 },
    { 0x1e, "READ COUNT, KEY AND DATA", TRACE_COMMAND_READS, trace_decode_count, 8 },
    { 0x1f, "SET FILE MASK", TRACE_COMMAND_OTHER, trace_decode_file_mask, 1 },
    { 0x22, "READ SECTOR", TRACE_COMMAND_OTHER, trace_decode_sector, 1 },
    { 0x23, "SET SECTOR", TRACE_COMMAND_OTHER, trace_decode_sector, 1 },
    { 0x27, "PERFORM SUBSYSTEM FUNCTION", TRACE_COMMAND_OTHER, trace_decode_subsystem_function, 2 },
    { 0x29, "SEARCH KEY EQUAL", TRACE_COMMAND_OTHER },
    { 0x31, "SEARCH ID EQUAL", TRACE_COMMAND_OTHER, trace_decode_id, 5 },
    { 0x34, "SENSE PATH GROUP ID", TRACE_COMMAND_OTHER, trace_decode_path_state, 12 },
    { 0x39, "SEARCH HOME ADDRESS", TRACE_COMMAND_OTHER },
    { 0x3e, "READ SUBSYSTEM DATA", TRACE_COMMAND_OTHER },
    { 0x44, "RESET ALLEGIANCE", TRACE_COMMAND_OTHER },
    { 0x47, "LOCATE RECORD", TRACE_COMMAND_OTHER, trace_decode_locate, 16 },
    { 0x49, "SEARCH KEY HIGH", TRACE_COMMAND_OTHER },
    { 0x4b, "LOCATE RECORD EXTENDED", TRACE_COMMAND_OTHER, trace_decode_locate_extended, 20 },
    { 0x4e, "READ MESSAGE ID", TRACE_COMMAND_OTHER },
    { 0x51, "SEARCH ID HIGH", TRACE_COMMAND_OTHER, trace_decode_id, 5 },
    { 0x54, "SENSE SUBSYSTEM STATUS", TRACE_COMMAND_OTHER },
    { 0x5b, "SUSPEND MULTIPATH RECONNECTION", TRACE_COMMAND_OTHER },
    { 0x5e, "READ MULTIPLE COUNT, KEY AND DATA", TRACE_COMMAND_READS, trace_decode_count, 8 },
    { 0x63, "DEFINE EXTENT", TRACE_COMMAND_OTHER, trace_decode_define_extent, 16 },
    { 0x64, "READ DEVICE CHARACTERISTICS", TRACE_COMMAND_OTHER, trace_decode_characteristics, 20 },
    { 0x69, "SEARCH KEY EQUAL OR HIGH", TRACE_COMMAND_OTHER },
    { 0x71, "SEARCH ID EQUAL OR HIGH", TRACE_COMMAND_OTHER, trace_decode_id, 5 },
    { 0x85, "WRITE UPDATE DATA", TRACE_COMMAND_WRITES },
    { 0x86, "READ DATA, MT", TRACE_COMMAND_READS },
    { 0x87, "SET SUBSYSTEM MODE", TRACE_COMMAND_OTHER },
    { 0x8d, "WRITE UPDATE KEY AND DATA", TRACE_COMMAND_WRITES },
    { 0x8e, "READ KEY AND DATA, MT", TRACE_COMMAND_READS },
    { 0x92, "READ COUNT, MT", TRACE_COMMAND_READS, trace_decode_count, 8 },
    { 0x94, "DEVICE RELEASE", TRACE_COMMAND_OTHER, trace_decode_sense, 8 },
    { 0x95, "WRITE FULL TRACK", TRACE_COMMAND_WRITES },
    { 0x96, "READ R0, MT", TRACE_COMMAND_READS, trace_decode_count, 8 },
    { 0x9a, "READ HOME ADDRESS, MT", TRACE_COMMAND_READS },
    { 0x9d, "WRITE COUNT, KEY AND DATA NEXT TRACK", TRACE_COMMAND_WRITES, trace_decode_count, 8 },
    { 0x9e, "READ COUNT, KEY AND DATA, MT", TRACE_COMMAND_READS, trace_decode_count, 8 },
    { 0xa4, "READ AND RESET BUFFERED LOG", TRACE_COMMAND_OTHER, trace_decode_sense, 8 },
    { 0xa5, "WRITE TRACK DATA", TRACE_COMMAND_WRITES },
    { 0xa6, "READ TRACK DATA", TRACE_COMMAND_READS },
    { 0xa9, "SEARCH KEY EQUAL, MT", TRACE_COMMAND_OTHER },
    { 0xaf, "SET PATH GROUP ID", TRACE_COMMAND_OTHER, trace_decode_set_path, 12 },
    { 0xb1, "SEARCH ID EQUAL, MT", TRACE_COMMAND_OTHER, trace_decode_id, 5 },
    { 0xb4, "DEVICE RESERVE", TRACE_COMMAND_OTHER, trace_decode_sense, 8 },
    { 0xb9, "SEARCH HOME ADDRESS, MT", TRACE_COMMAND_OTHER },
    { 0xc4, "DIAGNOSTIC SENSE/READ", TRACE_COMMAND_OTHER },
    { 0xc9, "SEARCH KEY HIGH, MT", TRACE_COMMAND_OTHER },
    { 0xd1, "SEARCH ID HIGH, MT", TRACE_COMMAND_OTHER, trace_decode_id, 5 },
    { 0xde, "READ TRACK", TRACE_COMMAND_READS },
    { 0xe4, "SENSE ID", TRACE_COMMAND_OTHER, trace_decode_sense_id, 4 },
    { 0xe7, "PREFIX", TRACE_COMMAND_OTHER, trace_decode_prefix, 12 },
    { 0xe9, "SEARCH KEY EQUAL OR HIGH, MT", TRACE_COMMAND_OTHER },
    { 0xea, "PREFIX READ", TRACE_COMMAND_READS, trace_decode_prefix, 12 },
    { 0xf1, "SEARCH ID EQUAL OR HIGH, MT", TRACE_COMMAND_OTHER, trace_decode_id, 5 },
    { 0xf3, "DIAGNOSTIC CONTROL", TRACE_COMMAND_OTHER },
    { 0xf7, "DEFINE SUBSYSTEM OPERATION", TRACE_COMMAND_OTHER },
    { 0xf9, "RESET SUMMARY UNIT CHECK", TRACE_COMMAND_OTHER },
    { 0xfa, "READ CONFIGURATION DATA", TRACE_COMMAND_OTHER, trace_decode_configuration, 32 },
};

typedef struct {
    guint32 flag;
    const char *name;
} Flag;

static const Flag ccw_flags[] = {
    { CCW_FLAG_CD, "cd" },   { CCW_FLAG_CC, "cc" },   { CCW_FLAG_SLI, "sli" },     { CCW_FLAG_SKIP, "skip" },
    { CCW_FLAG_PCI, "pci" }, { CCW_FLAG_IDA, "ida" }, { CCW_FLAG_SUSPEND, "sus" }, { CCW_FLAG_MIDA, "mida" },
};

static const Flag orb_flags[] = {
    { CHANNEL_ORB_FORMAT1, "fmt1" },      { CHANNEL_ORB_PREFETCH, "pfch" },
    { CHANNEL_ORB_C64, "c64" },           { CHANNEL_ORB_T2K, "2k" },
    { CHANNEL_ORB_SUSPEND, "sus" },       { CHANNEL_ORB_INITSTAT, "init" },
    { CHANNEL_ORB_SUPPRESS, "suppress" },
};

static const Flag device_status[] = {
    { CHANNEL_DSTAT_ATTENTION, "att" },        { CHANNEL_DSTAT_STATUS_MODIFIER, "sm" },
    { CHANNEL_DSTAT_CONTROL_UNIT_END, "cue" }, { CHANNEL_DSTAT_BUSY, "busy" },
    { CHANNEL_DSTAT_CHANNEL_END, "ce" },       { CHANNEL_DSTAT_DEVICE_END, "de" },
    { CHANNEL_DSTAT_UNIT_CHECK, "uc" },        { CHANNEL_DSTAT_UNIT_EXCEPTION, "ue" },
};

static const Flag subchannel_status[] = {
    { CHANNEL_CSTAT_PCI, "pci" },
    { CHANNEL_CSTAT_INCORRECT_LENGTH, "il" },
    { CHANNEL_CSTAT_PROGRAM_CHECK, "program-check" },
    { CHANNEL_CSTAT_PROTECTION_CHECK, "protection-check" },
    { CHANNEL_CSTAT_CHANNEL_DATA_CHECK, "channel-data-check" },
    { CHANNEL_CSTAT_CHANNEL_CONTROL_CHECK, "channel-control-check" },
    { CHANNEL_CSTAT_INTERFACE_CONTROL_CHECK, "interface-control-check" },
    { CHANNEL_CSTAT_CHAINING_CHECK, "chaining-check" },
};

static const Flag sense_flags[] = {
    { 0x8000, "command-reject" },   { 0x4000, "intervention-required" },
    { 0x1000, "equipment-check" },  { 0x0800, "data-check" },
    { 0x0400, "overrun" },          { 0x0100, "incomplete-domain" },
    { 0x0080, "permanent-error" },  { 0x0040, "invalid-track-format" },
    { 0x0020, "end-of-cylinder" },  { 0x0008, "no-record-found" },
    { 0x0004, "file-protected" },   { 0x0002, "write-inhibited" },
    { 0x0001, "imprecise-ending" },
};

static const struct {
    const Flag *flags;
    gsize n;
} flag_tables[] = {
    [TRACE_FLAGS_CCW] = { ccw_flags, G_N_ELEMENTS(ccw_flags) },
    [TRACE_FLAGS_ORB] = { orb_flags, G_N_ELEMENTS(orb_flags) },
    [TRACE_FLAGS_DEVICE_STATUS] = { device_status, G_N_ELEMENTS(device_status) },
    [TRACE_FLAGS_SUBCHANNEL_STATUS] = { subchannel_status, G_N_ELEMENTS(subchannel_status) },
    [TRACE_FLAGS_SENSE] = { sense_flags, G_N_ELEMENTS(sense_flags) },
};

static const char *const function_names[TRACE_FUNCTIONS] = {
    [TRACE_START] = "SSCH",
    [TRACE_HALT] = "HSCH",
    [TRACE_CLEAR] = "CSCH",
    [TRACE_REQUEST] = "REQUEST",
    [TRACE_UNSOLICITED] = "UNSOLICITED",
};

void trace_fields_add(TraceFields *fields, const char *name, const char *format, ...)
{
    TraceField *field = &fields->fields[fields->n];
    va_list args;

    if (fields->n == TRACE_FIELDS_MAX)
        return;
    fields->n++;
    field->name = name;
    va_start(args, format);
    g_vsnprintf(field->value, sizeof(field->value), format, args);
    va_end(args);
}

char *trace_flags(TraceFlags what, guint32 value)
{
    GString *text = g_string_new(NULL);

    for (gsize i = 0; i < flag_tables[what].n; i++) {
        const Flag *flag = &flag_tables[what].flags[i];

        if (value & flag->flag)
            g_string_append_printf(text, "%s%s", text->len ? " " : "", flag->name);
    }
    return g_string_free(text, FALSE);
}

const char *trace_function_name(TraceFunction function)
{
    return function_names[function];
}

static const Command *find(guint8 cmd)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (commands[i].code == cmd)
            return &commands[i];
    return NULL;
}

const char *trace_command_name(guint8 cmd)
{
    const Command *command = find(cmd);

    return command ? command->name : NULL;
}

TraceCommandKind trace_command_kind(guint8 cmd)
{
    const Command *command = find(cmd);

    return command ? command->kind : TRACE_COMMAND_OTHER;
}

gboolean trace_decode(guint8 cmd, const guint8 *data, gsize length, TraceFields *ret_fields)
{
    const Command *command = find(cmd);

    ret_fields->n = 0;
    if (!command || !command->decode || length < command->min)
        return FALSE;
    command->decode(ret_fields, data, length);
    return TRUE;
}

#define SENSE_OFS_MESSAGE 7
#define SENSE_OFS_FORMAT 27
#define SENSE_FORMAT_24_BYTES 0x80
#define SENSE_OFS_CYLINDER 29
#define SENSE_OFS_HEAD 31

void trace_decode_sense(TraceFields *fields, const guint8 *sense, gsize length)
{
    g_autofree char *flags = trace_flags(TRACE_FLAGS_SENSE, ccw_load_be16(sense));

    trace_fields_add(fields, "sense", "%s", *flags ? flags : "none");
    trace_fields_add(fields, "message", "%02x", sense[SENSE_OFS_MESSAGE]);
    if (length > SENSE_OFS_HEAD && sense[SENSE_OFS_FORMAT] & SENSE_FORMAT_24_BYTES)
        trace_fields_add(fields, "at", "cyl %u head %u", ccw_load_be16(sense + SENSE_OFS_CYLINDER),
                         sense[SENSE_OFS_HEAD]);
}
