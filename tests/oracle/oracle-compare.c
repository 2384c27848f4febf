/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the first difference between the two results of a program, and describes it in words of the list. */
#include "oracle-compare.h"

#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-codes.h"
#include "oracle-facts.h"
#include "util/endian.h"

#define ECW (CORE_SLOT_IRB + CHANNEL_IRB_OFS_ECW)

typedef struct {
    guint8 dstat;
    guint8 cstat;
    guint8 sense[3]; /* bytes 0, 1 and 7; zero without a unit check */
    guint16 residual;
    gint last; /* index of the CCW that it ended at */
} End;

static End get_end(const guint8 *slot)
{
    const guint8 *scsw = slot + CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW, *ecw = slot + ECW;
    End end = {
        .dstat = scsw[CHANNEL_SCSW_OFS_DSTAT],
        .cstat = scsw[CHANNEL_SCSW_OFS_CSTAT],
        .residual = ccw_load_be16(scsw + CHANNEL_SCSW_OFS_COUNT),
        .last = core_slot_index(slot, ccw_load_be32(scsw + CHANNEL_SCSW_OFS_CPA)),
    };

    if (end.dstat & CHANNEL_DSTAT_UNIT_CHECK) {
        end.sense[0] = ecw[0];
        end.sense[1] = ecw[1];
        end.sense[2] = ecw[7];
    }
    return end;
}

static gint command_of(const guint8 *slot, gint index)
{
    return index > 0 ? (gint)core_slot_command(slot, (guint)index) : index;
}

/* The operation of the last locate record before a CCW, with what a locate record extended adds. */
static void put_domain(GString *text, const guint8 *slot, gint index)
{
    for (gint i = MIN(index, CORE_CCWS_MAX) - 1; i >= 0; i--) {
        CoreCcw ccw = core_slot_ccw(slot, (guint)i);
        guint8 data[64];

        if (command_of(slot, i) != i)
            continue;
        core_slot_read(slot, (guint)i, data, sizeof(data));
        switch (ccw.cmd) {
        case DASD_CODE_LOCATE_RECORD:
            g_string_append_printf(text, "%02x", data[0]);
            return;
        case DASD_CODE_LOCATE_RECORD_EXTENDED:
            g_string_append_printf(text, (data[0] & 0x3f) == 0x3f ? "x%02x/%02x" : "x%02x", data[0], data[17]);
            return;
        case DASD_CODE_PREFIX:
            g_string_append_printf(text, (data[44] & 0x3f) == 0x3f ? "p%02x/%02x" : "p%02x", data[44], data[44 + 17]);
            return;
        default:
            break;
        }
    }
    g_string_append(text, "-");
}

