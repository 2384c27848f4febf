/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of commands in a chain: what must come before each command, and what must not. docs/dasd.md lists the rules
 * and the source of each.
 */
#include <string.h>

#include "dasd-bench.h"
#include "util/endian.h"

#define TRACK 7
#define RECORDS 3
#define SIZE 100
#define REJECT 0x80
#define SEQUENCE 0x02 /* messages of a command reject */
#define PARAMETER 0x04

static Bench bench;
static guint8 data[4096];
static guint8 seek_track[6] = { [5] = TRACK }, seek_other[6] = { [5] = 3 };
static guint8 id[5] = { [3] = TRACK, [4] = 1 };

static void open_formatted(void)
{
    bench_open(&bench, 3, NULL);
    for (guint32 track = 0; track < 15; track++)
        bench_format(&bench, track, RECORDS, 0, SIZE);
}

static void begin_extent(guint8 mask)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(mask, 0, 29), 16);
}

static void assert_unwritten(guint32 track)
{
    begin_extent(0x40);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, RECORDS, track, 1), 16);
    for (guint i = 0; i < RECORDS; i++)
        bench_ccw(&bench, DASD_CODE_READ_DATA_MT, i + 1 < RECORDS ? CC : 0, data + i * SIZE, SIZE);
    memset(data, 0xee, sizeof(data));
    bench_run_good(&bench);
    for (guint i = 0; i < RECORDS * SIZE; i++)
        g_assert_cmphex(data[i], ==, 0);
}

/* Each chain must name its track: the position that an earlier program left does not count. */
static void no_place(void)
{
    static const guint8 commands[] = {
        DASD_CODE_READ_DATA,
        DASD_CODE_READ_DATA_MT,
        DASD_CODE_READ_KEY_AND_DATA,
        DASD_CODE_READ_KEY_AND_DATA_MT,
        DASD_CODE_READ_COUNT,
        DASD_CODE_READ_COUNT_MT,
        DASD_CODE_READ_CKD,
        DASD_CODE_READ_CKD_MT,
        DASD_CODE_READ_HOME_ADDRESS,
        DASD_CODE_READ_HOME_ADDRESS_MT,
        DASD_CODE_READ_R0,
        DASD_CODE_READ_R0_MT,
        DASD_CODE_SEARCH_ID_EQUAL,
        DASD_CODE_SEARCH_ID_EQUAL_MT,
        DASD_CODE_SEARCH_ID_HIGH,
        DASD_CODE_SEARCH_ID_HIGH_MT,
        DASD_CODE_SEARCH_ID_EQUAL_OR_HIGH,
        DASD_CODE_SEARCH_ID_EQUAL_OR_HIGH_MT,
        DASD_CODE_SEARCH_KEY_EQUAL,
        DASD_CODE_SEARCH_KEY_EQUAL_MT,
        DASD_CODE_SEARCH_KEY_HIGH,
        DASD_CODE_SEARCH_KEY_HIGH_MT,
        DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH,
        DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH_MT,
        DASD_CODE_SEARCH_HOME_ADDRESS,
        DASD_CODE_SEARCH_HOME_ADDRESS_MT,
        DASD_CODE_SET_SECTOR,
        DASD_CODE_WRITE_DATA,
        DASD_CODE_WRITE_KEY_AND_DATA,
        DASD_CODE_WRITE_CKD,
        DASD_CODE_WRITE_R0,
        DASD_CODE_ERASE,
    };

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        for (guint extent = 0; extent < 2; extent++) {
            bench_begin(&bench);
            bench_ccw(&bench, DASD_CODE_SEEK, 0, seek_track, 6);
            bench_run_good(&bench);
            bench_begin(&bench);
            /* A define extent alone names no track. */
            if (extent)
                bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, TRACK, TRACK), 16);
            bench_ccw(&bench, commands[i], SLI, memset(data, 0x77, sizeof(data)), 16);
            bench_run_check(&bench, extent, REJECT, 0, SEQUENCE);
        }
    }
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK, 0, seek_track, 6);
    bench_run_good(&bench);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK_HEAD, 0, seek_other, 6);
    bench_run_check(&bench, 0, REJECT, 0, SEQUENCE);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, sizeof(id));
    bench_tic(&bench, 0);
    bench_ccw(&bench, DASD_CODE_WRITE_DATA, 0, memset(data, 0xab, sizeof(data)), SIZE);
    bench_run_check(&bench, 0, REJECT, 0, SEQUENCE);
    assert_unwritten(TRACK);
    bench_close(&bench);
}

