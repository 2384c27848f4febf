/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-programs.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dasd/dasd-track.h"
#include "util/endian.h"

#define BLOCK 4096
#define TRACK_DATA (BENCH_RECORDS * BLOCK)
#define TRACK_BYTES (BENCH_RECORDS * (DASD_COUNT_SIZE + BLOCK)) /* from the count of R1 to the end marker */
#define FIRST_RECORD (DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL)

static BenchImages images;
static ChannelProgram program;
static guint32 n_ccws;
static guint8 extent[16], locate[22], counts[BENCH_RECORDS][DASD_COUNT_SIZE];
static guint8 data[TRACK_BYTES + DASD_END_SIZE] __attribute__((aligned(4096)));

void bench_use(const BenchImages *used)
{
    images = *used;
}

static void put_track(guint8 *at, guint32 track)
{
    ccw_store_be16(at, (guint16)(track / DASD_3390_HEADS));
    ccw_store_be16(at + 2, (guint16)(track % DASD_3390_HEADS));
}

/* Writes the count field of a record without a key. */
static void put_count(guint8 *at, guint32 track, guint8 record)
{
    put_track(at, track);
    at[DASD_COUNT_OFS_RECORD] = record;
    at[DASD_COUNT_OFS_KL] = 0;
    ccw_store_be16(at + DASD_COUNT_OFS_DL, BLOCK);
}

static void add(guint8 cmd, guint8 flags, const void *at, guint16 count)
{
    guint8 *ccw = program.ccw[n_ccws];

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, CHANNEL_PROGRAM_CDA_OFS + 8 * n_ccws);
    program.cda[n_ccws++] = (guint64)(gsize)at;
}

/* Define extent and locate record, as dasd_eckd.c sends them. */
static void begin(guint8 mask, guint32 track, guint8 operation, guint8 extended, guint8 record, guint8 count,
                  guint16 length)
{
    n_ccws = 0;
    memset(extent, 0, sizeof(extent));
    memset(locate, 0, sizeof(locate));
    extent[0] = mask;
    extent[1] = 0xc0;
    put_track(extent + 8, track);
    put_track(extent + 12, track);
    locate[0] = operation;
    locate[1] = length ? 0x80 : 0;
    locate[3] = count;
    put_track(locate + 4, track);
    put_track(locate + 8, track);
    locate[12] = record;
    ccw_store_be16(locate + 14, length);
    locate[17] = extended;
    add(0x63, CCW_FLAG_CC, extent, 16);
    add(extended ? 0x4b : 0x47, CCW_FLAG_CC, locate, extended ? 20 : 16);
}

static void run(void)
{
    CcwCmdRequest request = { .argsz = sizeof(request), .ccw_count = n_ccws, .program = (guint64)(gsize)&program };

    if (dasd_device_request(images.device, &request) < 0 ||
        request.irb[CHANNEL_IRB_OFS_SCSW + CHANNEL_SCSW_OFS_CSTAT] ||
        request.irb[CHANNEL_IRB_OFS_SCSW + CHANNEL_SCSW_OFS_DSTAT] !=
            (CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END))
        bench_fail("a channel program did not end well");
}

static off_t at_record(guint32 track, guint8 record)
{
    return (off_t)(dasd_track_file_offset(track) + FIRST_RECORD + DASD_COUNT_SIZE +
                   (guint)(record - 1) * (DASD_COUNT_SIZE + BLOCK));
}

/* Runs define extent, locate record and one command for @length bytes of data. */
static void run_one(guint8 mask, guint32 track, guint8 operation, guint8 record, guint8 cmd, guint16 length)
{
    begin(mask, track, operation, 0, record, 1, length);
    add(cmd, 0, data, length);
    run();
}

void bench_read_record(guint32 track, guint8 record)
{
    run_one(0x40, track, 0x06, record, 0x86, BLOCK);
}

