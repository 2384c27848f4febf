/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decodes the parameters of an ECKD program: extents, locate operations, addresses. Layouts: IBM 3990 Storage Control
 * Reference; DE_eckd_data, LO_eckd_data, LRE_eckd_data, PFX_eckd_data of drivers/s390/block/dasd_eckd.h.
 */
#include "trace/trace-decode-private.h"

#include "util/cchh.h"
#include "util/endian.h"

#define DE_SIZE 16
#define DE_OFS_ATTRIBUTES 1
#define DE_OFS_BLOCK_SIZE 2
#define DE_OFS_EXTENDED 7 /* global attributes, extended */
#define DE_OFS_BEGIN 8
#define DE_OFS_END 12

#define LR_OFS_AUXILIARY 1
#define LR_OFS_COUNT 3
#define LR_OFS_SEEK 4
#define LR_OFS_SEARCH 8
#define LR_OFS_SECTOR 13
#define LR_OFS_LENGTH 14
#define LR_AUXILIARY_LENGTH 0x80
#define LR_AUXILIARY_SUFFIX 0x01
#define LR_OPERATION_EXTENDED 0x3f
#define LRE_SIZE 20
#define LRE_OFS_OPERATION 17

#define PFX_OFS_VALIDITY 1
#define PFX_OFS_BASE 2
#define PFX_OFS_LSS 4
#define PFX_OFS_EXTENT 12
#define PFX_OFS_LOCATE 44
#define PFX_VALID_EXTENT 0x80
#define PFX_VALID_TIME 0x40
#define PFX_VALID_BASE 0x20
#define PFX_VALID_HYPER_PAV 0x10
#define PFX_FORMAT_LOCATE 1

/* Names of the left two bits of the mask. */
static const char *const permissions[] = { "write, not R0", "read", "update", "write all" };

/* Names of bits 3 to 5 of the attributes. */
static const char *const caching[] = {
    "normal", "bypass", "inhibit load", "sequential", "sequential prestage", "record", "reserved 6", "reserved 7",
};

static const char *const orientations[] = { "count", "home address", "data", "index" };

static const struct {
    guint8 code;
    guint8 extended;
    const char *name;
} operations[] = {
    { 0x00, 0, "orient" },
    { 0x01, 0, "write data" },
    { 0x03, 0, "format write" },
    { 0x06, 0, "read data" },
    { 0x0b, 0, "erase" },
    { 0x0c, 0, "read tracks" },
    { 0x16, 0, "read" },
    { 0x3f, 0x11, "write full track" },
    { 0x3f, 0x23, "write track data" },
};

void trace_fields_add_track(TraceFields *fields, const char *name, const guint8 *cchh)
{
    trace_fields_add(fields, name, "cyl %u head %u", ccw_cchh_cylinder(cchh), ccw_cchh_head(cchh));
}

static void add_id(TraceFields *fields, const char *name, const guint8 *cchhr)
{
    trace_fields_add(fields, name, "cyl %u head %u rec %u", ccw_cchh_cylinder(cchhr), ccw_cchh_head(cchhr), cchhr[4]);
}

void trace_decode_define_extent(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    guint8 attributes = data[DE_OFS_ATTRIBUTES];

    trace_fields_add(fields, "mask", "%02x (%s)", data[0], permissions[data[0] >> 6]);
    trace_fields_add(fields, "attributes", "%02x", attributes);
    trace_fields_add(fields, "cache", "%s", caching[attributes >> 2 & 7]);
    if (ccw_load_be16(data + DE_OFS_BLOCK_SIZE))
        trace_fields_add(fields, "block", "%u", ccw_load_be16(data + DE_OFS_BLOCK_SIZE));
    if (data[DE_OFS_EXTENDED])
        trace_fields_add(fields, "extended", "%02x", data[DE_OFS_EXTENDED]);
    trace_fields_add_track(fields, "from", data + DE_OFS_BEGIN);
    trace_fields_add_track(fields, "to", data + DE_OFS_END);
}