/* Seek, seek cylinder, locate record and read IPL name a track. Seek head continues from there. */
static void places(void)
{
    guint8 count[8], other[8];

    open_formatted();
    for (guint i = 0; i < 4; i++) {
        bench_begin(&bench);
        if (i == 0)
            bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_track, 6);
        else if (i == 1)
            bench_ccw(&bench, DASD_CODE_SEEK_CYLINDER, CC, seek_track, 6);
        else if (i == 2)
            bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 0, 29), 16);
        if (i == 2)
            bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, TRACK, 1), 16);
        if (i == 3)
            bench_ccw(&bench, DASD_CODE_READ_IPL, CC | SLI, data, 24);
        bench_ccw(&bench, i == 2 ? DASD_CODE_READ_DATA_MT : DASD_CODE_READ_COUNT, CC | SLI, count, 8);
        bench_ccw(&bench, DASD_CODE_SEEK_HEAD, CC, seek_other, 6);
        bench_ccw(&bench, DASD_CODE_READ_COUNT, 0, other, 8);
        bench_run_good(&bench);
        if (i < 2)
            g_assert_cmpuint(count[3], ==, TRACK);
        g_assert_cmpuint(other[3], ==, 3);
    }
    bench_close(&bench);
}

/* Without a define extent, a locate record is out of sequence, whatever its parameters. */
static void no_extent(void)
{
    static const guint8 operations[] = { 0x06, 0x16, 0x2a, 0x3f };

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++) {
        guint8 locate[20] = { 0 };

        memcpy(locate, bench_locate(operations[i], 1, TRACK, 1), 16);
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, 0, locate, 16);
        bench_run_check(&bench, 0, REJECT, 0, SEQUENCE);
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD_EXTENDED, 0, locate, 20);
        bench_run_check(&bench, 0, REJECT, 0, SEQUENCE);
    }
    bench_close(&bench);
}

/* A seek before the define extent does not lead out of the extent. */
static void seek_before_extent(void)
{
    open_formatted();
    for (guint i = 0; i < 2; i++) {
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_track, 6);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, i ? TRACK : 0, i ? TRACK : TRACK - 1), 16);
        bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, sizeof(id));
        bench_tic(&bench, 2);
        bench_ccw(&bench, DASD_CODE_WRITE_DATA, 0, memset(data, 0, SIZE), SIZE);
        if (i)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, 2, 0, 0x04, 0);
    }
    bench_close(&bench);
}

/* A chain has one define extent and one file mask, before the commands that they limit. */
static void limits(void)
{
    static const guint8 none[16], reserved[16] = { 0x20 };
    guint8 extent[16];
    const struct {
        guint8 first;
        const guint8 *first_data;
        guint8 second;
        const guint8 *second_data;
    } rows[] = {
        { DASD_CODE_SET_FILE_MASK, none, DASD_CODE_DEFINE_EXTENT, extent },
        { DASD_CODE_SET_FILE_MASK, none, DASD_CODE_SET_FILE_MASK, none },
        { DASD_CODE_SET_FILE_MASK, none, DASD_CODE_READ_IPL, data },
        { DASD_CODE_SET_FILE_MASK, none, DASD_CODE_DEVICE_RESERVE, data },
        { DASD_CODE_DEFINE_EXTENT, extent, DASD_CODE_SET_FILE_MASK, none },
        { DASD_CODE_DEFINE_EXTENT, extent, DASD_CODE_DEFINE_EXTENT, extent },
        { DASD_CODE_DEFINE_EXTENT, extent, DASD_CODE_READ_IPL, data },
        { DASD_CODE_DEFINE_EXTENT, extent, DASD_CODE_DEVICE_RELEASE, data },
        { DASD_CODE_READ_IPL, data, DASD_CODE_DEFINE_EXTENT, extent },
        { DASD_CODE_READ_IPL, data, DASD_CODE_SET_FILE_MASK, none },
        { DASD_CODE_READ_IPL, data, DASD_CODE_READ_IPL, data },
        { DASD_CODE_READ_IPL, data, DASD_CODE_UNCONDITIONAL_RESERVE, data },
    };

    open_formatted();
    memcpy(extent, bench_extent(0x40, 0, 29), sizeof(extent));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        bench_begin(&bench);
        bench_ccw(&bench, rows[i].first, CC | SLI, rows[i].first_data, 16);
        if (rows[i].first == DASD_CODE_READ_IPL)
            bench_ccw(&bench, DASD_CODE_READ_DATA_MT, CC | SLI, data, 16); /* ends the domain of READ IPL */
        bench_ccw(&bench, rows[i].second, SLI, rows[i].second_data, 16);
        bench_run_check(&bench, rows[i].first == DASD_CODE_READ_IPL ? 2 : 1, REJECT, 0, SEQUENCE);
    }
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, SLI, reserved, 1);
    bench_run_check(&bench, 0, REJECT, 0, PARAMETER);
    /* Bytes of a define extent that must be zero, and block sizes that no track can hold. */
    for (guint i = 2; i < 7; i += i == 2 ? 2 : 1) {
        memcpy(extent, bench_extent(0x40, 0, 29), sizeof(extent));
        ccw_store_be16(extent + 2, i == 2 ? 57335 : 57334);
        extent[i] |= 1;
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, 0, extent, 16);
        bench_run_check(&bench, 0, REJECT, 0, PARAMETER);
    }
    /* Cache fast write, alone and with the inhibition of fast write: the device has no cache. */
    for (guint8 attributes = 0xc1; attributes <= 0xc3; attributes++) {
        memcpy(extent, bench_extent(0x40, 0, 29), sizeof(extent));
        extent[1] = attributes;
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, 0, extent, 16);
        if (attributes == 0xc1)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, 0, REJECT, 0, PARAMETER);
    }
    bench_close(&bench);
}

