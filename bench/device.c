/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long channel programs take on the device library, beside pread(2) and pwrite(2) of the same bytes of the same
 * file, turn by turn, at depth 1. README.md says which bytes these are. Each number is the fastest of many batches and
 * their median. Then the channel programs of dasdfmt beside Hercules, which runs the same ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dasd/dasd-device.h"
#include "dasd/dasd-image.h"
#include "dasd/dasd-track.h"
#include "oracle-core.h"
#include "oracle-run.h"
#include "util/endian.h"

#define BLOCK 4096
#define RECORDS 12 /* of a track */
#define TRACK_DATA (RECORDS * BLOCK)
#define TRACK_BYTES (RECORDS * (DASD_COUNT_SIZE + BLOCK)) /* from the count of R1 to the end marker */
#define FIRST_RECORD (DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL)
#define BATCH 32
#define MORE_THAN_THE_CACHE 64 /* tracks between two accesses to one */

static struct {
    char *folder;
    gint cylinders;
    gint batches;
} options = { .cylinders = 60, .batches = 300 };

static const GOptionEntry entries[] = {
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &options.folder, "Where the image is to be [the working folder]",
      "FOLDER" },
    { "cylinders", 0, 0, G_OPTION_ARG_INT, &options.cylinders, "Of the volume [60]", "NUMBER" },
    { "batches", 0, 0, G_OPTION_ARG_INT, &options.batches, "Of 32 operations each [300]", "NUMBER" },
    { NULL },
};

static DasdDevice *device;
static int image = -1; /* for what is read without the device */
static int other = -1; /* an image alike, for writes: the device would take them for those of another program */
static guint32 tracks;
static CcwProgram program;
static guint32 n_ccws;
static guint8 extent[16], locate[22], counts[RECORDS][DASD_COUNT_SIZE];
static guint8 data[TRACK_BYTES + DASD_END_SIZE] __attribute__((aligned(4096)));

static void fail(const char *what) G_GNUC_NORETURN;
static void fail(const char *what)
{
    g_printerr("bench-device: %s\n", what);
    exit(1);
}

static void put_track(guint8 *at, guint32 track)
{
    ccw_store_be16(at, (guint16)(track / DASD_3390_HEADS));
    ccw_store_be16(at + 2, (guint16)(track % DASD_3390_HEADS));
}

static void add(guint8 cmd, guint8 flags, const void *at, guint16 count)
{
    guint8 *ccw = program.ccw[n_ccws];

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, CCW_PROGRAM_CDA_OFS + 8 * n_ccws);
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

    if (dasd_device_request(device, &request) < 0 || request.irb[CCW_IRB_OFS_SCSW + CCW_SCSW_OFS_CSTAT] ||
        request.irb[CCW_IRB_OFS_SCSW + CCW_SCSW_OFS_DSTAT] != (CCW_DSTAT_CHANNEL_END | CCW_DSTAT_DEVICE_END))
        fail("a channel program did not end well");
}

static off_t at_record(guint32 track, guint8 record)
{
    return (off_t)(dasd_track_file_offset(track) + FIRST_RECORD + DASD_COUNT_SIZE +
                   (guint)(record - 1) * (DASD_COUNT_SIZE + BLOCK));
}

static void read_record(guint32 track, guint8 record)
{
    begin(0x40, track, 0x06, 0, record, 1, BLOCK);
    add(0x86, 0, data, BLOCK);
    run();
}

static void pread_record(guint32 track, guint8 record)
{
    if (pread(image, data, BLOCK, at_record(track, record)) != BLOCK)
        fail("cannot read");
}

static void write_record(guint32 track, guint8 record)
{
    begin(0x80, track, 0x01, 0, record, 1, BLOCK);
    add(0x85, 0, data, BLOCK);
    run();
}

static void pwrite_record(guint32 track, guint8 record)
{
    if (pwrite(other, data, BLOCK, at_record(track, record)) != BLOCK)
        fail("cannot write");
}

static void read_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    begin(0x40, track, 0x0c, 0, 1, 1, TRACK_DATA);
    add(0xa6, 0, data, TRACK_DATA);
    run();
}

/* The counts between the records come along. */
static void pread_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    if (pread(image, data, TRACK_BYTES, at_record(track, 1)) != TRACK_BYTES)
        fail("cannot read");
}

static void write_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    begin(0x80, track, 0x3f, 0x23, 1, 1, BLOCK);
    add(0xa5, 0, data, TRACK_DATA);
    run();
}

/* The same bytes without a device: counts and records. */
static void pwrite_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    static guint8 bytes[TRACK_BYTES];
    gsize n = TRACK_BYTES - DASD_COUNT_SIZE;

    for (guint i = 0; i < RECORDS; i++) {
        guint8 *count = bytes + i * (DASD_COUNT_SIZE + BLOCK) + BLOCK;

        put_track(count, track);
        count[DASD_COUNT_OFS_RECORD] = (guint8)(i + 2);
        count[DASD_COUNT_OFS_KL] = 0;
        ccw_store_be16(count + DASD_COUNT_OFS_DL, BLOCK);
    }
    if (pwrite(other, bytes, n, at_record(track, 1)) != (ssize_t)n)
        fail("cannot write");
}

