/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the oracle's programs in a guest in QEMU (tests/guest/programs.py): `make` writes storage and a volume for the
 * guest to a folder, `compare` runs the same programs on the device library. Each difference is a failure.
 *
 *   dasd-oracle-guest make FOLDER SEED PROGRAMS    writes core and disk.ckd
 *   dasd-oracle-guest compare FOLDER               reads core, disk.ckd and result, the storage afterwards
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-track.h"
#include "oracle-compare.h"
#include "oracle-image.h"
#include "oracle-plan.h"
#include "oracle-run.h"

static void fail(GError *error) G_GNUC_NORETURN;
static void fail(GError *error)
{
    g_printerr("dasd-oracle-guest: %s\n", error->message);
    exit(1);
}

static char *in_folder(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void make(const char *folder, guint32 seed, guint n)
{
    g_autofree char *core_path = in_folder(folder, "core"), *disk = in_folder(folder, "disk.ckd");
    g_autoptr(OraclePlan) plan = oracle_plan_random(seed, n);
    g_autoptr(GError) error = NULL;
    g_auto(Core) core = { NULL };

    core_init(&core, n);
    for (guint i = 0; i < n; i++) {
        OracleProgram program = { .slot = core_slot(&core, i),
                                  .address = core_slot_address(i),
                                  .first_track = window_track(i),
                                  .any_head = TRUE,
                                  .has_no_pci = TRUE };

        oracle_plan_next(plan, &program);
    }
    if (!g_file_set_contents(core_path, (const char *)core.bytes, (gssize)core.size, &error) ||
        !window_image_make(disk, n, &error))
        fail(error);
}

static Core read_core(const char *folder, const char *name)
{
    g_autofree char *path = in_folder(folder, name), *bytes = NULL;
    g_autoptr(GError) error = NULL;
    Core core = { NULL };
    gsize size;

    if (!g_file_get_contents(path, &bytes, &size, &error))
        fail(error);
    core_load(&core, bytes, size);
    return core;
}

static gboolean same_window(int ours, int theirs, guint window)
{
    static guint8 a[DASD_3390_TRACK_SIZE], b[DASD_3390_TRACK_SIZE];

    for (guint32 i = 0; i < WINDOW_TRACKS; i++) {
        off_t at = (off_t)dasd_track_file_offset(window_track(window) + i);

        if (pread(ours, a, sizeof(a), at) != sizeof(a) || pread(theirs, b, sizeof(b), at) != sizeof(b))
            g_error("cannot read a track: %s", g_strerror(errno));
        if (!window_tracks_equal(a, b))
            return FALSE;
    }
    return TRUE;
}

/* Returns TRUE if both results are the same, the whole IRB included. */
static gboolean compare(const Core *ours, const Core *theirs, int a, int b)
{
    guint differing = 0;

    for (guint i = 0; i < ours->n_slots; i++) {
        const guint8 *one = core_slot(ours, i), *two = core_slot(theirs, i);
        g_autofree char *difference = compare_slots(one, two, same_window(a, b, i));

        if (!difference && memcmp(one + CORE_SLOT_IRB, two + CORE_SLOT_IRB, CHANNEL_IRB_SIZE) != 0)
            difference = g_strdup("the interruption-response block");
        if (difference && differing++ < 10) {
            g_autofree char *text = compare_describe(one, two);

            g_print("program %u: %s\n%s", i, difference, text);
        }
    }
    g_print("%u programs, %u with a difference\n", ours->n_slots, differing);
    return differing == 0;
}

static gboolean compare_folder(const char *folder)
{
    g_auto(Core) ours = read_core(folder, "core"), theirs = read_core(folder, "result");
    g_autofree char *path = in_folder(folder, "ours.ckd"), *disk = in_folder(folder, "disk.ckd");
    g_autoptr(GError) error = NULL;
    gboolean same;
    int a, b;

    if (ours.size != theirs.size) {
        g_printerr("dasd-oracle-guest: the guest's storage has %" G_GSIZE_FORMAT " bytes\n", theirs.size);
        return FALSE;
    }
    if (!window_image_make(path, ours.n_slots, &error) || !oracle_run_device(&ours, path, NULL, &error))
        fail(error);
    a = g_open(path, O_RDONLY | O_CLOEXEC);
    b = g_open(disk, O_RDONLY | O_CLOEXEC);
    same = compare(&ours, &theirs, a, b);
    close(a);
    close(b);
    return same;
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    if (argc == 5 && strcmp(argv[1], "make") == 0) {
        make(argv[2], (guint32)strtoul(argv[3], NULL, 10), (guint)strtoul(argv[4], NULL, 10));
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "compare") == 0)
        return !compare_folder(argv[2]);
    g_printerr("usage: dasd-oracle-guest make FOLDER SEED PROGRAMS, or compare FOLDER\n");
    return 2;
}