/* If the mask forbids a seek, the device reports that before it checks the seek's count. */
static void seek_masks(void)
{
    static const struct {
        guint8 mask, seek;
        gboolean is_allowed;
    } rows[] = {
        { 0x00, DASD_CODE_SEEK, TRUE },           { 0x08, DASD_CODE_SEEK, FALSE },
        { 0x08, DASD_CODE_SEEK_CYLINDER, TRUE },  { 0x08, DASD_CODE_SEEK_HEAD, TRUE },
        { 0x10, DASD_CODE_SEEK_CYLINDER, FALSE }, { 0x10, DASD_CODE_SEEK_HEAD, TRUE },
        { 0x18, DASD_CODE_SEEK_HEAD, FALSE },     { 0x18, DASD_CODE_SEEK_CYLINDER, FALSE },
    };

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (guint16 count = 5; count <= 6; count++) {
            bench_begin(&bench);
            bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_track, 6);
            bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, CC, &rows[i].mask, 1);
            bench_ccw(&bench, rows[i].seek, SLI, seek_other, count);
            if (!rows[i].is_allowed)
                bench_run_check(&bench, 2, 0, 0x04, 0);
            else if (count == 5)
                bench_run_check(&bench, 2, REJECT, 0, 0x03);
            else
                bench_run_good(&bench);
        }
    }
    bench_close(&bench);
}

/* A reserve must be first in its chain. SENSE SUBSYSTEM STATUS may also follow a command that identifies the device. */
static void first_in_chain(void)
{
    static const struct {
        guint8 before, command;
        gboolean good;
    } rows[] = {
        { DASD_CODE_NO_OPERATION, DASD_CODE_DEVICE_RESERVE, FALSE },
        { DASD_CODE_SEEK, DASD_CODE_DEVICE_RESERVE, FALSE },
        { DASD_CODE_READ_DEVICE_CHARACTERISTICS, DASD_CODE_DEVICE_RESERVE, FALSE },
        { DASD_CODE_NO_OPERATION, DASD_CODE_UNCONDITIONAL_RESERVE, FALSE },
        { DASD_CODE_READ_CONFIGURATION_DATA, DASD_CODE_UNCONDITIONAL_RESERVE, FALSE },
        { DASD_CODE_NO_OPERATION, DASD_CODE_SENSE_SUBSYSTEM_STATUS, FALSE },
        { DASD_CODE_SEEK, DASD_CODE_SENSE_SUBSYSTEM_STATUS, FALSE },
        { DASD_CODE_SENSE_SUBSYSTEM_STATUS, DASD_CODE_SENSE_SUBSYSTEM_STATUS, FALSE },
        { DASD_CODE_READ_DEVICE_CHARACTERISTICS, DASD_CODE_SENSE_SUBSYSTEM_STATUS, TRUE },
        { DASD_CODE_READ_CONFIGURATION_DATA, DASD_CODE_SENSE_SUBSYSTEM_STATUS, TRUE },
    };

    bench_open(&bench, 1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        bench_begin(&bench);
        bench_ccw(&bench, rows[i].before, CC | SLI, rows[i].before == DASD_CODE_SEEK ? seek_other : data, 6);
        bench_ccw(&bench, rows[i].command, SLI, data, 6);
        if (rows[i].good)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, 1, REJECT, 0, SEQUENCE);
    }
    bench_close(&bench);
}