static void format_program(guint32 track)
{
    begin(0xc0, track, 0x03, 0, 0, RECORDS, BLOCK);
    for (guint8 i = 0; i < RECORDS; i++) {
        put_track(counts[i], track);
        counts[i][DASD_COUNT_OFS_RECORD] = (guint8)(i + 1);
        ccw_store_be16(counts[i] + DASD_COUNT_OFS_DL, BLOCK);
        add(0x1d, (guint8)(CCW_FLAG_SLI | (i + 1 < RECORDS ? CCW_FLAG_CC : 0)), counts[i], DASD_COUNT_SIZE);
    }
}

static void format_track(guint32 track, guint8 record G_GNUC_UNUSED)
{
    format_program(track);
    run();
}

/* The whole track, in one. */
static void pwrite_formatted(guint32 track, guint8 record G_GNUC_UNUSED)
{
    static guint8 bytes[FIRST_RECORD + TRACK_BYTES + DASD_END_SIZE];

    put_track(bytes + 1, track);
    put_track(bytes + DASD_HA_SIZE, track);
    bytes[DASD_HA_SIZE + DASD_COUNT_OFS_DL + 1] = DASD_R0_DL;
    for (guint i = 0; i < RECORDS; i++) {
        guint8 *count = bytes + FIRST_RECORD + i * (DASD_COUNT_SIZE + BLOCK);

        put_track(count, track);
        count[DASD_COUNT_OFS_RECORD] = (guint8)(i + 1);
        ccw_store_be16(count + DASD_COUNT_OFS_DL, BLOCK);
    }
    memset(bytes + sizeof(bytes) - DASD_END_SIZE, 0xff, DASD_END_SIZE);
    if (pwrite(other, bytes, sizeof(bytes), (off_t)dasd_track_file_offset(track)) != (ssize_t)sizeof(bytes))
        fail("cannot write");
}

static gint64 now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * G_GINT64_CONSTANT(1000000000) + time.tv_nsec;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const double *one = a, *two = b;

    return *one < *two ? -1 : *one > *two;
}

typedef void (*Work)(guint32 track, guint8 record);

/* Nanoseconds of one of a batch. */
static double measure(Work work, const guint32 *places)
{
    gint64 start = now();

    for (guint i = 0; i < BATCH; i++)
        work(places[i], (guint8)(1 + places[i] % RECORDS));
    return (double)(now() - start) / BATCH;
}

static void print_row(const char *name, GArray *ours, GArray *limit)
{
    double a, b;

    g_array_sort(ours, compare);
    g_array_sort(limit, compare);
    a = g_array_index(ours, double, 0);
    b = g_array_index(limit, double, 0);
    g_print("%-38s %9.0f %9.0f %+9.0f %6.2f   %9.0f %9.0f %6.2f\n", name, a, b, a - b, a / b,
            g_array_index(ours, double, ours->len / 2), g_array_index(limit, double, limit->len / 2),
            g_array_index(ours, double, ours->len / 2) / g_array_index(limit, double, limit->len / 2));
}

/* Both on the same places, turn by turn. */
static void compare_random(const char *name, Work ours, Work limit)
{
    g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(double)), b = g_array_new(FALSE, FALSE, sizeof(double));
    guint32 turn = 0;

    for (gint i = 0; i < options.batches; i++) {
        guint32 places[BATCH];
        double ns;

        /* Far enough from each other that the volume has none of them in its cache. */
        for (guint k = 0; k < BATCH; k++)
            places[k] = (turn += MORE_THAN_THE_CACHE + (guint32)g_random_int_range(0, 16)) % tracks;
        ns = measure(ours, places);
        g_array_append_val(a, ns);
        ns = measure(limit, places);
        g_array_append_val(b, ns);
    }
    print_row(name, a, b);
}

/* Track after track. */
static void compare_formats(const char *name)
{
    g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(double)), b = g_array_new(FALSE, FALSE, sizeof(double));

    for (guint32 track = 0; track + BATCH <= tracks; track += BATCH) {
        guint32 places[BATCH];
        double ns;

        for (guint k = 0; k < BATCH; k++)
            places[k] = track + k;
        ns = measure(format_track, places);
        g_array_append_val(a, ns);
        ns = measure(pwrite_formatted, places);
        g_array_append_val(b, ns);
    }
    print_row(name, a, b);
}

static void open_device(const char *path)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    DasdImageOptions how = { .read_only = FALSE };
    DasdImageInfo info;
    g_autoptr(GError) error = NULL;
    int fd = dasd_image_open(path, &how, &info, &error);

    if (fd >= 0)
        device = dasd_device_new(fd, &config, &error);
    if (!device)
        fail(error->message);
    tracks = (guint32)options.cylinders * DASD_3390_HEADS;
}