void bench_pread_record(guint32 track, guint8 record)
{
    if (pread(images.image, data, BLOCK, at_record(track, record)) != BLOCK)
        bench_fail("cannot read");
}

void bench_write_record(guint32 track, guint8 record)
{
    run_one(0x80, track, 0x01, record, 0x85, BLOCK);
}

void bench_pwrite_record(guint32 track, guint8 record)
{
    if (pwrite(images.other, data, BLOCK, at_record(track, record)) != BLOCK)
        bench_fail("cannot write");
}

void bench_read_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    run_one(0x40, track, 0x0c, 1, 0xa6, TRACK_DATA);
}

/* Also reads the count fields between the records. */
void bench_pread_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    if (pread(images.image, data, TRACK_BYTES, at_record(track, 1)) != TRACK_BYTES)
        bench_fail("cannot read");
}

/* Reads only the data, to where a read track data puts it. The count fields go to another buffer. */
void bench_preadv_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    static guint8 between[DASD_COUNT_SIZE];
    struct iovec pieces[2 * BENCH_RECORDS - 1];

    for (guint i = 0; i < G_N_ELEMENTS(pieces); i++)
        pieces[i] = i % 2 ? (struct iovec){ between, sizeof(between) } : (struct iovec){ data + i / 2 * BLOCK, BLOCK };
    if (preadv(images.image, pieces, (int)G_N_ELEMENTS(pieces), at_record(track, 1)) != TRACK_BYTES - DASD_COUNT_SIZE)
        bench_fail("cannot read");
}

void bench_write_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    begin(0x80, track, 0x3f, 0x23, 1, 1, BLOCK);
    add(0xa5, 0, data, TRACK_DATA);
    run();
}

/* Reads or writes the same bytes without a device: counts and records. */
void bench_pwrite_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    static guint8 bytes[TRACK_BYTES];
    gsize n = TRACK_BYTES - DASD_COUNT_SIZE;

    for (guint i = 0; i + 1 < BENCH_RECORDS; i++)
        put_count(bytes + i * (DASD_COUNT_SIZE + BLOCK) + BLOCK, track, (guint8)(i + 2));
    if (pwrite(images.other, bytes, n, at_record(track, 1)) != (ssize_t)n)
        bench_fail("cannot write");
}

const ChannelProgram *bench_format_program(guint32 track, guint32 *ret_ccws)
{
    begin(0xc0, track, 0x03, 0, 0, BENCH_RECORDS, BLOCK);
    for (guint8 i = 0; i < BENCH_RECORDS; i++) {
        put_count(counts[i], track, (guint8)(i + 1));
        add(0x1d, (guint8)(CCW_FLAG_SLI | (i + 1 < BENCH_RECORDS ? CCW_FLAG_CC : 0)), counts[i], DASD_COUNT_SIZE);
    }
    *ret_ccws = n_ccws;
    return &program;
}

void bench_format_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    guint32 n;

    bench_format_program(track, &n);
    run();
}

/* The whole track in one operation. */
void bench_pwrite_formatted(guint32 track, guint8 record G_GNUC_UNUSED)
{
    static guint8 bytes[FIRST_RECORD + TRACK_BYTES + DASD_END_SIZE];

    put_track(bytes + 1, track);
    put_track(bytes + DASD_HA_SIZE, track);
    bytes[DASD_HA_SIZE + DASD_COUNT_OFS_DL + 1] = DASD_R0_DL;
    for (guint i = 0; i < BENCH_RECORDS; i++)
        put_count(bytes + FIRST_RECORD + i * (DASD_COUNT_SIZE + BLOCK), track, (guint8)(i + 1));
    memset(bytes + sizeof(bytes) - DASD_END_SIZE, 0xff, DASD_END_SIZE);
    if (pwrite(images.other, bytes, sizeof(bytes), (off_t)dasd_track_file_offset(track)) != (ssize_t)sizeof(bytes))
        bench_fail("cannot write");
}
