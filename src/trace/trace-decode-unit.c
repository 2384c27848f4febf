/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decodes the data of commands to the control unit: identity, path groups, characteristics, subsystem functions.
 * Layouts: IBM 3990 Storage Control Reference; drivers/s390/cio/{device_id,device_pgid}.c,
 * drivers/s390/block/dasd_eckd.h.
 */
#include "trace/trace-decode-private.h"

#include "util/endian.h"

#define PATH_MULTIPATH 0x08

#define RDC_OFS_FACILITIES 6
#define RDC_OFS_CYLINDERS 12
#define RDC_OFS_HEADS 14
#define RDC_OFS_SECTORS 16
#define RDC_OFS_TRACK_SIZE 17 /* 24 bits */

#define NED_SIZE 32
#define PSF_OFS_SUBORDER 6
#define PSF_ORDER_PREPARE 0x18

static const char *const path_states[] = { "reset", "reserved 1", "ungrouped", "grouped" };
static const char *const path_functions[] = { "establish", "disband", "resign", "reserved 3" };

static const struct {
    guint8 code;
    const char *name;
} orders[] = {
    { PSF_ORDER_PREPARE, "prepare for read subsystem data" },
    { 0x1a, "channel path control response" },
    { 0x1b, "set special intercept condition" },
    { 0x1d, "set subsystem characteristics" },
    { 0xb0, "set interface identifier" },
};

static const struct {
    guint8 code;
    const char *name;
} suborders[] = {
    { 0x00, "storage path status" },        { 0x01, "subsystem statistics" }, { 0x03, "attention message" },
    { 0x0e, "unit address configuration" }, { 0x1c, "query host access" },    { 0x41, "feature codes" },
    { 0x50, "PPRC extended query" },        { 0x52, "volume storage query" }, { 0x53, "logical configuration query" },
};

void trace_decode_sense_id(TraceFields *fields, const guint8 *data, gsize length)
{
    trace_fields_add(fields, "cutype", "%04x/%02x", ccw_load_be16(data + 1), data[3]);
    if (length >= 7)
        trace_fields_add(fields, "devtype", "%04x/%02x", ccw_load_be16(data + 4), data[6]);
    /* Command information words: the commands that read more. */
    for (gsize at = 8; at + 4 <= MIN(length, 24) && data[at]; at += 4)
        trace_fields_add(fields, "ciw", "%08x", ccw_load_be32(data + at));
}

/* id: a path-group identifier, 11 bytes */
static void add_group(TraceFields *fields, const guint8 *id)
{
    trace_fields_add(fields, "group", "%08x%08x%06x", ccw_load_be32(id), ccw_load_be32(id + 4),
                     ccw_load_be32(id + 7) & 0xffffffu);
}

void trace_decode_path_state(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    trace_fields_add(fields, "state", "%02x (%s%s)", data[0], path_states[data[0] >> 6],
                     data[0] & PATH_MULTIPATH ? ", multipath" : "");
    add_group(fields, data + 1);
}

void trace_decode_set_path(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    trace_fields_add(fields, "function", "%02x (%s%s)", data[0], path_functions[data[0] >> 5 & 3],
                     data[0] & 0x80 ? ", multipath" : "");
    add_group(fields, data + 1);
}

void trace_decode_characteristics(TraceFields *fields, const guint8 *data, gsize length G_GNUC_UNUSED)
{
    trace_fields_add(fields, "cutype", "%04x/%02x", ccw_load_be16(data), data[2]);
    trace_fields_add(fields, "devtype", "%04x/%02x", ccw_load_be16(data + 3), data[5]);
    trace_fields_add(fields, "facilities", "%08x", ccw_load_be32(data + RDC_OFS_FACILITIES));
    trace_fields_add(fields, "cylinders", "%u", ccw_load_be16(data + RDC_OFS_CYLINDERS));
    trace_fields_add(fields, "heads", "%u", ccw_load_be16(data + RDC_OFS_HEADS));
    trace_fields_add(fields, "sectors", "%u", data[RDC_OFS_SECTORS]);
    trace_fields_add(fields, "track", "%u", ccw_load_be32(data + RDC_OFS_TRACK_SIZE - 1) & 0xffffffu);
}

/* Node-element descriptors have 32 bytes: a byte of flags, then type, model, maker, plant and serial in EBCDIC. */
void trace_decode_configuration(TraceFields *fields, const guint8 *data, gsize length)
{
    static const char *const kinds[] = { "not used", "specific qualifier", "general qualifier", "element" };

    for (gsize at = 0; at + NED_SIZE <= MIN(length, 256); at += NED_SIZE)
        trace_fields_add(fields, "node", "%02x (%s)", data[at], kinds[data[at] >> 6]);
}

void trace_decode_subsystem_function(TraceFields *fields, const guint8 *data, gsize length)
{
    const char *name = "unknown";

    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++)
        if (orders[i].code == data[0])
            name = orders[i].name;
    trace_fields_add(fields, "order", "%02x (%s)", data[0], name);
    if (data[0] != PSF_ORDER_PREPARE || length <= PSF_OFS_SUBORDER)
        return;
    name = "unknown";
    for (gsize i = 0; i < G_N_ELEMENTS(suborders); i++)
        if (suborders[i].code == data[PSF_OFS_SUBORDER])
            name = suborders[i].name;
    trace_fields_add(fields, "suborder", "%02x (%s)", data[PSF_OFS_SUBORDER], name);
}
