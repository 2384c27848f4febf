/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records: formatting, reading, writing, and the errors of a device. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dasd-bench.h"
#include "util/endian.h"

static Bench bench;

static void read_block(guint32 track, guint8 record, guint8 *data, guint16 length)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, track, track), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, track, record), 16);
    bench_ccw(&bench, DASD_CODE_READ_DATA_MT, 0, data, length);
}

static void write_block(guint32 track, guint8 record, const guint8 *data, guint16 length)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, track, track), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, track, record), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, 0, data, length);
}

static void write_and_read(void)
{
    guint8 data[4096], back[4096];

    bench_open(&bench, 3, NULL);
    for (guint32 track = 0; track < 45; track++)
        bench_format(&bench, track, 12, 0, 4096);
    /* More tracks than the cache holds, backwards. */
    for (guint32 track = 45; track-- > 0;) {
        memset(data, (int)track + 1, sizeof(data));
        write_block(track, (guint8)(track % 12 + 1), data, 4096);
        bench_run_good(&bench);
    }
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    for (guint32 track = 0; track < 45; track++) {
        memset(data, (int)track + 1, sizeof(data));
        read_block(track, (guint8)(track % 12 + 1), back, 4096);
        bench_run_good(&bench);
        g_assert_cmpmem(back, 4096, data, 4096);
        g_assert_cmpuint(bench.residual, ==, 0);
        read_block(track, (guint8)(track % 12 == 11 ? 1 : 12), back, 4096);
        bench_run_good(&bench);
        g_assert_cmpuint(back[0] | back[4095], ==, 0);
    }
    bench_close(&bench);
}

/* A domain across the end of a track and of a cylinder. */
static void many_blocks(void)
{
    g_autofree guint8 *data = g_malloc(48 * 512);
    g_autofree guint8 *back = g_malloc0(48 * 512);

    for (guint i = 0; i < 48 * 512; i++)
        data[i] = (guint8)(i / 512 + i);
    bench_open(&bench, 2, NULL);
    for (guint32 track = 13; track < 17; track++)
        bench_format(&bench, track, 16, 0, 512);
    for (guint round = 0; round < 2; round++) {
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(round ? 0x40 : 0x80, 13, 16), 16);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(round ? 0x06 : 0x01, 48, 13, 9), 16);
        for (guint i = 0; i < 48; i++)
            bench_ccw(&bench, round ? DASD_CODE_READ_DATA_MT : DASD_CODE_WRITE_UPDATE_DATA, i < 47 ? CC : 0,
                      (round ? back : data) + 512 * i, 512);
        bench_run_good(&bench);
    }
    g_assert_cmpmem(back, 48 * 512, data, 48 * 512);
    bench_close(&bench);
}

/* As dasdfmt: chains tracks by the next-track write, across the end of a cylinder, and then reads all counts. */
static void format_tracks(void)
{
    guint8 counts[48][8] = { 0 }, back[48][8];

    bench_open(&bench, 2, NULL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0, 13, 16), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, 48, 13, 0), 16);
    for (guint i = 0; i < 48; i++) {
        guint32 track = 13 + i / 12;

        ccw_store_be16(counts[i], (guint16)(track / 15));
        ccw_store_be16(counts[i] + 2, (guint16)(track % 15));
        counts[i][4] = (guint8)(i % 12 + 1);
        ccw_store_be16(counts[i] + 6, 4096);
        bench_ccw(&bench, i && i % 12 == 0 ? DASD_CODE_WRITE_CKD_NEXT_TRACK : DASD_CODE_WRITE_CKD,
                  i < 47 ? CC | SLI : SLI, counts[i], 8);
    }
    bench_run_good(&bench);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 13, 16), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 48, 13, 0), 16);
    for (guint i = 0; i < 48; i++)
        bench_ccw(&bench, DASD_CODE_READ_COUNT_MT, i < 47 ? CC : 0, back[i], 8);
    bench_run_good(&bench);
    g_assert_cmpmem(back, sizeof(back), counts, sizeof(counts));
    bench_close(&bench);
}