/*
 * READ IPL stands for a locate record with a count of two: one more read or a no-operation must follow, before any
 * seek.
 */
static void read_ipl(void)
{
    bench_open(&bench, 1, "IPL001");
    for (guint i = 0; i < 3; i++) {
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_READ_IPL, CC | SLI, data, 24);
        if (i == 0)
            bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
        if (i == 1)
            bench_ccw(&bench, DASD_CODE_READ_DATA, CC | SLI, data, 24);
        bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_other, 6);
        bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
        if (i < 2)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, 1, REJECT, 0, SEQUENCE);
    }
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_IPL, CC | SLI, data, 24);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run_good(&bench);
    /* A locate record may follow it, within the extent of the whole volume. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_IPL, CC | SLI, data, 24);
    bench_ccw(&bench, DASD_CODE_READ_DATA, CC | SLI, data, 24);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 0, 3), 16);
    bench_ccw(&bench, DASD_CODE_READ_DATA_MT, 0, data, 80);
    bench_run_good(&bench);
    bench_close(&bench);
}

/* The operations that each of the three commands supports, and the orientation after each. */
static void operations(void)
{
    static const struct {
        guint8 operation, extended;
        guint8 commands; /* bits: locate record, locate record extended, prefix */
    } rows[] = {
        { 0x00, 0, 1 },    { 0x40, 0, 1 },    { 0x80, 0, 1 }, { 0xc0, 0, 0 }, { 0x01, 0, 7 },    { 0x41, 0, 0 },
        { 0x81, 0, 7 },    { 0xc1, 0, 0 },    { 0x03, 0, 7 }, { 0x43, 0, 7 }, { 0x83, 0, 0 },    { 0xc3, 0, 1 },
        { 0x06, 0, 5 },    { 0x46, 0, 5 },    { 0x86, 0, 5 }, { 0xc6, 0, 0 }, { 0x0b, 0, 7 },    { 0x4b, 0, 0 },
        { 0x8b, 0, 0 },    { 0xcb, 0, 0 },    { 0x0c, 0, 7 }, { 0x4c, 0, 7 }, { 0x8c, 0, 0 },    { 0xcc, 0, 0 },
        { 0x16, 0, 7 },    { 0x56, 0, 7 },    { 0x96, 0, 7 }, { 0xd6, 0, 7 }, { 0x3f, 0x23, 6 }, { 0x7f, 0x23, 0 },
        { 0x3f, 0x10, 0 }, { 0x16, 0x23, 1 }, { 0x09, 0, 0 }, { 0x0a, 0, 0 }, { 0x0e, 0, 0 },    { 0x3f, 0, 0 },
    };

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (guint command = 0; command < 3; command++) {
            guint8 pfx[64] = { 1, 0x80 };
            gboolean orients = (rows[i].operation & 0x3f) == 0;

            memcpy(pfx + 12, bench_extent(0xc0, 0, 29), 16);
            memcpy(pfx + 44, bench_locate(rows[i].operation, orients ? 0 : 1, TRACK, 1), 16);
            pfx[44 + 17] = rows[i].extended;
            bench_begin(&bench);
            if (command < 2)
                bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, pfx + 12, 16);
            if (command < 2)
                bench_ccw(&bench, command ? DASD_CODE_LOCATE_RECORD_EXTENDED : DASD_CODE_LOCATE_RECORD, CC, pfx + 44,
                          command ? 20 : 16);
            else
                bench_ccw(&bench, DASD_CODE_PREFIX, CC, pfx, sizeof(pfx));
            /* READ SECTOR is valid with an orientation, and out of sequence in every domain. */
            bench_ccw(&bench, DASD_CODE_READ_SECTOR, 0, data, 1);
            g_test_message("operation %02x/%02x, command %u", rows[i].operation, rows[i].extended, command);
            if (!(rows[i].commands >> command & 1))
                bench_run_check(&bench, command < 2, REJECT, 0, PARAMETER);
            else if (orients)
                bench_run_good(&bench);
            else
                bench_run_check(&bench, command < 2 ? 2 : 1, REJECT, 0, SEQUENCE);
        }
    }
    bench_close(&bench);
}