static void locate(TraceFields *fields, const guint8 *data, guint8 extended)
{
    guint8 code = data[0] & 0x3f;
    const char *name = "unknown";

    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
        if (operations[i].code == code && operations[i].extended == extended)
            name = operations[i].name;
    if (code == LR_OPERATION_EXTENDED)
        trace_fields_add(fields, "operation", "%02x/%02x (%s)", code, extended, name);
    else
        trace_fields_add(fields, "operation", "%02x (%s)", code, name);
    trace_fields_add(fields, "orientation", "%s", orientations[data[0] >> 6]);
    trace_fields_add(fields, "count", "%u", data[LR_OFS_COUNT]);
    trace_fields_add_track(fields, "seek", data + LR_OFS_SEEK);
    add_id(fields, "search", data + LR_OFS_SEARCH);
    trace_fields_add(fields, "sector", "%u", data[LR_OFS_SECTOR]);
    if (data[LR_OFS_AUXILIARY] & LR_AUXILIARY_LENGTH)
        trace_fields_add(fields, "length", "%u", ccw_load_be16(data + LR_OFS_LENGTH));
    if (data[LR_OFS_AUXILIARY] & LR_AUXILIARY_SUFFIX)
        trace_fields_add(fields, "count suffix", "yes");
}

void trace_decode_locate(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    locate(fields, data, 0);
}

void trace_decode_locate_extended(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    locate(fields, data, data[LRE_OFS_OPERATION]);
}

void trace_decode_prefix(TraceFields *fields, const guint8 *data, gsize length)
{
    guint8 valid = data[PFX_OFS_VALIDITY];

    trace_fields_add(fields, "format", "%u", data[0]);
    trace_fields_add(fields, "valid", "%02x%s%s%s%s", valid, valid & PFX_VALID_EXTENT ? " extent" : "",
                     valid & PFX_VALID_TIME ? " time" : "", valid & PFX_VALID_BASE ? " base" : "",
                     valid & PFX_VALID_HYPER_PAV ? " hyper-pav" : "");
    trace_fields_add(fields, "base", "%02x/%02x", data[PFX_OFS_LSS], data[PFX_OFS_BASE]);
    if (valid & PFX_VALID_EXTENT && length >= PFX_OFS_EXTENT + DE_SIZE)
        trace_decode_define_extent(fields, data + PFX_OFS_EXTENT, DE_SIZE);
    if (data[0] == PFX_FORMAT_LOCATE && length >= PFX_OFS_LOCATE + LRE_SIZE)
        trace_decode_locate_extended(fields, data + PFX_OFS_LOCATE, LRE_SIZE);
}

void trace_decode_seek(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    trace_fields_add_track(fields, "seek", data + 2); /* BBCCHH */
}

void trace_decode_id(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    add_id(fields, "id", data);
}

/* A count field: CCHHR, key length, data length. */
void trace_decode_count(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    add_id(fields, "record", data);
    trace_fields_add(fields, "key length", "%u", data[5]);
    trace_fields_add(fields, "data length", "%u", ccw_load_be16(data + 6));
}

void trace_decode_file_mask(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    trace_fields_add(fields, "mask", "%02x (%s)", data[0], permissions[data[0] >> 6]);
}

void trace_decode_sector(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    trace_fields_add(fields, "sector", "%u", data[0]);
}

#define CMD_SEEK 0x07
#define CMD_SEEK_CYLINDER 0x0b
#define CMD_SEEK_HEAD 0x1b
#define CMD_LOCATE 0x47
#define CMD_LOCATE_EXTENDED 0x4b
#define CMD_PREFIX 0xe7

gboolean trace_decode_cylinder(guint8 cmd, const guint8 *data, gsize length, guint32 *ret_cylinder)
{
    static const struct {
        guint8 cmd;
        guint offset; /* of the CCHH in the data */
    } places[] = {
        { CMD_SEEK, 2 },
        { CMD_SEEK_CYLINDER, 2 },
        { CMD_SEEK_HEAD, 2 },
        { CMD_LOCATE, LR_OFS_SEEK },
        { CMD_LOCATE_EXTENDED, LR_OFS_SEEK },
        { CMD_PREFIX, PFX_OFS_LOCATE + LR_OFS_SEEK },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        if (places[i].cmd != cmd || length < places[i].offset + 4)
            continue;
        if (cmd == CMD_PREFIX && data[0] != PFX_FORMAT_LOCATE)
            continue;
        *ret_cylinder = ccw_cchh_cylinder(data + places[i].offset);
        return TRUE;
    }
    return FALSE;
}
