/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd-bench.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dasd/dasd-track.h"
#include "util/endian.h"

void bench_reopen(Bench *bench, gboolean read_only)
{
    const DasdDeviceConfig config = {
        .bus_id = { 0, 0, 0x1234 }, .chpid = 0x42, .read_only = read_only, .sync = bench->sync
    };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    DasdImageOptions options = { .read_only = FALSE };
    int fd = dasd_image_open(bench->path, &options, &info, &error);

    g_assert_no_error(error);
    bench->device = dasd_device_new(fd, &config, &error);
    g_assert_no_error(error);
}

void bench_open(Bench *bench, guint32 cylinders, const char *volser)
{
    g_autoptr(GError) error = NULL;

    memset(bench, 0, sizeof(*bench));
    bench->folder = g_dir_make_tmp("test-dasd-XXXXXX", NULL);
    bench->path = g_build_filename(bench->folder, "image", NULL);
    dasd_image_create(bench->path, NULL, cylinders, volser, &error);
    g_assert_no_error(error);
    bench_reopen(bench, FALSE);
}

void bench_close_device(Bench *bench)
{
    g_clear_pointer(&bench->device, dasd_device_free);
}

void bench_close(Bench *bench)
{
    bench_close_device(bench);
    g_unlink(bench->path);
    g_rmdir(bench->folder);
    g_free(bench->path);
    g_free(bench->folder);
}

void bench_damage(const Bench *bench, guint32 track)
{
    static const guint8 garbage[] = { 0xde, 0xad, 0xbe, 0xef, 0xde };
    int fd = g_open(bench->path, O_RDWR | O_CLOEXEC);

    g_assert_cmpint(pwrite(fd, garbage, sizeof(garbage), (off_t)dasd_track_file_offset(track)), ==, sizeof(garbage));
    close(fd);
}

DasdVerifyResult bench_verify(const char *path, const DasdVerifyEvents *events)
{
    DasdImageOptions options = { .read_only = TRUE };
    g_autoptr(GError) error = NULL;
    DasdVerifyResult result;
    DasdImageInfo info;
    int fd = dasd_image_open(path, &options, &info, &error);

    g_assert_no_error(error);
    dasd_verify(fd, &info, events, &result);
    close(fd);
    return result;
}

void bench_begin(Bench *bench)
{
    memset(&bench->program, 0, sizeof(bench->program));
    memset(&bench->request, 0, sizeof(bench->request));
    bench->n = 0;
    ccw_store_be32(bench->request.orb + CHANNEL_ORB_OFS_FLAGS,
                   CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | 0x80 << CHANNEL_ORB_LPM_SHIFT);
}

static guint8 *next_ccw(Bench *bench, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint8 *ccw = bench->program.ccw[bench->n];

    g_assert_cmpuint(bench->n, <, CHANNEL_PROGRAM_MAX);
    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, cda);
    return ccw;
}

/* The parameters that bench_locate() has made. */
static guint8 locates[4][16];

static gboolean writes_record(guint8 cmd)
{
    return (cmd & 0x7f) == 0x05 || (cmd & 0x7f) == 0x0d;
}

/* Gives a locate record without a transfer length factor the length of the write directly after it. */
static void give_length(Bench *bench, guint16 length)
{
    for (guint i = 0; bench->n > 0 && i < G_N_ELEMENTS(locates); i++) {
        if (bench->program.cda[bench->n - 1] != (guint64)(gsize)locates[i] || ccw_load_be16(locates[i] + 14))
            continue;
        locates[i][1] = 0x80;
        ccw_store_be16(locates[i] + 14, length);
    }
}

void bench_ccw(Bench *bench, guint8 cmd, guint8 flags, const void *data, guint16 count)
{
    if (writes_record(cmd) && count)
        give_length(bench, count);
    next_ccw(bench, cmd, flags, count, CHANNEL_PROGRAM_CDA_OFS + 8 * bench->n);
    bench->program.cda[bench->n++] = (guint64)(gsize)data;
}

void bench_tic(Bench *bench, guint32 index)
{
    next_ccw(bench, CCW_CMD_TIC, 0, 0, index * CCW_SIZE);
    bench->n++;
}