static const struct {
    guint8 operation, count;
    guint8 first; /* a command before it; 0: no such command */
    guint8 command;
    gboolean good;
} form_rows[] = {
    /* One write of data for one record; updates for several records, all of one kind. */
    { 0x01, 1, 0, DASD_CODE_WRITE_DATA, TRUE },
    { 0x01, 2, 0, DASD_CODE_WRITE_DATA, FALSE },
    { 0x01, 2, 0, DASD_CODE_WRITE_KEY_AND_DATA, FALSE },
    { 0x81, 1, 0, DASD_CODE_WRITE_DATA, FALSE },
    { 0x01, 2, DASD_CODE_WRITE_UPDATE_DATA, DASD_CODE_WRITE_UPDATE_DATA, TRUE },
    { 0x01, 2, DASD_CODE_WRITE_UPDATE_DATA, DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, FALSE },
    { 0x01, 2, DASD_CODE_WRITE_UPDATE_DATA, DASD_CODE_WRITE_DATA, FALSE },
    /* Reads. */
    { 0x06, 1, 0, DASD_CODE_READ_DATA, TRUE },
    { 0x16, 1, 0, DASD_CODE_READ_DATA, FALSE },
    { 0x16, 1, 0, DASD_CODE_READ_DATA_MT, TRUE },
    { 0x16, 1, 0, DASD_CODE_READ_R0, FALSE },
    { 0xd6, 1, 0, DASD_CODE_READ_R0, TRUE },
    { 0x56, 1, 0, DASD_CODE_READ_R0, TRUE },
    { 0x56, 1, 0, DASD_CODE_READ_HOME_ADDRESS, FALSE },
    { 0xd6, 1, 0, DASD_CODE_READ_HOME_ADDRESS, TRUE },
    { 0x06, 1, 0, DASD_CODE_READ_HOME_ADDRESS, TRUE },
    { 0x0c, 1, 0, DASD_CODE_READ_DATA_MT, FALSE },
    { 0x0c, 2, DASD_CODE_READ_TRACK_DATA, DASD_CODE_READ_TRACK, FALSE },
    { 0x0c, 2, DASD_CODE_READ_TRACK, DASD_CODE_READ_TRACK, TRUE },
    /* Formats: R0 after a home address, the next track after a record, erase in a write track operation. */
    { 0x03, 1, 0, DASD_CODE_WRITE_R0, FALSE },
    { 0x43, 1, 0, DASD_CODE_WRITE_R0, TRUE },
    { 0x03, 1, 0, DASD_CODE_WRITE_CKD_NEXT_TRACK, FALSE },
    { 0x03, 2, DASD_CODE_WRITE_CKD, DASD_CODE_WRITE_CKD_NEXT_TRACK, TRUE },
    { 0x03, 1, 0, DASD_CODE_ERASE, FALSE },
    { 0x0b, 1, 0, DASD_CODE_ERASE, TRUE },
    { 0x0b, 2, DASD_CODE_ERASE, DASD_CODE_WRITE_DATA, FALSE },
    /* No domain allows a second locate record, sense, no-operation, a seek, a search or another extent. */
    { 0x06, 1, 0, DASD_CODE_LOCATE_RECORD, FALSE },
    { 0x06, 1, 0, DASD_CODE_LOCATE_RECORD_EXTENDED, FALSE },
    { 0x06, 1, 0, DASD_CODE_PREFIX, FALSE },
    { 0x06, 1, 0, DASD_CODE_SENSE, FALSE },
    { 0x06, 1, 0, DASD_CODE_NO_OPERATION, FALSE },
    { 0x06, 1, 0, DASD_CODE_SEEK, FALSE },
    { 0x06, 1, 0, DASD_CODE_SEARCH_ID_EQUAL, FALSE },
    { 0x06, 1, 0, DASD_CODE_DEFINE_EXTENT, FALSE },
};

