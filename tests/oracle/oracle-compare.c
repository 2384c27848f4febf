/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See oracle-compare.h. */
#include "oracle-compare.h"

#include <string.h>

#include "channel/arch.h"
#include "util/endian.h"

#define ECW (CORE_SLOT_IRB + CCW_IRB_OFS_ECW)

typedef struct {
    guint8 dstat;
    guint8 cstat;
    guint8 sense[3]; /* bytes 0, 1 and 7; zero without a unit check */
    guint16 residual;
    gint last; /* index of the CCW that it ended at */
} End;

static End get_end(const guint8 *slot, guint32 address)
{
    const guint8 *scsw = slot + CORE_SLOT_IRB + CCW_IRB_OFS_SCSW, *ecw = slot + ECW;
    End end = {
        .dstat = scsw[CCW_SCSW_OFS_DSTAT],
        .cstat = scsw[CCW_SCSW_OFS_CSTAT],
        .residual = ccw_load_be16(scsw + CCW_SCSW_OFS_COUNT),
        .last = (gint)(ccw_load_be32(scsw + CCW_SCSW_OFS_CPA) - (address + CORE_SLOT_CCWS)) / CCW_SIZE - 1,
    };

    if (end.dstat & CCW_DSTAT_UNIT_CHECK) {
        end.sense[0] = ecw[0];
        end.sense[1] = ecw[1];
        end.sense[2] = ecw[7];
    }
    return end;
}

static const guint8 *ccw_at(const guint8 *slot, gint index)
{
    return slot + CORE_SLOT_CCWS + CCW_SIZE * CLAMP(index, 0, CORE_CCWS_MAX - 1);
}

/* The command that a CCW belongs to: behind chained data, the one before. */
static gint command_of(const guint8 *slot, gint index)
{
    while (index > 0 && (ccw_at(slot, index - 1)[CCW_OFS_FLAGS] & CCW_FLAG_CD) &&
           ccw_at(slot, index - 1)[CCW_OFS_CMD] != CCW_CMD_TIC)
        index--;
    return index;
}

/* The operation of the last locate record before a CCW, with what a locate record extended adds. */
static void put_domain(GString *text, const guint8 *slot, gint index)
{
    for (gint i = index - 1; i >= 0; i--) {
        const guint8 *ccw = ccw_at(slot, i), *data = slot + (ccw_load_be32(ccw + CCW_OFS_CDA) & (CORE_SLOT_SIZE - 1));

        switch (ccw[CCW_OFS_CMD]) {
        case 0x47:
            g_string_append_printf(text, "%02x", data[0]);
            return;
        case 0x4b:
            g_string_append_printf(text, (data[0] & 0x3f) == 0x3f ? "x%02x/%02x" : "x%02x", data[0], data[17]);
            return;
        case 0xe7:
            g_string_append_printf(text, (data[44] & 0x3f) == 0x3f ? "p%02x/%02x" : "p%02x", data[44], data[44 + 17]);
            return;
        default:
            break;
        }
    }
    g_string_append(text, "-");
}

static void put_end(GString *text, const End *end, gint at)
{
    if (end->last > at)
        g_string_append(text, "on");
    else if (end->dstat & CCW_DSTAT_UNIT_CHECK)
        g_string_append_printf(text, "%02x/%02x/%02x%02x/%02x", end->dstat, end->cstat, end->sense[0], end->sense[1],
                               end->sense[2]);
    else
        g_string_append_printf(text, "%02x/%02x", end->dstat, end->cstat);
}

static gboolean same_status(const End *a, const End *b)
{
    return a->last == b->last && a->dstat == b->dstat && a->cstat == b->cstat &&
           memcmp(a->sense, b->sense, sizeof(a->sense)) == 0;
}

/*
 * The address of the status is told otherwise: behind the CCW that a status modifier skips, where a chain ends, too,
 * and behind the last CCW of chained data, where a command was not begun.
 */
