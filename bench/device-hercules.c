/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device-hercules.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "device-programs.h"
#include "oracle-core.h"
#include "oracle-run.h"
#include "util/endian.h"

/* Formats of tracks, one in each slot, as in bench_format_track(). */
static void make_formats(const Core *core)
{
    for (guint32 track = 0; track < core->n_slots; track++) {
        guint8 *slot = core_slot(core, track), *orb = slot + CORE_SLOT_ORB;
        guint32 at = CORE_SLOT_DATA, n_ccws;
        const ChannelProgram *program = bench_format_program(track, &n_ccws);

        ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS,
                       CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | 0xffu << CHANNEL_ORB_LPM_SHIFT);
        ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, core_slot_address(track) + CORE_SLOT_CCWS);
        for (guint i = 0; i < n_ccws; i++) {
            guint8 *ccw = slot + CORE_SLOT_CCWS + i * CCW_SIZE;
            guint16 count = ccw_load_be16(program->ccw[i] + CCW_OFS_COUNT);

            memcpy(ccw, program->ccw[i], CCW_SIZE);
            ccw_store_be32(ccw + CCW_OFS_CDA, core_slot_address(track) + at);
            memcpy(slot + at, GSIZE_TO_POINTER(program->cda[i]), count);
            at += (count + 7u) & ~7u;
        }
    }
}

/* Returns the seconds that Hercules needs for this many formats, with its start and end; negative if it cannot run. */
static double run_hercules(guint n, const char *path, const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_auto(Core) core = { NULL };
    gint64 start;

    core_init(&core, n);
    make_formats(&core);
    start = bench_now();
    if (!oracle_run_hercules(&core, path, folder, 300, &error)) {
        g_print("Hercules: %s\n", error->message);
        return -1;
    }
    for (guint i = 0; i < n; i++)
        if (core_slot(&core, i)[CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW + CHANNEL_SCSW_OFS_DSTAT] !=
            (CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END))
            bench_fail("Hercules did not format a track");
    return (double)(bench_now() - start) / 1e9;
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = { "image", "core", "result", "start", "hercules.cnf", "log" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
}

/* Hercules has no holes: its image has empty tracks. Its start and end do not count. */
void bench_compare_with_hercules(const char *parent, gint cylinders)
{
    g_autofree char *folder = g_strdup_printf("%s/bench-device.%d", parent, (int)getpid());
    g_autofree char *path = g_build_filename(folder, "image", NULL), *number = g_strdup_printf("%d", cylinders);
    const char *const argv[] = { "dasdinit", "-lfs", path, "3390", "BENCH1", number, NULL };
    guint tracks = (guint)cylinders * DASD_3390_HEADS;
    double all, one, here;
    gint64 start;

    g_mkdir(folder, 0700);
    if (g_spawn_sync(NULL, (char **)argv, NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                     NULL, NULL, NULL) &&
        g_file_test(path, G_FILE_TEST_EXISTS)) {
        all = run_hercules(tracks, path, folder);
        one = run_hercules(1, path, folder);
        start = bench_now();
        for (guint32 track = 0; track < tracks; track++)
            bench_format_track(track, 0);
        here = (double)(bench_now() - start) / 1e9;
        if (all >= 0 && one >= 0)
            g_print("dasdfmt's programs for %u tracks: %.3f s, Hercules %.3f s (%.3f s less %.3f s for one)\n", tracks,
                    here, all - one, all, one);
    } else {
        g_print("Hercules is not installed: not compared\n");
    }
    remove_folder(folder);
}
