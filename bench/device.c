/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times channel programs on the device library, and pread(2) and pwrite(2) of the same bytes of the same file, in
 * turns, at depth 1. README.md says which bytes these are. Prints the fastest of many batches, and their median.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-image.h"
#include "device-hercules.h"
#include "device-programs.h"

#define BATCH 32
#define MORE_THAN_THE_CACHE 64 /* tracks between two accesses to one track */

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

static BenchImages images = { .image = -1, .other = -1 };
static guint32 tracks;

void bench_fail(const char *what)
{
    g_printerr("bench-device: %s\n", what);
    exit(1);
}

gint64 bench_now(void)
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

/* Returns the nanoseconds of one operation in a batch. */
static double measure(BenchWork work, const guint32 *numbers)
{
    gint64 start = bench_now();

    for (guint i = 0; i < BATCH; i++)
        work(numbers[i], (guint8)(1 + numbers[i] % BENCH_RECORDS));
    return (double)(bench_now() - start) / BATCH;
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

/*
 * Chooses tracks so far apart that neither the volume nor the processor has them in its cache. Device and reference use
 * different tracks, because otherwise the second one would find the data of the first in the cache of the processor.
 */
static void choose_tracks(guint32 numbers[BATCH])
{
    static guint32 turn;

    for (guint i = 0; i < BATCH; i++)
        numbers[i] = (turn += MORE_THAN_THE_CACHE + (guint32)g_random_int_range(0, 16)) % tracks;
}

/* Runs device and reference in turns. */
static void compare_random(const char *name, BenchWork ours, BenchWork limit)
{
    g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(double)), b = g_array_new(FALSE, FALSE, sizeof(double));

    for (gint i = 0; i < options.batches; i++) {
        guint32 numbers[BATCH];
        double ns;

        choose_tracks(numbers);
        ns = measure(ours, numbers);
        g_array_append_val(a, ns);
        choose_tracks(numbers);
        ns = measure(limit, numbers);
        g_array_append_val(b, ns);
    }
    print_row(name, a, b);
}

/* Track after track. */
static void compare_formats(const char *name)
{
    g_autoptr(GArray) a = g_array_new(FALSE, FALSE, sizeof(double)), b = g_array_new(FALSE, FALSE, sizeof(double));

    for (guint32 track = 0; track + BATCH <= tracks; track += BATCH) {
        guint32 numbers[BATCH];
        double ns;

        for (guint k = 0; k < BATCH; k++)
            numbers[k] = track + k;
        ns = measure(bench_format_track, numbers);
        g_array_append_val(a, ns);
        ns = measure(bench_pwrite_formatted, numbers);
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
        images.device = dasd_device_new(fd, &config, &error);
    if (!images.device)
        bench_fail(error->message);
    tracks = (guint32)options.cylinders * DASD_3390_HEADS;
    bench_use(&images);
}

static void run_all(const char *path)
{
    g_print("%-38s %9s %9s %9s %6s   %9s %9s %6s\n", "ns an operation: fastest, then median", "device", "limit", "more",
            "ratio", "device", "limit", "ratio");
    compare_formats("format a track that is a hole");
    compare_formats("format a track again");
    /* An existing volume, of which the device knows nothing yet. */
    dasd_device_free(images.device);
    open_device(path);
    for (guint32 track = 0; track < tracks; track++) {
        bench_format_track(track, 0);
        bench_pwrite_formatted(track, 0);
    }
    compare_random("read 4 KiB", bench_read_record, bench_pread_record);
    compare_random("read a track", bench_read_track, bench_pread_track);
    compare_random("preadv of a track's data, not the device", bench_preadv_track, bench_pread_track);
    compare_random("write 4 KiB", bench_write_record, bench_pwrite_record);
    compare_random("write a track", bench_write_track, bench_pwrite_track);
}

/* Returns a descriptor of a new image, and its path. */
static int make_image(const char *name, char **ret_path)
{
    g_autoptr(GError) error = NULL;
    int fd;

    *ret_path = g_strdup_printf("%s/bench-device.%d.%s", options.folder, (int)getpid(), name);
    if (!dasd_image_create(*ret_path, NULL, (guint32)options.cylinders, NULL, &error))
        bench_fail(error->message);
    fd = g_open(*ret_path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        bench_fail(g_strerror(errno));
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
        bench_fail(error->message);
    if (!options.folder)
        options.folder = g_strdup(".");
    images.image = make_image("ckd", &path);
    images.other = make_image("other.ckd", &other_path);
    open_device(path);
    run_all(path);
    dasd_device_free(images.device);
    close(images.image);
    close(images.other);
    g_unlink(path);
    g_unlink(other_path);
    /* On a new image, whose tracks are holes. */
    images.image = make_image("new.ckd", &new_path);
    open_device(new_path);
    bench_compare_with_hercules(options.folder, options.cylinders);
    dasd_device_free(images.device);
    close(images.image);
    g_unlink(new_path);
    return 0;
}