static void run_all(const char *path)
{
    g_print("%-38s %9s %9s %9s %6s   %9s %9s %6s\n", "ns an operation: fastest, then median", "device", "limit", "more",
            "ratio", "device", "limit", "ratio");
    compare_formats("format a track that is a hole");
    compare_formats("format a track again");
    /* A volume that was there before: nothing of it is known. */
    dasd_device_free(device);
    open_device(path);
    for (guint32 track = 0; track < tracks; track++) {
        format_track(track, 0);
        pwrite_formatted(track, 0);
    }
    compare_random("read 4 KiB", read_record, pread_record);
    compare_random("read a track", read_track, pread_track);
    compare_random("write 4 KiB", write_record, pwrite_record);
    compare_random("write a track", write_track, pwrite_track);
}

/* Formats of tracks, one in each slot, as format_track() does it. */
static void make_formats(const Core *core)
{
    for (guint32 track = 0; track < core->n_slots; track++) {
        guint8 *slot = core_slot(core, track), *orb = slot + CORE_SLOT_ORB;
        guint32 at = CORE_SLOT_DATA;

        n_ccws = 0;
        format_program(track);
        ccw_store_be32(orb + CCW_ORB_OFS_FLAGS, CCW_ORB_FORMAT1 | CCW_ORB_PREFETCH | 0xffu << CCW_ORB_LPM_SHIFT);
        ccw_store_be32(orb + CCW_ORB_OFS_CPA, core_slot_address(track) + CORE_SLOT_CCWS);
        for (guint i = 0; i < n_ccws; i++) {
            guint8 *ccw = slot + CORE_SLOT_CCWS + i * CCW_SIZE;
            guint16 count = ccw_load_be16(program.ccw[i] + CCW_OFS_COUNT);

            memcpy(ccw, program.ccw[i], CCW_SIZE);
            ccw_store_be32(ccw + CCW_OFS_CDA, core_slot_address(track) + at);
            memcpy(slot + at, GSIZE_TO_POINTER(program.cda[i]), count);
            at += (count + 7u) & ~7u;
        }
    }
}

/* Seconds that Hercules needs for so many formats, its start and end included; a negative number if it cannot run. */
static double run_hercules(guint n, const char *path, const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_auto(Core) core = { NULL };
    gint64 start;

    core_init(&core, n);
    make_formats(&core);
    start = now();
    if (!oracle_run_hercules(&core, path, folder, 300, &error)) {
        g_print("Hercules: %s\n", error->message);
        return -1;
    }
    for (guint i = 0; i < n; i++)
        if (core_slot(&core, i)[CORE_SLOT_IRB + CCW_IRB_OFS_SCSW + CCW_SCSW_OFS_DSTAT] !=
            (CCW_DSTAT_CHANNEL_END | CCW_DSTAT_DEVICE_END))
            fail("Hercules did not format a track");
    return (double)(now() - start) / 1e9;
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

/* Hercules knows no holes: its image has empty tracks. Of its time the start and the end are taken off. */
static void compare_with_hercules(void)
{
    g_autofree char *folder =
        g_strdup_printf("%s/bench-device.%d", options.folder ? options.folder : ".", (int)getpid());
    g_autofree char *path = g_build_filename(folder, "image", NULL),
                    *cylinders = g_strdup_printf("%d", options.cylinders);
    const char *const argv[] = { "dasdinit", "-lfs", path, "3390", "BENCH1", cylinders, NULL };
    double all, one, here;
    gint64 start;

    g_mkdir(folder, 0700);
    if (g_spawn_sync(NULL, (char **)argv, NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                     NULL, NULL, NULL) &&
        g_file_test(path, G_FILE_TEST_EXISTS)) {
        all = run_hercules(tracks, path, folder);
        one = run_hercules(1, path, folder);
        start = now();
        for (guint32 track = 0; track < tracks; track++)
            format_track(track, 0);
        here = (double)(now() - start) / 1e9;
        if (all >= 0 && one >= 0)
            g_print("dasdfmt's programs for %u tracks: %.3f s, Hercules %.3f s (%.3f s less %.3f s for one)\n", tracks,
                    here, all - one, all, one);
    } else {
        g_print("Hercules is not installed: not compared\n");
    }
    remove_folder(folder);
}

/* A descriptor of a new image, beside its path. */
static int make_image(const char *name, char **ret_path)
{
    g_autoptr(GError) error = NULL;
    int fd;

    *ret_path = g_strdup_printf("%s/bench-device.%d.%s", options.folder ? options.folder : ".", (int)getpid(), name);
    if (!dasd_image_create(*ret_path, NULL, (guint32)options.cylinders, NULL, &error))
        fail(error->message);
    fd = g_open(*ret_path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        fail(g_strerror(errno));
    return fd;
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- channel programs beside the bytes they move");
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL, *other_path = NULL, *new_path = NULL;

    setlocale(LC_ALL, "");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        fail(error->message);
    image = make_image("ckd", &path);
    other = make_image("other.ckd", &other_path);
    open_device(path);
    run_all(path);
    dasd_device_free(device);
    close(image);
    close(other);
    g_unlink(path);
    g_unlink(other_path);
    /* On a new image: its tracks are holes. */
    image = make_image("new.ckd", &new_path);
    open_device(new_path);
    compare_with_hercules();
    dasd_device_free(device);
    close(image);
    g_unlink(new_path);
    return 0;
}