/* Track 0 of the compatible disk layout: writes and reads key and data together. */
static void keys(void)
{
    static const guint16 lengths[] = { 24, 144, 80 };
    guint8 counts[3][8] = { 0 }, label[84], back[84];

    bench_open(&bench, 1, NULL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0, 0, 0), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, 3, 0, 0), 16);
    for (guint i = 0; i < 3; i++) {
        counts[i][4] = (guint8)(i + 1);
        counts[i][5] = 4;
        ccw_store_be16(counts[i] + 6, lengths[i]);
        bench_ccw(&bench, DASD_CODE_WRITE_CKD, i < 2 ? CC | SLI : SLI, counts[i], 8);
    }
    bench_run_good(&bench);
    memset(label, 0x40, sizeof(label));
    memcpy(label, "\xe5\xd6\xd3\xf1\xe5\xd6\xd3\xf1\xf0\xe7\xf1\xf2\xf3\xf4", 14);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, 0, 0), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, 0, 3), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, 0, label, 84);
    bench_run_good(&bench);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 0, 0), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 0, 3), 16);
    bench_ccw(&bench, DASD_CODE_READ_KEY_AND_DATA_MT, 0, back, 84);
    bench_run_good(&bench);
    g_assert_cmpmem(back, 84, label, 84);
    /* A read of data alone begins after the key. */
    read_block(0, 3, back, 80);
    bench_run_good(&bench);
    g_assert_cmpmem(back, 80, label + 4, 80);
    bench_close(&bench);
}

/* One command for a track's data, as Linux uses it for all but the first two tracks. */
static void track_data(void)
{
    g_autofree guint8 *data = g_malloc(3 * 49152);
    g_autofree guint8 *back = g_malloc0(3 * 49152);
    guint8 pfx[64] = { 1, 0x80 };

    for (guint i = 0; i < 3 * 49152; i++)
        data[i] = (guint8)(i * 7 + i / 4096);
    bench_open(&bench, 1, NULL);
    for (guint32 track = 2; track < 5; track++)
        bench_format(&bench, track, 12, 0, 4096);
    for (guint round = 0; round < 2; round++) {
        /* Records 11 and 12, a whole track, one record. */
        static const guint16 sizes[] = { 8192, 49152, 4096 };
        guint8 *at = round ? back : data;

        memset(pfx + 2, 0, 62);
        memcpy(pfx + 12, bench_extent(round ? 0x40 : 0x80, 2, 4), 16);
        memcpy(pfx + 44, bench_locate(round ? 0x0c : 0x3f, 3, 2, 11), 16);
        pfx[45] = 0x80;
        ccw_store_be16(pfx + 58, 4096);
        pfx[61] = round ? 0 : 0x23;
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_PREFIX, CC, pfx, 64);
        for (guint i = 0; i < 3; i++) {
            bench_ccw(&bench, round ? DASD_CODE_READ_TRACK_DATA : DASD_CODE_WRITE_TRACK_DATA, i < 2 ? CC : 0, at,
                      sizes[i]);
            at += sizes[i];
        }
        bench_run_good(&bench);
    }
    g_assert_cmpmem(back, 8192 + 49152 + 4096, data, 8192 + 49152 + 4096);
    read_block(4, 2, back, 4096);
    bench_run_good(&bench);
    g_assert_cmpuint(back[0] | back[4095], ==, 0);
    /* More data than the records have. */
    bench_begin(&bench);
    memcpy(pfx + 12, bench_extent(0x80, 2, 4), 16);
    memcpy(pfx + 44, bench_locate(0x3f, 1, 2, 12), 16);
    pfx[45] = 0x80;
    ccw_store_be16(pfx + 58, 4096);
    pfx[61] = 0x23;
    bench_ccw(&bench, DASD_CODE_PREFIX, CC, pfx, 64);
    bench_ccw(&bench, DASD_CODE_WRITE_TRACK_DATA, 0, data, 8192);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    bench_close(&bench);
}