/* @last: the CCW of the command at which the program ended */
static void put_end(GString *text, const End *end, gint last, gint at)
{
    if (last > at)
        g_string_append(text, "on");
    else if (end->dstat & CHANNEL_DSTAT_UNIT_CHECK)
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
 * Hercules gives another address of the status in two cases: after the CCW that a status modifier skips, also where a
 * chain ends; and after the last CCW of chained data of a command that did not begin. Returns which; NULL for neither.
 */
static const char *find_address(const guint8 *slot, const End *ours, const End *theirs)
{
    End as_ours = *theirs;

    as_ours.last = ours->last;
    if (ours->last == theirs->last || !same_status(ours, &as_ours))
        return NULL;
    if ((theirs->dstat & CHANNEL_DSTAT_STATUS_MODIFIER) && theirs->last == ours->last + 1)
        return "address/modifier";
    return command_of(slot, ours->last) == command_of(slot, theirs->last) ? "address/chained" : NULL;
}

static gboolean data_differs(const guint8 *ours, const guint8 *theirs, guint index)
{
    CoreRange ranges[CORE_RANGES_MAX];
    guint n = core_slot_ranges(ours, index, ranges);

    for (guint i = 0; i < n; i++)
        if (memcmp(ours + ranges[i].offset, theirs + ranges[i].offset, ranges[i].length) != 0)
            return TRUE;
    return FALSE;
}

/* Returns the first CCW whose data differs, or -1. */
static gint differing_ccw(const guint8 *ours, const guint8 *theirs)
{
    for (guint i = 0; i < CORE_CCWS_MAX; i++)
        if (data_differs(ours, theirs, i))
            return (gint)i;
    return -1;
}

/* Compares what each side told before the end, and the storage after it. Returns NULL if all is the same. */
static const char *differing_rest(const guint8 *ours, const guint8 *theirs, gint data)
{
    const guint after = CORE_SLOT_SUSPENDED, size = CORE_SLOT_TOLD_SIZE - (CORE_SLOT_SUSPENDED - CORE_SLOT_PCI);

    if (memcmp(ours + after, theirs + after, size) != 0)
        return "suspended";
    if (memcmp(ours + CORE_SLOT_PCI, theirs + CORE_SLOT_PCI, CORE_SLOT_SUSPENDED - CORE_SLOT_PCI) != 0)
        return "pci";
    if (data < 0 && memcmp(ours + CORE_SLOT_CCWS, theirs + CORE_SLOT_CCWS, CORE_SLOT_SIZE - CORE_SLOT_CCWS) != 0)
        return "stray";
    return NULL;
}

/* The codes of the commands before the one here. */
static void put_behind(GString *text, const guint8 *slot, gint index)
{
    gsize before = text->len;

    for (gint i = 0; i < MIN(index, CORE_CCWS_MAX); i++) {
        guint8 cmd = core_slot_ccw(slot, (guint)i).cmd;

        if (cmd && cmd != CCW_CMD_TIC && command_of(slot, i) == i)
            g_string_append_printf(text, text->len > before ? ".%02x" : "%02x", cmd);
    }
    g_string_append(text, text->len > before ? " " : "- ");
}

static void put_place(GString *text, const guint8 *slot, gint index)
{
    CoreCcw ccw = core_slot_ccw(slot, (guint)MAX(index, 0));

    g_string_append_printf(text, ccw.flags & CCW_FLAG_CD ? "%02x+ " : "%02x ", ccw.cmd);
    put_behind(text, slot, index);
    put_domain(text, slot, index);
    g_string_append_c(text, ' ');
}

static void put_word(GString *text, const char *word)
{
    if (text->str[text->len - 1] != ' ')
        g_string_append_c(text, '.');
    g_string_append(text, word);
}

/* What is special in the ORB. */
static void put_orb(GString *text, const guint8 *slot)
{
    guint32 orb = ccw_load_be32(slot + CORE_SLOT_ORB + CHANNEL_ORB_OFS_FLAGS);
    guint32 cpa = ccw_load_be32(slot + CORE_SLOT_ORB + CHANNEL_ORB_OFS_CPA);

    if (cpa != ccw_load_be32(slot + CORE_SLOT_ADDRESS) + CORE_SLOT_CCWS)
        put_word(text, "cpa");
    if (!(orb & CHANNEL_ORB_FORMAT1))
        put_word(text, "format0");
    if (!(orb & CHANNEL_ORB_PREFETCH))
        put_word(text, "fetch");
    if (orb & CHANNEL_ORB_C64)
        put_word(text, orb & CHANNEL_ORB_T2K ? "64/2k" : "64");
    if (orb & CHANNEL_ORB_SUSPEND)
        put_word(text, "suspend");
    if (orb & CHANNEL_ORB_ILS)
        put_word(text, "ils");
    if (orb & CHANNEL_ORB_SUPPRESS)
        put_word(text, "suppress");
}

/* What is special in the CCWs of a command, up to the one at which the program ended. */
static void put_channel(GString *text, const guint8 *slot, gint command)
{
    static const struct {
        guint8 flag;
        const char *word;
    } words[] = {
        { CCW_FLAG_IDA, "ida" },      { CCW_FLAG_SKIP, "skip" }, { CCW_FLAG_PCI, "pci" },
        { CCW_FLAG_SUSPEND, "stop" }, { CCW_FLAG_MIDA, "mida" },
    };
    gboolean has_data = TRUE;
    gsize before = text->len;
    guint8 flags = 0;

    put_orb(text, slot);
    command = MAX(command, 0);
    if (command > 0 && core_slot_ccw(slot, (guint)command - 1).cmd == CCW_CMD_TIC)
        put_word(text, "tic");
    for (gint i = command; i < CORE_CCWS_MAX && command_of(slot, i) == command; i++) {
        CoreCcw ccw = core_slot_ccw(slot, (guint)i);

        flags |= ccw.cmd == CCW_CMD_TIC ? 0 : ccw.flags;
        has_data &= core_slot_has_data(slot, (guint)i) && (ccw.count > 0 || i == command || ccw.cmd == CCW_CMD_TIC);
    }
    if (!has_data)
        put_word(text, "bad");
    if (oracle_fact(slot, (guint)command))
        put_word(text, oracle_fact(slot, (guint)command));
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (flags & words[i].flag)
            put_word(text, words[i].word);
    if (text->len == before)
        g_string_append_c(text, '-');
}

/* Returns what differs between two ends with one status; NULL if all is the same. */
static const char *find_what(const guint8 *ours, const guint8 *theirs, gboolean same_image, gint data)
{
    const char *rest = differing_rest(ours, theirs, data);

    if (data >= 0)
        return "data";
    if (get_end(ours).residual != get_end(theirs).residual)
        return "residual";
    return !same_image ? "image" : rest;
}

/* Returns the count of the CCW of an end. A unit check is the end of a command: of all its chained CCWs up to there. */
static gint get_count(const guint8 *slot, const End *end)
{
    gint last = MAX(end->last, 0), count = core_slot_ccw(slot, (guint)last).count;

    if (!(end->dstat & CHANNEL_DSTAT_UNIT_CHECK) || last >= CORE_CCWS_MAX)
        return count;
    for (gint i = command_of(slot, last); i >= 0 && i < last; i++)
        if (core_slot_ccw(slot, (guint)i).cmd != CCW_CMD_TIC)
            count += core_slot_ccw(slot, (guint)i).count;
    return count;
}

/* The bytes that the device took, or gave. */
static void put_taken(GString *text, const guint8 *slot)
{
    const End end = get_end(slot);
    gint count = get_count(slot, &end);

    if (count == 0)
        g_string_append(text, "/none");
    else if (end.residual == 0)
        g_string_append(text, "/all");
    else
        g_string_append_printf(text, "/%d", count - end.residual);
}

/*
 * Returns the command at which two ends differ: the first one. In a loop, the command with the smaller index can be the
 * later one, so it is the one with the larger index there.
 */
static gint find_place(const guint8 *slot, gint last_a, gint last_b)
{
    gint first = MIN(last_a, last_b), second = MAX(last_a, last_b);

    for (gint i = MAX(second, 0); i < CORE_CCWS_MAX; i++) {
        CoreCcw ccw = core_slot_ccw(slot, (guint)i);

        if (ccw.cmd == CCW_CMD_TIC && ccw.cda % CCW_SIZE == 0 && core_slot_index(slot, ccw.cda + CCW_SIZE) <= first &&
            first >= 0 && core_slot_index(slot, ccw.cda + CCW_SIZE) >= 0)
            return second;
    }
    return first;
}

char *compare_slots(const guint8 *ours, const guint8 *theirs, gboolean same_image)
{
    const End a = get_end(ours), b = get_end(theirs);
    gint last_a = command_of(ours, a.last), last_b = command_of(ours, b.last), at = find_place(ours, last_a, last_b);
    gint data = differing_ccw(ours, theirs);
    const char *what = find_address(ours, &a, &b);
    GString *text;

    if (same_status(&a, &b)) {
        what = find_what(ours, theirs, same_image, data);
        if (!what)
            return NULL;
    }
    text = g_string_new(NULL);
    if (what && data >= 0) {
        what = "data";
        at = command_of(ours, data);
    }
    put_place(text, ours, at);
    put_end(text, &a, last_a, what ? last_a : at);
    g_string_append_c(text, ' ');
    put_end(text, &b, last_b, what ? last_b : at);
    g_string_append_printf(text, " %s", what ? what : "-");
    if (what && strcmp(what, "residual") == 0) {
        put_taken(text, ours);
        put_taken(text, theirs);
    }
    g_string_append_c(text, ' ');
    put_channel(text, ours, at);
    return g_string_free(text, FALSE);
}

char *compare_kind(const char *difference)
{
    g_auto(GStrv) words = g_strsplit(difference, " ", -1);

    return g_strdup_printf("%s %s", words[0], difference + strlen(words[0]) + strlen(words[1]) + 2);
}

/* The IDAWs of a CCW, as words. */
static void describe_list(GString *text, const guint8 *slot, const CoreCcw *ccw)
{
    guint32 list = ccw->cda - ccw_load_be32(slot + CORE_SLOT_ADDRESS);

    g_string_append_printf(text, " IDAWs at %08x:", ccw->cda);
    for (guint i = 0; i < 4 && list <= CORE_SLOT_LISTS_END; i++)
        g_string_append_printf(text, " %08x", ccw_load_be32(slot + list + i * sizeof(guint32)));
}

static void describe_ccw(GString *text, const guint8 *slot, guint index)
{
    CoreCcw ccw = core_slot_ccw(slot, index);
    guint8 data[66];

    if (ccw.cmd == CCW_CMD_TIC) {
        g_string_append_printf(text, "#     tic %d\n", core_slot_index(slot, ccw.cda + CCW_SIZE));
        return;
    }
    g_string_append_printf(text, "#     %02x flags %02x count %u", ccw.cmd, ccw.flags, ccw.count);
    core_slot_read(slot, index, data, sizeof(data));
    for (guint i = 0; i < MIN(ccw.count, sizeof(data)) && !channel_cmd_is_input(ccw.cmd); i++)
        g_string_append_printf(text, i % 4 ? "%02x" : " %02x", data[i]);
    if (ccw.flags & CCW_FLAG_IDA)
        describe_list(text, slot, &ccw);
    g_string_append_c(text, '\n');
}

static void describe_end(GString *text, const char *who, const guint8 *slot)
{
    const End end = get_end(slot);

    g_string_append_printf(text, "#   %s CCW %d, ", who, end.last);
    put_end(text, &end, end.last, end.last);
    g_string_append_printf(text, ", residual count %u, PCI %d, %u suspensions, the last at CCW %d\n", end.residual,
                           core_slot_index(slot, ccw_load_be32(slot + CORE_SLOT_PCI)),
                           ccw_load_be32(slot + CORE_SLOT_SUSPENSIONS),
                           core_slot_index(slot, ccw_load_be32(slot + CORE_SLOT_SUSPENDED)));
}

char *compare_describe(const guint8 *ours, const guint8 *theirs)
{
    GString *text = g_string_new(NULL);

    g_string_append(text, "#   ORB: ");
    put_orb(text, ours);
    g_string_append_c(text, '\n');
    for (guint i = 0; i < CORE_CCWS_MAX; i++)
        if (core_slot_ccw(ours, i).cmd || core_slot_ccw(ours, i).count)
            describe_ccw(text, ours, i);
    describe_end(text, "ours:  ", ours);
    describe_end(text, "theirs:", theirs);
    return g_string_free(text, FALSE);
}