/* Sends commands that the operation does not allow, each after commands that it allows. */
static void forms(void)
{
    static guint8 buffers[2][4096];

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(form_rows); i++) {
        g_test_message("operation %02x, count %u: %02x %02x", form_rows[i].operation, form_rows[i].count,
                       form_rows[i].first, form_rows[i].command);
        memset(buffers, 0, sizeof(buffers));
        buffers[0][3] = TRACK;
        buffers[1][3] = form_rows[i].command == DASD_CODE_WRITE_CKD_NEXT_TRACK ? TRACK + 1 : TRACK;
        buffers[0][4] = buffers[1][4] = form_rows[i].command == DASD_CODE_WRITE_R0 ? 0 : 4;
        buffers[0][7] = buffers[1][7] = 8;
        begin_extent(0xc0);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC,
                  bench_locate(form_rows[i].operation, form_rows[i].count, TRACK, 1), 16);
        if (form_rows[i].first)
            bench_ccw(&bench, form_rows[i].first, CC | SLI, buffers[0], SIZE);
        bench_ccw(&bench, form_rows[i].command, SLI, buffers[1], SIZE);
        if (form_rows[i].good)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, form_rows[i].first ? 3 : 2, REJECT, 0, SEQUENCE);
        bench_format(&bench, TRACK, RECORDS, 0, SIZE);
    }
    bench_close(&bench);
}

/* All commands that a locate record announces must come before the end of the chain. */
static void incomplete(void)
{
    open_formatted();
    for (guint8 count = 1; count < 4; count++) {
        begin_extent(0x40);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, count, TRACK, 1), 16);
        bench_ccw(&bench, DASD_CODE_READ_DATA_MT, CC, data, SIZE);
        bench_ccw(&bench, DASD_CODE_READ_DATA_MT, 0, data, SIZE);
        if (count == 3)
            bench_run_check(&bench, 3, REJECT | 0x01, 0, 0);
        else
            bench_run_good(&bench);
    }
    bench_close(&bench);
}

/* The block size of an extent is the length of a write, and the maximum of a transfer length factor. */
static void block_size(void)
{
    guint8 extent[16], locate[16];

    open_formatted();
    for (guint i = 0; i < 3; i++) {
        memcpy(extent, bench_extent(0x80, 0, 29), sizeof(extent));
        ccw_store_be16(extent + 2, i == 0 ? SIZE : SIZE - 1);
        memcpy(locate, bench_locate(0x01, 1, TRACK, 1), sizeof(locate));
        if (i == 2) {
            locate[1] = 0x80;
            ccw_store_be16(locate + 14, SIZE);
        }
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, extent, 16);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, locate, 16);
        bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, 0, data, SIZE);
        if (i == 0)
            bench_run_good(&bench);
        else if (i == 1)
            bench_run_check(&bench, 2, 0, 0x40, 0);
        else
            bench_run_check(&bench, 1, REJECT, 0, PARAMETER);
    }
    bench_close(&bench);
}

static void find_record(guint8 code, const guint8 *argument, guint16 length)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, CC, "\xc0", 1);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_track, 6);
    bench_ccw(&bench, code, CC | SLI, argument, length);
    bench_tic(&bench, 2);
}