static void r0_and_track(void)
{
    guint8 r0[16] = { 0, 0, 0, 7, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 }, back[200];

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 7, 2, 0, 10);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 7, 7), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x40 | 0x03, 1, 7, 0), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_R0, 0, r0, 16);
    bench_run_good(&bench);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 7, 7), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0xc0 | 0x16, 1, 7, 0), 16);
    bench_ccw(&bench, DASD_CODE_READ_R0, 0, back, 16);
    bench_run_good(&bench);
    g_assert_cmpmem(back, 16, r0, 16);
    bench_format(&bench, 7, 2, 0, 10);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 7, 7), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x40 | 0x0c, 1, 7, 0), 16);
    bench_ccw(&bench, DASD_CODE_READ_TRACK, SLI, back, 200);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, 200 - 16 - 2 * 18 - 8);
    g_assert_cmpmem(back, 16, r0, 16);
    g_assert_cmpuint(back[16 + 4], ==, 1);
    g_assert_cmphex(ccw_load_be64(back + 52), ==, G_MAXUINT64);
    /* The rest of the track after R1 was erased. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 7, 7), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x0b, 1, 7, 1), 16);
    bench_ccw(&bench, DASD_CODE_ERASE, SLI, r0, 8);
    bench_run_good(&bench);
    read_block(7, 2, back, 10);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    read_block(7, 1, back, 10);
    bench_run_good(&bench);
    bench_close(&bench);
}

static void no_record(void)
{
    guint8 data[512];

    bench_open(&bench, 1, NULL);
    read_block(3, 1, data, 512);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    bench_format(&bench, 3, 2, 0, 512);
    read_block(3, 3, data, 512);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    g_assert_cmpuint(ccw_load_be16(bench.sense + 29), ==, 0);
    g_assert_cmpuint(bench.sense[31], ==, 3);
    bench_close(&bench);
}

static void extents(void)
{
    static const struct {
        guint8 mask;
        guint32 first;
        guint32 last;
    } bad[] = { { 0x60, 0, 1 }, { 0x40, 5, 4 }, { 0x40, 0, 30 }, { 0x40, 31, 40 } };
    guint8 data[512], de[16];

    bench_open(&bench, 2, NULL);
    for (guint32 track = 0; track < 30; track++)
        bench_format(&bench, track, 2, 0, 512);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, 0, bench_extent(bad[i].mask, bad[i].first, bad[i].last), 16);
        bench_run_check(&bench, 0, 0x80, 0, 0x04);
    }
    /* A head beyond the cylinder, and the attributes of another architecture. */
    memcpy(de, bench_extent(0x40, 0, 1), 16);
    de[15] = 15;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, 0, de, 16);
    bench_run_check(&bench, 0, 0x80, 0, 0x04);
    de[15] = 1;
    de[1] = 0;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, 0, de, 16);
    bench_run_check(&bench, 0, 0x80, 0, 0x04);
    /* A seek out of the extent, and a domain that continues beyond it. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 4, 5), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, 0, bench_locate(0x06, 1, 6, 1), 16);
    bench_run_check(&bench, 1, 0, 0x04, 0);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 4, 5), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 2, 5, 2), 16);
    bench_ccw(&bench, DASD_CODE_READ_DATA_MT, CC, data, 512);
    bench_ccw(&bench, DASD_CODE_READ_DATA_MT, 0, data, 512);
    bench_run_check(&bench, 3, 0, 0x04, 0);
    bench_close(&bench);
}

/*
 * A define extent (mask 0: without), a locate record for track 0 (operation 0: without) and commands. The last CCW gets
 * these sense bytes and this message; if all are zero, it succeeds.
 */