static gboolean same_but_for_address(const guint8 *slot, const End *ours, const End *theirs)
{
    End as_ours = *theirs;

    as_ours.last = ours->last;
    return ours->last != theirs->last && same_status(ours, &as_ours) &&
           (((theirs->dstat & CCW_DSTAT_STATUS_MODIFIER) && theirs->last == ours->last + 1) ||
            command_of(slot, ours->last) == command_of(slot, theirs->last));
}

/* The CCW whose data differs first, -1 for none. */
static gint differing_ccw(const guint8 *ours, const guint8 *theirs)
{
    for (gint i = 0; i < CORE_CCWS_MAX; i++) {
        const guint8 *ccw = ccw_at(ours, i);
        guint32 offset = ccw_load_be32(ccw + CCW_OFS_CDA) & (CORE_SLOT_SIZE - 1);
        guint count = ccw_load_be16(ccw + CCW_OFS_COUNT);

        if (ccw[CCW_OFS_CMD] != CCW_CMD_TIC && offset >= CORE_SLOT_DATA && offset + count <= CORE_SLOT_SIZE &&
            memcmp(ours + offset, theirs + offset, count) != 0)
            return i;
    }
    return -1;
}

static void put_place(GString *text, const guint8 *slot, gint index)
{
    index = command_of(slot, index);
    g_string_append_printf(text, "%02x ", ccw_at(slot, index)[CCW_OFS_CMD]);
    put_domain(text, slot, index);
    g_string_append_c(text, ' ');
}

char *compare_slots(const guint8 *ours, const guint8 *theirs, guint32 address, gboolean same_image)
{
    const End a = get_end(ours, address), b = get_end(theirs, address);
    gint at = MIN(a.last, b.last), data = differing_ccw(ours, theirs);
    GString *text = g_string_new(NULL);
    const char *what = NULL;

    if (same_but_for_address(ours, &a, &b))
        what = "address";
    if (same_status(&a, &b)) {
        what = data >= 0 ? "data" : a.residual != b.residual ? "residual" : !same_image ? "image" : NULL;
        if (!what) {
            g_string_free(text, TRUE);
            return NULL;
        }
    }
    put_place(text, ours, what && data >= 0 ? data : at);
    put_end(text, &a, at);
    g_string_append_c(text, ' ');
    put_end(text, &b, what ? b.last : at);
    if (what)
        g_string_append_printf(text, " %s", what);
    return g_string_free(text, FALSE);
}

static void describe_ccw(GString *text, const guint8 *ccw, const guint8 *slot, guint32 address)
{
    guint32 at = ccw_load_be32(ccw + CCW_OFS_CDA);
    guint16 count = ccw_load_be16(ccw + CCW_OFS_COUNT);

    if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC) {
        g_string_append_printf(text, "    tic %u\n", (at - address - CORE_SLOT_CCWS) / CCW_SIZE);
        return;
    }
    g_string_append_printf(text, "    %02x flags %02x count %u", ccw[CCW_OFS_CMD], ccw[CCW_OFS_FLAGS], count);
    for (guint i = 0; i < MIN(count, 66) && !ccw_cmd_is_input(ccw[CCW_OFS_CMD]) && at >= address; i++)
        g_string_append_printf(text, i % 4 ? "%02x" : " %02x", slot[at - address + i]);
    g_string_append_c(text, '\n');
}

static void describe_end(GString *text, const char *who, const guint8 *slot, guint32 address)
{
    const End end = get_end(slot, address);

    g_string_append_printf(text, "  %s CCW %d, ", who, end.last);
    put_end(text, &end, end.last);
    g_string_append_printf(text, ", residual count %u\n", end.residual);
}

char *compare_describe(const guint8 *ours, const guint8 *theirs, guint32 address)
{
    GString *text = g_string_new(NULL);

    for (gint i = 0; i < CORE_CCWS_MAX; i++)
        if (ccw_load_be32(ccw_at(ours, i)) || ccw_load_be32(ccw_at(ours, i) + CCW_OFS_CDA))
            describe_ccw(text, ccw_at(ours, i), ours, address);
    describe_end(text, "ours:  ", ours, address);
    describe_end(text, "theirs:", theirs, address);
    return g_string_free(text, FALSE);
}