/* Outside of a domain, a write must follow a search that was equal in all bytes. */
static void searches(void)
{
    static const guint8 r0[16] = { [3] = TRACK, [7] = 8 }, home[4] = { [3] = TRACK }, key[4] = { 0 };
    static const struct {
        guint8 search;
        guint16 length;
        guint8 between; /* 0: no command */
        guint8 write;
        gboolean good;
    } rows[] = {
        { DASD_CODE_SEARCH_ID_EQUAL, 5, 0, DASD_CODE_WRITE_DATA, TRUE },
        { DASD_CODE_SEARCH_ID_EQUAL, 4, 0, DASD_CODE_WRITE_DATA, FALSE },
        { DASD_CODE_SEARCH_ID_EQUAL_OR_HIGH, 5, 0, DASD_CODE_WRITE_DATA, FALSE },
        { DASD_CODE_SEARCH_HOME_ADDRESS, 4, 0, DASD_CODE_WRITE_DATA, FALSE },
        { DASD_CODE_SEARCH_KEY_EQUAL, 4, 0, DASD_CODE_WRITE_DATA, TRUE },
        { DASD_CODE_SEARCH_KEY_EQUAL, 3, 0, DASD_CODE_WRITE_DATA, FALSE },
        { DASD_CODE_SEARCH_KEY_EQUAL, 4, 0, DASD_CODE_WRITE_KEY_AND_DATA, FALSE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, 0, DASD_CODE_WRITE_KEY_AND_DATA, TRUE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_READ_DATA, DASD_CODE_WRITE_DATA, FALSE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_READ_DATA, DASD_CODE_WRITE_CKD, TRUE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_READ_KEY_AND_DATA, DASD_CODE_WRITE_CKD, TRUE },
        { DASD_CODE_SEARCH_KEY_EQUAL, 4, DASD_CODE_READ_DATA, DASD_CODE_WRITE_CKD, TRUE },
        { DASD_CODE_SEARCH_KEY_EQUAL, 4, DASD_CODE_READ_KEY_AND_DATA, DASD_CODE_WRITE_CKD, FALSE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_READ_COUNT, DASD_CODE_WRITE_CKD, FALSE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_WRITE_DATA, DASD_CODE_WRITE_CKD, TRUE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_WRITE_CKD, DASD_CODE_WRITE_CKD, TRUE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_WRITE_CKD, DASD_CODE_ERASE, TRUE },
        { DASD_CODE_SEARCH_HOME_ADDRESS, 4, 0, DASD_CODE_WRITE_R0, TRUE },
        { DASD_CODE_SEARCH_HOME_ADDRESS, 3, 0, DASD_CODE_WRITE_R0, FALSE },
        { DASD_CODE_SEARCH_HOME_ADDRESS, 4, 0, DASD_CODE_WRITE_CKD, FALSE },
        { DASD_CODE_SEARCH_HOME_ADDRESS, 4, DASD_CODE_WRITE_R0, DASD_CODE_WRITE_CKD, TRUE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, 0, DASD_CODE_WRITE_R0, FALSE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_NO_OPERATION, DASD_CODE_WRITE_DATA, FALSE },
        { DASD_CODE_SEARCH_ID_EQUAL, 5, DASD_CODE_SEEK, DASD_CODE_WRITE_DATA, FALSE },
    };
    guint8 count[16] = { [3] = TRACK, [4] = 2, [7] = 8 };

    bench_open(&bench, 1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const guint8 *argument = rows[i].search == DASD_CODE_SEARCH_HOME_ADDRESS ? home
                                 : rows[i].search == DASD_CODE_SEARCH_KEY_EQUAL  ? key
                                                                                 : id;
        const guint8 *between = rows[i].between == DASD_CODE_WRITE_R0    ? r0
                                : rows[i].between == DASD_CODE_WRITE_CKD ? count
                                                                         : data;

        g_test_message("%02x %02x %02x", rows[i].search, rows[i].between, rows[i].write);
        memset(data, 0, sizeof(data));
        bench_format(&bench, TRACK, 1, 4, 20);
        find_record(rows[i].search, argument, rows[i].length);
        if (rows[i].between)
            bench_ccw(&bench, rows[i].between, CC | SLI, rows[i].between == DASD_CODE_SEEK ? seek_track : between, 16);
        bench_ccw(&bench, rows[i].write, SLI, rows[i].write == DASD_CODE_WRITE_R0 ? r0 : count, 16);
        if (rows[i].good)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, rows[i].between ? 5 : 4, REJECT, 0, SEQUENCE);
    }
    bench_close(&bench);
}

/* With home orientation, a search compares the home address. */
static void search_home(void)
{
    guint8 locate[16];

    open_formatted();
    memcpy(locate, bench_locate(0x4c, 1, TRACK, 0), sizeof(locate));
    locate[11] ^= 1;
    begin_extent(0x40);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, 0, locate, 16);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    bench_close(&bench);
}

/* A 3390 does not have the two old commands; the host must read a prepared answer at once; a prefix has 64 bytes. */
static void others(void)
{
    guint8 pfx[64] = { 0, 0x80 }, prepare[12] = { 0x18, [6] = 0x41 };

    open_formatted();
    for (guint i = 0; i < 2; i++) {
        bench_begin(&bench);
        bench_ccw(&bench, i ? 0x17 : 0x13, SLI, data, 1);
        bench_run_check(&bench, 0, REJECT, 0, 0x01);
    }
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, prepare, sizeof(prepare));
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run_check(&bench, 1, REJECT, 0, SEQUENCE);
    memcpy(pfx + 12, bench_extent(0x40, 0, 29), 16);
    for (guint16 size = 63; size <= 64; size++) {
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_PREFIX, 0, pfx, size);
        if (size == 64)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, 0, REJECT, 0, 0x03);
    }
    bench_close(&bench);
}