static const struct {
    const char *what;
    guint8 mask, last;               /* mask and last track of the extent */
    guint8 operation, count, record; /* of the locate record */
    guint8 at, value;                /* index and new value of a changed byte of the locate record; 0, 0: no change */
    guint16 length;                  /* transfer length factor; 0: without */
    guint8 command, times;           /* the commands after it; times 0: no command */
    guint8 sense0, sense1, message;
} domain_rows[] = {
    { "no extent", 0, 0, 0x06, 1, 1, 0, 0, 0, 0, 0, 0x80, 0, 0x02 },
    { "an unknown operation", 0x40, 1, 0x07, 1, 1, 0, 0, 0, 0, 0, 0x80, 0, 0x04 },
    { "no count", 0x40, 1, 0x06, 0, 1, 0, 0, 0, 0, 0, 0x80, 0, 0x04 },
    { "a sector beyond the last", 0x40, 1, 0x06, 1, 1, 13, 224, 0, 0, 0, 0x80, 0, 0x04 },
    { "a write from the home address", 0x80, 1, 0x01, 1, 1, 0, 0x41, 0, 0, 0, 0x80, 0, 0x04 },
    { "a write from the index", 0x80, 1, 0x01, 1, 1, 0, 0xc1, 0, 0, 0, 0x80, 0, 0x04 },
    { "a reserved bit", 0x80, 1, 0x01, 1, 1, 1, 0x40, 0, 0, 0, 0x80, 0, 0x04 },
    { "a CCW within", 0x80, 1, 0x01, 1, 1, 2, 0x06, 0, 0, 0, 0x80, 0, 0x04 },
    { "a length that is not valid", 0x80, 1, 0x01, 1, 1, 15, 0x01, 0, 0, 0, 0x80, 0, 0x04 },
    { "a valid length of 0", 0x80, 1, 0x01, 1, 1, 1, 0x80, 0, 0, 0, 0x80, 0, 0x04 },
    /* The transfer length factor must be the record's length, or the track is not what the program expects. */
    { "a length of 511", 0x80, 1, 0x01, 1, 1, 0, 0, 511, DASD_CODE_WRITE_UPDATE_DATA, 1, 0, 0x40, 0 },
    { "the record's length", 0x80, 1, 0x01, 1, 1, 0, 0, 512, DASD_CODE_WRITE_UPDATE_DATA, 1, 0, 0, 0 },
    /* Without a factor, and without a block size in the extent, the length is larger than that of every record. */
    { "no length", 0x80, 1, 0x01, 1, 1, 0, 0, 0, DASD_CODE_WRITE_UPDATE_DATA, 1, 0, 0x40, 0 },
    { "a write in a read's domain", 0x80, 0, 0x06, 1, 1, 0, 0, 0, DASD_CODE_WRITE_UPDATE_DATA, 1, 0x80, 0, 0x02 },
    { "a write after the domain", 0x80, 0, 0x01, 1, 1, 0, 0, 512, DASD_CODE_WRITE_UPDATE_DATA, 2, 0x80, 0, 0x02 },
    { "a format write without a domain", 0, 0, 0, 0, 0, 0, 0, 0, DASD_CODE_WRITE_CKD, 1, 0x80, 0, 0x02 },
    { "a read of tracks without a domain", 0, 0, 0, 0, 0, 0, 0, 0, DASD_CODE_READ_TRACK_DATA, 1, 0x80, 0, 0x02 },
    { "a mask without writes", 0x40, 0, 0x01, 1, 1, 0, 0, 512, DASD_CODE_WRITE_UPDATE_DATA, 1, 0x80, 0, 0x02 },
    { "a mask without format writes", 0x80, 0, 0x03, 1, 2, 0, 0, 0, DASD_CODE_WRITE_CKD, 1, 0x80, 0, 0x02 },
};

/* Makes the locate record of a row. */
static const guint8 *domain_locate(gsize i)
{
    static guint8 lr[16];

    memcpy(lr, bench_locate(domain_rows[i].operation, domain_rows[i].count, 0, domain_rows[i].record), sizeof(lr));
    if (domain_rows[i].value)
        lr[domain_rows[i].at] = domain_rows[i].value;
    if (domain_rows[i].length) {
        lr[1] = 0x80;
        ccw_store_be16(lr + 14, domain_rows[i].length);
    }
    return lr;
}

