/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Raw track access, as dasd_eckd_build_cp_raw of drivers/s390/block/dasd_eckd.c does it: whole tracks out and in.
 */
#include <string.h>
#include <unistd.h>

#include "dasd-bench.h"
#include "util/endian.h"

#define RAW_SIZE 57326
#define WRITE_PFX_SIZE 66

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
    bench_ccw(&bench, 0xe7, CC, prefix(0x40 | 0x0c, count, track), 64);
    add_tracks(0xde, count);
    bench_run_good(&bench);
}

static void write_program(guint32 track, guint8 count)
{
    bench_begin(&bench);
    bench_ccw(&bench, 0xe7, CC, prefix(0x3f, count, track), WRITE_PFX_SIZE);
    add_tracks(0x95, count);
}

/* Three tracks of different kinds are copied to others, over the end of a cylinder. */
static void copy(void)
{
    guint8(*before)[RAW_SIZE] = g_malloc(sizeof(raw));

    bench_open(&bench, 2, NULL);
    bench_format(&bench, 2, 12, 0, 4096);
    bench_format(&bench, 3, 3, 44, 96);
    read_tracks(2, 3);
    for (guint i = 0; i < 3; i++)
        ccw_store_be16(raw[i], 1); /* R0 may say what it likes */
    memcpy(before, raw, sizeof(raw));
    write_program(13, 3);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, RAW_SIZE - 16 - 8); /* the last was empty */
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    read_tracks(13, 3);
    g_assert_cmpmem(raw, sizeof(raw), before, sizeof(raw));
    /* The fullest track that there is. */
    bench_format(&bench, 2, 1, 0, 56664);
    read_tracks(2, 1);
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

/* A damaged track is replaced, not read. */
static void repair(void)
{
    bench_open(&bench, 1, NULL);
    bench_format(&bench, 2, 2, 0, 512);
    read_tracks(2, 1);
    damage(2);
    bench_begin(&bench);
    bench_ccw(&bench, 0xe7, CC, prefix(0x40 | 0x0c, 1, 2), 64);
    bench_ccw(&bench, 0xde, SLI, raw[1], RAW_SIZE);
    bench_run_check(&bench, 0, 0, 0x40, 0);
    write_program(2, 1);
    bench_run_good(&bench);
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    read_tracks(2, 1);
    bench_close(&bench);
}

/* What is no track leaves the old one as it was. */
static void no_track(void)
{
    guint8 before[100];

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 5, 2, 0, 20);
    for (guint i = 0; i < 5; i++) {
        guint16 count = RAW_SIZE;

        read_tracks(5, 1);
        memcpy(before, raw[0], sizeof(before));
        if (i == 0)
            memset(raw[0], 0, RAW_SIZE); /* nothing at all */
        else if (i == 1)
            raw[0][4] = 1; /* no R0 */
        else if (i == 2)
            count = 16 + 2 * 28; /* no end */
        else if (i == 3)
            ccw_store_be16(raw[0] + 16 + 28 + 6, 60000); /* no end either: R2 goes on and on */
        else
            ccw_store_be16(raw[0] + 16 + 6, 57000); /* more than a track holds */
        bench_begin(&bench);
        bench_ccw(&bench, 0xe7, CC, prefix(0x3f, 1, 5), WRITE_PFX_SIZE);
        bench_ccw(&bench, 0x95, SLI, raw[0], count);
        bench_run_check(&bench, 1, 0, 0x40, 0);
        read_tracks(5, 1);
        g_assert_cmpmem(raw[0], sizeof(before), before, sizeof(before));
    }
    bench_close(&bench);
}

static void parameters(void)
{
    guint8 pfx[WRITE_PFX_SIZE];

    bench_open(&bench, 1, NULL);
    read_tracks(5, 2);
    /* Another mask than the count says, no parameter, one that is cut off, an orientation that makes no sense. */
    for (guint i = 0; i < 4; i++) {
        memcpy(pfx, prefix(0x3f, 2, 5), sizeof(pfx));
        if (i == 0)
            pfx[64] = 0xe0;
        else if (i == 1)
            pfx[63] = 0;
        else if (i == 3)
            pfx[44] |= 0x40;
        bench_begin(&bench);
        bench_ccw(&bench, 0xe7, CC, pfx, i == 2 ? 64 : WRITE_PFX_SIZE);
        add_tracks(0x95, 2);
        bench_run_check(&bench, 0, 0x80, 0, i == 2 ? 0x03 : 0x04);
    }
    /* More tracks than the domain and the extent; a mask that allows no format write; another command. */
    bench_begin(&bench);
    bench_ccw(&bench, 0xe7, CC, prefix(0x3f, 1, 5), WRITE_PFX_SIZE);
    add_tracks(0x95, 2);
    bench_run_check(&bench, 2, 0x80, 0, 0x02);
    memcpy(pfx, prefix(0x3f, 2, 5), sizeof(pfx));
    pfx[12 + 15] = 5;
    bench_begin(&bench);
    bench_ccw(&bench, 0xe7, CC, pfx, WRITE_PFX_SIZE);
    add_tracks(0x95, 2);
    bench_run_check(&bench, 2, 0, 0x04, 0);
    pfx[12] = 0x80;
    bench_begin(&bench);
    bench_ccw(&bench, 0xe7, CC, pfx, WRITE_PFX_SIZE);
    add_tracks(0x95, 1);
    bench_run_check(&bench, 1, 0x80, 0, 0x02);
    bench_begin(&bench);
    bench_ccw(&bench, 0xe7, CC, prefix(0x3f, 1, 5), WRITE_PFX_SIZE);
    add_tracks(0xde, 1);
    bench_run_check(&bench, 1, 0x80, 0, 0x02);
    /* As define extent and locate record extended, too: 22 bytes. */
    bench_begin(&bench);
    bench_ccw(&bench, 0x63, CC, bench_extent(0xc0, 5, 6), 16);
    bench_ccw(&bench, 0x4b, CC, prefix(0x3f, 2, 5) + 44, 22);
    add_tracks(0x95, 2);
    bench_run_good(&bench);
    /* Never on a volume that is read-only. */
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
    g_test_add_func("/dasd/raw/parameters", parameters);
    return g_test_run();
}
