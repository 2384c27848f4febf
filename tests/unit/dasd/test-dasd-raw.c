/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Raw track access as dasd_eckd_build_cp_raw() of drivers/s390/block/dasd_eckd.c does it: reads and writes whole
 * tracks.
 */
#include <string.h>
#include <unistd.h>

#include "dasd-bench.h"
#include "util/endian.h"

#define RAW_SIZE 57326
#define WRITE_PFX_SIZE 66
#define FIRST_OF_MAP 5 /* the track of the map's first bit */
#define END_OF_MAP 22

static Bench bench;
static guint8 raw[4][RAW_SIZE];

static const guint8 *prefix(guint8 operation, guint8 count, guint32 track)
{
    static guint8 pfx[WRITE_PFX_SIZE];
    gboolean write = operation == 0x3f;

    memset(pfx, 0, sizeof(pfx));
    pfx[0] = 1;
    pfx[1] = 0x80;
    memcpy(pfx + 12, bench_extent(write ? 0xc0 : 0x40, track, track + count - 1u), 16);
    memcpy(pfx + 44, bench_locate(operation, count, track, 1), 16);
    pfx[44 + 13] = 0xff;
    if (write) {
        pfx[44 + 17] = 0x11;
        pfx[44 + 19] = 2;
        ccw_store_be16(pfx + 64, (guint16)(0xffff0000u >> count));
    }
    return pfx;
}

static void add_tracks(guint8 cmd, guint8 count)
{
    for (guint i = 0; i < count; i++)
        bench_ccw(&bench, cmd, (i + 1u < count ? CC : 0) | SLI, raw[i], RAW_SIZE);
}

static void read_tracks(guint32 track, guint8 count)
{
    memset(raw, 0, sizeof(raw));
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PREFIX, CC, prefix(0x40 | 0x0c, count, track), 64);
    add_tracks(DASD_CODE_READ_TRACK, count);
    bench_run_good(&bench);
}

static void write_program(guint32 track, guint8 count)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PREFIX, CC, prefix(0x3f, count, track), WRITE_PFX_SIZE);
    add_tracks(DASD_CODE_WRITE_FULL_TRACK, count);
}

/* R0 has the address of its own track. */
static void address_r0(guint8 *track, guint32 number)
{
    ccw_store_be16(track, (guint16)(number / 15));
    ccw_store_be16(track + 2, (guint16)(number % 15));
}

/* Copies three different tracks to others, across the end of a cylinder. */
static void copy(void)
{
    guint8(*before)[RAW_SIZE] = g_malloc(sizeof(raw));

    bench_open(&bench, 2, NULL);
    bench_format(&bench, 2, 12, 0, 4096);
    bench_format(&bench, 3, 3, 44, 96);
    read_tracks(2, 3);
    for (guint32 i = 0; i < 3; i++)
        address_r0(raw[i], 13 + i);
    memcpy(before, raw, sizeof(raw));
    write_program(13, 3);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, RAW_SIZE - 16 - 8); /* the last track was empty */
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    read_tracks(13, 3);
    g_assert_cmpmem(raw, sizeof(raw), before, sizeof(raw));
    /* A track without any space left. */
    bench_format(&bench, 2, 1, 0, 56664);
    read_tracks(2, 1);
    address_r0(raw[0], 13);
    write_program(13, 1);
    bench_run_good(&bench);
    g_free(before);
    bench_close(&bench);
}

static void damage(guint32 track)
{
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    DasdImageOptions options = { .read_only = FALSE };
    int fd;

    bench_close_device(&bench);
    fd = dasd_image_open(bench.path, &options, &info, &error);
    g_assert_no_error(error);
    g_assert_cmpint(pwrite(fd, "\x99\x99\x99\x99\x99", 5, 512 + (off_t)track * 56832), ==, 5);
    close(fd);
    bench_reopen(&bench, FALSE);
}

/* A write replaces a damaged track. A read fails. */
static void repair(void)
{
    bench_open(&bench, 1, NULL);
    bench_format(&bench, 2, 2, 0, 512);
    read_tracks(2, 1);
    damage(2);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PREFIX, CC, prefix(0x40 | 0x0c, 1, 2), 64);
    bench_ccw(&bench, DASD_CODE_READ_TRACK, SLI, raw[1], RAW_SIZE);
    bench_run_check(&bench, 0, 0, 0x40, 0);
    write_program(2, 1);
    bench_run_good(&bench);
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    read_tracks(2, 1);
    bench_close(&bench);
}