static void domains(void)
{
    static guint8 data[512], count[8] = { 0, 0, 0, 0, 3, 0, 2, 0 };

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 0, 2, 0, 512);
    for (gsize i = 0; i < G_N_ELEMENTS(domain_rows); i++) {
        gboolean is_format = domain_rows[i].command == DASD_CODE_WRITE_CKD;
        guint n = (domain_rows[i].mask != 0) + (domain_rows[i].operation != 0) + domain_rows[i].times, left = n;

        g_test_message("%s", domain_rows[i].what);
        bench_begin(&bench);
        if (domain_rows[i].mask)
            bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, --left ? CC : 0,
                      bench_extent(domain_rows[i].mask, 0, domain_rows[i].last), 16);
        if (domain_rows[i].operation)
            bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, --left ? CC : 0, domain_locate(i), 16);
        for (guint k = 0; k < domain_rows[i].times; k++)
            bench_ccw(&bench, domain_rows[i].command, (--left ? CC : 0) | (is_format ? SLI : 0),
                      is_format ? count : data, is_format ? sizeof(count) : sizeof(data));
        if (domain_rows[i].sense0 || domain_rows[i].sense1)
            bench_run_check(&bench, n - 1, domain_rows[i].sense0, domain_rows[i].sense1, domain_rows[i].message);
        else
            bench_run_good(&bench);
    }
    bench_close(&bench);
}

static void capacity(void)
{
    guint8 count[8] = { 0, 0, 0, 2, 13, 0, 0x10, 0 }, data[4096];

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 2, 12, 0, 4096);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0, 2, 2), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, 1, 2, 12), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_CKD, SLI, count, 8);
    bench_run_check(&bench, 2, 0, 0x40, 0);
    read_block(2, 12, data, 4096);
    bench_run_good(&bench);
    bench_close(&bench);
}

static void read_only(void)
{
    guint8 data[512] = { 0 };

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 0, 1, 0, 512);
    bench_close_device(&bench);
    bench_reopen(&bench, TRUE);
    write_block(0, 1, data, 512);
    bench_run_check(&bench, 2, 0x80, 0x02, 0);
    read_block(0, 1, data, 512);
    bench_run_good(&bench);
    bench_close(&bench);
}

/* The device reports a damaged track, still reads its neighbours, and can format the track again. */
static void damaged(void)
{
    guint8 data[512];
    int fd;

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 4, 2, 0, 512);
    bench_close_device(&bench);
    fd = open(bench.path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, "\xde\xad\xbe\xef\xde", 5, 512 + 4 * 56832), ==, 5);
    close(fd);
    bench_reopen(&bench, FALSE);
    read_block(4, 1, data, 512);
    bench_run_check(&bench, 1, 0, 0x40, 0);
    read_block(5, 1, data, 512);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    bench_format(&bench, 4, 3, 0, 512);
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    read_block(4, 3, data, 512);
    bench_run_good(&bench);
    bench_close(&bench);
}

/* The image cannot be accessed any more: the device reports an equipment check, and goes on. */
static void host_errors(void)
{
    guint8 data[512];

    bench_open(&bench, 2, NULL);
    g_assert_cmpint(truncate(bench.path, 512 + 15 * 56832), ==, 0);
    read_block(20, 1, data, 512);
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "image */image was truncated*");
    bench_run_check(&bench, 1, 0x10, 0x80, 0x10);
    g_test_assert_expected_messages();
    bench_close(&bench);
}

static void end_of_file(void)
{
    guint8 data[8];

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 1, 1, 0, 0);
    read_block(1, 1, data, 8);
    bench.program.ccw[2][CCW_OFS_FLAGS] = SLI;
    bench_run(&bench);
    g_assert_cmphex(bench.dstat, ==, STATUS_END | CHANNEL_DSTAT_UNIT_EXCEPTION);
    g_assert_cmpuint(bench.residual, ==, 8);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/records/write-and-read", write_and_read);
    g_test_add_func("/dasd/records/many-blocks", many_blocks);
    g_test_add_func("/dasd/records/format", format_tracks);
    g_test_add_func("/dasd/records/keys", keys);
    g_test_add_func("/dasd/records/track-data", track_data);
    g_test_add_func("/dasd/records/r0-and-track", r0_and_track);
    g_test_add_func("/dasd/records/no-record", no_record);
    g_test_add_func("/dasd/records/extents", extents);
    g_test_add_func("/dasd/records/domains", domains);
    g_test_add_func("/dasd/records/capacity", capacity);
    g_test_add_func("/dasd/records/read-only", read_only);
    g_test_add_func("/dasd/records/damaged", damaged);
    g_test_add_func("/dasd/records/host-errors", host_errors);
    g_test_add_func("/dasd/records/end-of-file", end_of_file);
    return g_test_run();
}