void bench_run(Bench *bench)
{
    const guint8 *irb = bench->request.irb;

    bench->request.argsz = sizeof(bench->request);
    bench->request.ccw_count = bench->n;
    bench->request.program = (guint64)(gsize)&bench->program;
    g_assert_cmpint(dasd_device_request(bench->device, &bench->request), ==, 0);
    bench->scsw_flags = ccw_load_be16(irb + CHANNEL_SCSW_OFS_FLAGS);
    bench->control = ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL);
    bench->cpa = ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA);
    bench->dstat = irb[CHANNEL_SCSW_OFS_DSTAT];
    bench->cstat = irb[CHANNEL_SCSW_OFS_CSTAT];
    bench->residual = ccw_load_be16(irb + CHANNEL_SCSW_OFS_COUNT);
    bench->sense = bench->scsw_flags & CHANNEL_SCSW_FLAG_E ? irb + CHANNEL_IRB_OFS_ECW : NULL;
}

void bench_run_good(Bench *bench)
{
    bench_run(bench);
    if (bench->sense)
        g_test_message("sense %02x %02x, message %02x, CPA %u", bench->sense[0], bench->sense[1], bench->sense[7],
                       bench->cpa);
    g_assert_cmphex(bench->dstat, ==, STATUS_END);
    g_assert_cmphex(bench->cstat, ==, 0);
    g_assert_cmphex(bench->control, ==, 0x4007);
}

void bench_run_check(Bench *bench, guint32 index, guint8 sense0, guint8 sense1, guint8 message)
{
    bench_run(bench);
    g_assert_cmphex(bench->dstat, ==, STATUS_CHECK);
    g_assert_cmphex(bench->cstat, ==, 0);
    g_assert_cmphex(bench->control, ==, 0x4017);
    g_assert_cmpuint(bench->cpa, ==, (index + 1) * CCW_SIZE);
    g_assert_nonnull(bench->sense);
    g_assert_cmphex(bench->sense[0], ==, sense0);
    g_assert_cmphex(bench->sense[1], ==, sense1);
    g_assert_cmphex(bench->sense[7], ==, message);
    g_assert_cmphex(bench->sense[27], ==, 0x80);
}

void bench_run_failure(Bench *bench)
{
    bench_run(bench);
    g_assert_cmphex(bench->dstat, ==, STATUS_CHECK);
    g_assert_nonnull(bench->sense);
    g_assert_cmphex(bench->sense[0], ==, 0x10);
    g_assert_cmphex(bench->sense[1], ==, 0x80);
    g_assert_false(dasd_device_waits(bench->device));
}

static void store_track(guint8 *at, guint32 track)
{
    ccw_store_be16(at, (guint16)(track / 15));
    ccw_store_be16(at + 2, (guint16)(track % 15));
}

const guint8 *bench_extent(guint8 mask, guint32 first, guint32 last)
{
    static guint8 de[16];

    memset(de, 0, sizeof(de));
    de[0] = mask;
    de[1] = 0xc0;
    store_track(de + 8, first);
    store_track(de + 12, last);
    return de;
}

const guint8 *bench_locate(guint8 operation, guint8 count, guint32 track, guint8 record)
{
    static guint turn;
    guint8 *lr = locates[turn++ % G_N_ELEMENTS(locates)];

    memset(lr, 0, 16);
    lr[0] = operation;
    lr[3] = count;
    store_track(lr + 4, track);
    store_track(lr + 8, track);
    lr[12] = record;
    return lr;
}

void bench_format(Bench *bench, guint32 track, guint8 n, guint8 kl, guint16 dl)
{
    guint8 counts[100][8] = { 0 };

    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0, track, track), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, n, track, 0), 16);
    for (guint8 i = 0; i < n; i++) {
        store_track(counts[i], track);
        counts[i][4] = (guint8)(i + 1);
        counts[i][5] = kl;
        ccw_store_be16(counts[i] + 6, dl);
        bench_ccw(bench, DASD_CODE_WRITE_CKD, i + 1 < n ? CC | SLI : SLI, counts[i], 8);
    }
    bench_run_good(bench);
}

char *bench_spawn(const char *const *argv, int exit_code)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *err = NULL;
    char *out = NULL;
    int status = 0;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDIN_FROM_DEV_NULL, NULL, NULL, &out, &err,
                 &status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != exit_code)
        g_test_message("%s ended with %d: %s", argv[0], WEXITSTATUS(status), err);
    g_assert_cmpint(WEXITSTATUS(status), ==, exit_code);
    return out;
}