/* LOCATE RECORD operation 0B: R0's data and records replace the whole track, also one in a hole. */
static void write_track(void)
{
    static const guint8 r0[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    static const guint32 tracks[] = { TRACK, 20 };
    static guint8 track[4096];

    open_formatted();
    for (guint round = 0; round < 4; round++) {
        guint8 count = (guint8)(round % 2 + 1);
        guint32 number = tracks[round / 2];
        guint8 record[16] = { [1] = (guint8)(number / 15), [3] = (guint8)(number % 15), [4] = 1, [7] = 8, [8] = 0x5a };

        begin_extent(0xc0);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x0b, count, number, 0), 16);
        bench_ccw(&bench, DASD_CODE_WRITE_DATA, count > 1 ? CC : 0, r0, sizeof(r0));
        if (count > 1)
            bench_ccw(&bench, DASD_CODE_WRITE_CKD, 0, record, sizeof(record));
        bench_run_good(&bench);
        bench_close_device(&bench);
        bench_reopen(&bench, FALSE);
        begin_extent(0x40);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x4c, 1, number, 0), 16);
        bench_ccw(&bench, DASD_CODE_READ_TRACK, SLI, track, sizeof(track));
        bench_run_good(&bench);
        g_assert_cmpmem(track + 8, 8, r0, 8);
        if (count > 1)
            g_assert_cmpmem(track + 16, 16, record, 16);
        g_assert_cmphex(ccw_load_be64(track + 16 * count), ==, G_MAXUINT64);
    }
    /* ERASE takes as many bytes as a record with this count has. */
    begin_extent(0xc0);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x0b, 1, TRACK, 0), 16);
    bench_ccw(&bench, DASD_CODE_ERASE, SLI, memcpy(data, "\0\0\0\7\1\0\0\10", 8), SIZE);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, SIZE - 16);
    /* A mask that only allows updates does not allow it. */
    begin_extent(0x80);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x0b, 1, TRACK, 0), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_DATA, 0, r0, sizeof(r0));
    bench_run_check(&bench, 2, REJECT, 0, SEQUENCE);
    bench_close(&bench);
}

/* The device pads a short count with zeros. A count of all ones would be the end of the track. */
static void counts(void)
{
    static const guint8 ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
    guint8 count[8] = { [3] = TRACK, [4] = 2, [7] = 8 }, padded[8] = { [3] = TRACK, [4] = 2 };

    open_formatted();
    begin_extent(0xc0);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, 1, TRACK, 1), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_CKD, SLI, count, 5);
    bench_run_good(&bench);
    begin_extent(0x40);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, TRACK, 1), 16);
    bench_ccw(&bench, DASD_CODE_READ_COUNT_MT, 0, count, 8);
    bench_run_good(&bench);
    g_assert_cmpmem(count, 8, padded, 8);
    begin_extent(0xc0);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, 1, TRACK, 1), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_CKD, SLI, ones, 8);
    bench_run_check(&bench, 2, REJECT, 0, PARAMETER);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/order/no-place", no_place);
    g_test_add_func("/dasd/order/no-extent", no_extent);
    g_test_add_func("/dasd/order/places", places);
    g_test_add_func("/dasd/order/seek-before-extent", seek_before_extent);
    g_test_add_func("/dasd/order/limits", limits);
    g_test_add_func("/dasd/order/seek-masks", seek_masks);
    g_test_add_func("/dasd/order/read-ipl", read_ipl);
    g_test_add_func("/dasd/order/operations", operations);
    g_test_add_func("/dasd/order/forms", forms);
    g_test_add_func("/dasd/order/first-in-chain", first_in_chain);
    g_test_add_func("/dasd/order/incomplete", incomplete);
    g_test_add_func("/dasd/order/block-size", block_size);
    g_test_add_func("/dasd/order/searches", searches);
    g_test_add_func("/dasd/order/search-home", search_home);
    g_test_add_func("/dasd/order/others", others);
    g_test_add_func("/dasd/order/write-track", write_track);
    g_test_add_func("/dasd/order/counts", counts);
    return g_test_run();
}