/* Invalid track data leaves the old track unchanged: too few bytes, another R0, more than a track holds. */
static void no_track(void)
{
    enum { SHORTEST, NO_END, ENDLESS, R0_CYLINDER, R0_HEAD, R0_NUMBER, R0_KEY, R0_LENGTH, TOO_LONG, CASES };
    guint8 before[100];

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 5, 2, 0, 20);
    for (guint i = 0; i < CASES; i++) {
        guint16 count = i == SHORTEST ? 23 : i == NO_END ? 16 + 2 * 28 : RAW_SIZE;
        gboolean is_short = i <= ENDLESS;

        read_tracks(5, 1);
        memcpy(before, raw[0], sizeof(before));
        if (i >= R0_CYLINDER && i <= R0_LENGTH)
            raw[0][(const guint[]){ 1, 3, 4, 5, 7 }[i - R0_CYLINDER]]++;
        if (i == ENDLESS)
            ccw_store_be16(raw[0] + 16 + 28 + 6, 60000);
        if (i == TOO_LONG)
            ccw_store_be16(raw[0] + 16 + 6, 57000);
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_PREFIX, CC, prefix(0x3f, 1, 5), WRITE_PFX_SIZE);
        bench_ccw(&bench, DASD_CODE_WRITE_FULL_TRACK, SLI, raw[0], count);
        g_test_message("case %u", i);
        if (i == TOO_LONG || i == ENDLESS)
            bench_run_check(&bench, 1, 0, 0x40, 0);
        else
            bench_run_check(&bench, 1, 0x80, 0, is_short ? 0x03 : 0x04);
        read_tracks(5, 1);
        g_assert_cmpmem(raw[0], sizeof(before), before, sizeof(before));
    }
    bench_close(&bench);
}

static void run_prefix(const guint8 *pfx, guint16 size, guint8 count)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PREFIX, CC, pfx, size);
    add_tracks(DASD_CODE_WRITE_FULL_TRACK, count);
}

typedef struct {
    guint16 map;
    guint8 length; /* length of the parameter */
    guint8 count;
    guint32 last; /* last track of the extent */
    guint8 sense0, sense1, message;
} MapRow;

static gboolean is_in_map(const MapRow *row, guint32 track)
{
    guint32 map = row->length == 1 ? row->map & 0xff00 : row->map;

    return (map << (track - FIRST_OF_MAP) & 0x8000) != 0;
}

/* Copies track 2 to the tracks in the map, with their addresses. */
static void fill_tracks(const MapRow *row)
{
    guint32 track = FIRST_OF_MAP;

    read_tracks(2, 1);
    for (guint k = 1; k < row->count; k++)
        memcpy(raw[k], raw[0], RAW_SIZE);
    for (guint k = 0; k < row->count; k++) {
        address_r0(raw[k], track);
        do {
            track++;
        } while (track < END_OF_MAP - 1 && !is_in_map(row, track));
    }
}

static void run_map(const MapRow *row)
{
    guint8 pfx[WRITE_PFX_SIZE];

    memcpy(pfx, prefix(0x3f, row->count, FIRST_OF_MAP), sizeof(pfx));
    ccw_store_be16(pfx + 12 + 14, (guint16)(row->last % 15));
    ccw_store_be16(pfx + 12 + 12, (guint16)(row->last / 15));
    pfx[63] = row->length;
    ccw_store_be16(pfx + 64, row->map);
    run_prefix(pfx, WRITE_PFX_SIZE, row->count);
    if (row->sense0 || row->sense1)
        bench_run_check(&bench, 0, row->sense0, row->sense1, row->message);
    else
        bench_run_good(&bench);
}

