/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the parameters of commands. */
#include "oracle-facts.h"

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-codes.h"
#include "oracle-core.h"
#include "util/endian.h"

#define PARAMETERS 16
#define CYLINDERS 0x8000 /* no volume of the oracle has as many */
#define LARGE 1024
#define NO_SECTOR 0xff
#define ORDER_INTERCEPT 0x1b
#define FAST_WRITE 0x02 /* in byte 1 of an extent */

static const char *extent(const guint8 *de, G_GNUC_UNUSED guint count)
{
    guint32 begin = ccw_load_be32(de + 8), end = ccw_load_be32(de + 12);
    gboolean fits = (begin & 0xffff) < DASD_3390_HEADS && (end & 0xffff) < DASD_3390_HEADS && begin >> 16 < CYLINDERS &&
                    end >> 16 < CYLINDERS && begin <= end;

    return fits && !(de[1] & FAST_WRITE) ? NULL : "extent";
}

static const char *sector(const guint8 *data, G_GNUC_UNUSED guint count)
{
    return data[0] >= DASD_3390_SECTORS && data[0] != NO_SECTOR ? "sector" : NULL;
}

static const char *record(const guint8 *data, G_GNUC_UNUSED guint count)
{
    if (ccw_load_be32(data) == G_MAXUINT32 && ccw_load_be32(data + 4) == G_MAXUINT32)
        return "ones";
    return ccw_load_be16(data + DASD_COUNT_OFS_DL) > LARGE ? "large" : NULL;
}

static const char *search(G_GNUC_UNUSED const guint8 *data, guint count)
{
    return count == 0 ? "zero" : NULL;
}

static const char *function(const guint8 *data, G_GNUC_UNUSED guint count)
{
    return data[0] == ORDER_INTERCEPT ? "intercept" : NULL;
}

static const struct {
    guint8 code;
    guint8 mask; /* of the code */
    const char *(*find)(const guint8 *data, guint count);
} rows[] = {
    { DASD_CODE_DEFINE_EXTENT, 0xff, extent },       { DASD_CODE_SET_SECTOR, 0xff, sector },
    { DASD_CODE_WRITE_CKD, 0x7f, record },           { DASD_CODE_ERASE, 0xff, record },
    { DASD_CODE_SEARCH_ID_EQUAL, 0x1f, search },     { DASD_CODE_SEARCH_KEY_EQUAL, 0x1f, search },
    { DASD_CODE_SEARCH_HOME_ADDRESS, 0x7f, search }, { DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, 0xff, function },
};

const char *oracle_fact(const guint8 *slot, guint command)
{
    CoreCcw ccw = core_slot_ccw(slot, command);
    guint8 data[PARAMETERS];

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if ((ccw.cmd & rows[i].mask) != (rows[i].code & rows[i].mask))
            continue;
        core_slot_read(slot, command, data, sizeof(data));
        return rows[i].find(data, ccw.count);
    }
    return NULL;
}