/* A map of the tracks, with or without gaps. The locate record checks it and the addresses of all tracks. */
static void maps(void)
{
    static const MapRow rows[] = {
        { 0xc000, 2, 2, 6, 0, 0, 0 },       { 0xa000, 2, 2, 7, 0, 0, 0 },       { 0x8001, 2, 2, 20, 0, 0, 0 },
        { 0x9100, 1, 3, 12, 0, 0, 0 },      { 0x80ff, 1, 1, 5, 0, 0, 0 },       { 0xa000, 2, 2, 6, 0, 0x04, 0 },
        { 0x8001, 2, 2, 19, 0, 0x04, 0 },   { 0xc000, 2, 2, 5, 0, 0x04, 0 },    { 0x6000, 2, 2, 9, 0x80, 0, 0x04 },
        { 0xe000, 2, 2, 9, 0x80, 0, 0x04 }, { 0x8000, 2, 2, 9, 0x80, 0, 0x04 }, { 0x0000, 2, 1, 9, 0x80, 0, 0x04 },
        { 0x8000, 0, 1, 9, 0x80, 0, 0x04 }, { 0x8000, 3, 1, 9, 0x80, 0, 0x04 },
    };

    bench_open(&bench, 2, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gboolean is_good = !rows[i].sense0 && !rows[i].sense1;

        g_test_message("map %04x, extent to %u", rows[i].map, rows[i].last);
        bench_format(&bench, 2, 3, 0, 30);
        for (guint32 k = FIRST_OF_MAP; k < END_OF_MAP; k++)
            bench_format(&bench, k, 1, 0, 7);
        fill_tracks(&rows[i]);
        run_map(&rows[i]);
        for (guint32 k = FIRST_OF_MAP; k < END_OF_MAP; k++) {
            read_tracks(k, 1);
            g_assert_cmpuint(ccw_load_be16(raw[0] + 16 + 6), ==, is_good && is_in_map(&rows[i], k) ? 30 : 7);
        }
    }
    bench_close(&bench);
}

/*
 * The locate record rejects a mask that does not allow formats. A mask that protects R0 is allowed: a track can only
 * have the standard R0.
 */
static void masks(void)
{
    static const guint8 rejected[] = { 0x40, 0x80 };
    guint8 pfx[WRITE_PFX_SIZE];

    bench_open(&bench, 1, NULL);
    read_tracks(5, 1);
    memcpy(pfx, prefix(0x3f, 1, 5), sizeof(pfx));
    for (guint i = 0; i < G_N_ELEMENTS(rejected); i++) {
        pfx[12] = rejected[i];
        run_prefix(pfx, WRITE_PFX_SIZE, 1);
        bench_run_check(&bench, 0, 0x80, 0, 0x02);
    }
    pfx[12] = 0x00;
    run_prefix(pfx, WRITE_PFX_SIZE, 1);
    bench_run_good(&bench);
    bench_close(&bench);
}

static void parameters(void)
{
    guint8 pfx[WRITE_PFX_SIZE];

    bench_open(&bench, 1, NULL);
    read_tracks(5, 2);
    /* A parameter that is too short, and an invalid orientation. */
    for (guint i = 0; i < 2; i++) {
        memcpy(pfx, prefix(0x3f, 2, 5), sizeof(pfx));
        if (i == 1)
            pfx[44] |= 0x40;
        run_prefix(pfx, i == 0 ? 64 : WRITE_PFX_SIZE, 2);
        bench_run_check(&bench, 0, 0x80, 0, i == 0 ? 0x03 : 0x04);
    }
    /* More tracks than the domain has; another command. */
    run_prefix(prefix(0x3f, 1, 5), WRITE_PFX_SIZE, 2);
    bench_run_check(&bench, 2, 0x80, 0, 0x02);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PREFIX, CC, prefix(0x3f, 1, 5), WRITE_PFX_SIZE);
    add_tracks(DASD_CODE_READ_TRACK, 1);
    bench_run_check(&bench, 1, 0x80, 0, 0x02);
    /* Also by define extent and locate record extended, with 22 bytes. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 5, 6), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD_EXTENDED, CC, prefix(0x3f, 2, 5) + 44, 22);
    add_tracks(DASD_CODE_WRITE_FULL_TRACK, 2);
    bench_run_good(&bench);
    /* A read-only volume rejects it. */
    bench_close_device(&bench);
    bench_reopen(&bench, TRUE);
    write_program(5, 1);
    bench_run_check(&bench, 1, 0x80, 0x02, 0);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/raw/copy", copy);
    g_test_add_func("/dasd/raw/repair", repair);
    g_test_add_func("/dasd/raw/no-track", no_track);
    g_test_add_func("/dasd/raw/maps", maps);
    g_test_add_func("/dasd/raw/masks", masks);
    g_test_add_func("/dasd/raw/parameters", parameters);
    return g_test_run();
}
