/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cost of tracing: the dedicated request through a subchannel that was compiled without tracing (untraced/), and
 * through the real one without a tracer and with one. README.md says more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dasd/dasd-image.h"
#include "trace/trace-reader.h"
#include "util/endian.h"
#include "vfio/vfio-subchannel.h"
#include "vfio/vfio-trace.h"

#define BATCHES 4000
#define BATCH_CALLS 100
#define SENSES 12

/* vfio-subchannel.c, compiled again with untraced/vfio/vfio-trace.h and other names. */
VfioSubchannel *untraced_subchannel_new(int image_fd, const DasdDeviceConfig *config, VfioMemory *memory,
                                        VfioIrqs *irqs, GError **error);
void untraced_subchannel_free(VfioSubchannel *sch);
int untraced_subchannel_request(VfioSubchannel *sch, CcwCmdRequest *request);

typedef int (*RequestFunc)(VfioSubchannel *sch, CcwCmdRequest *request);

typedef struct {
    VfioMemory *memory;
    VfioIrqs irqs;
    VfioSubchannel *untraced;
    VfioSubchannel *traced;
    ChannelProgram program;
    CcwCmdRequest request;
} Bench;

static void check(gboolean good, const GError *error)
{
    if (good)
        return;
    fprintf(stderr, "bench-trace: %s\n", error ? error->message : "a request failed");
    exit(1);
}

/* Makes a device for each subchannel, on its own image. */
static int make_image(void)
{
    DasdImageOptions options = { .read_only = FALSE };
    g_autofree char *folder = g_dir_make_tmp("bench-trace-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "image", NULL);
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    int fd;

    check(dasd_image_create(path, NULL, 1, "BENCH1", &error), error);
    fd = dasd_image_open(path, &options, &info, &error);
    check(fd >= 0, error);
    unlink(path);
    rmdir(folder);
    return fd;
}

static void put_ccw(Bench *bench, guint8 cmd, guint8 flags, void *data, guint16 count)
{
    guint i = bench->request.ccw_count++;
    guint8 *ccw = bench->program.ccw[i];

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, CHANNEL_PROGRAM_CDA_OFS + i * 8);
    bench->program.cda[i] = (guint64)(guintptr)data;
}

static void begin(Bench *bench)
{
    bench->request = (CcwCmdRequest){
        .argsz = sizeof(bench->request),
        .program = (guint64)(guintptr)&bench->program,
    };
    ccw_store_be32(bench->request.orb + CHANNEL_ORB_OFS_FLAGS,
                   CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | 0x8000);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Returns the nanoseconds of one request: the best so far, or those of one more batch. */
static double measure(Bench *bench, RequestFunc perform, VfioSubchannel *sch, double best)
{
    double start = now(), took;

    for (guint i = 0; i < BATCH_CALLS; i++)
        check(perform(sch, &bench->request) == 0, NULL);
    took = (now() - start) / BATCH_CALLS;
    return MIN(best, took);
}

static void print_row(Bench *bench, const char *name)
{
    double untraced = G_MAXDOUBLE, off = G_MAXDOUBLE, on = G_MAXDOUBLE;
    g_autoptr(GError) error = NULL;
    TraceReader *reader;

    for (guint i = 0; i < BATCHES; i++) {
        untraced = measure(bench, untraced_subchannel_request, bench->untraced, untraced);
        off = measure(bench, vfio_subchannel_request, bench->traced, off);
    }
    check(bench->request.irb[CHANNEL_SCSW_OFS_DSTAT] == (CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END), NULL);
    reader = trace_reader_attach(getpid(), TRACE_DATA_DEFAULT, &error);
    check(reader != NULL, error);
    for (guint i = 0; i < BATCHES / 10; i++)
        on = measure(bench, vfio_subchannel_request, bench->traced, on);
    trace_reader_free(reader);
    /* Tracing ends with the first request after the last tracer's deadline. */
    while (trace_ring_is_enabled(vfio_trace_ring))
        measure(bench, vfio_subchannel_request, bench->traced, 0);
    printf("%-24s %12.0f %8.0f %8.2f %8.0f %8.2f\n", name, untraced, off, off / untraced, on, on / untraced);
}

static void put_senses(Bench *bench)
{
    static guint8 id[20];

    begin(bench);
    for (guint i = 0; i < SENSES; i++)
        put_ccw(bench, CCW_CMD_SENSE_ID, CCW_FLAG_SLI | (i + 1 < SENSES ? CCW_FLAG_CC : 0), id, sizeof(id));
}

int main(void)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    g_autoptr(GError) error = NULL;
    g_autofree Bench *bench = g_new0(Bench, 1);

    bench->memory = vfio_memory_new();
    vfio_irqs_init(&bench->irqs);
    bench->untraced = untraced_subchannel_new(make_image(), &config, bench->memory, &bench->irqs, &error);
    check(bench->untraced != NULL, error);
    bench->traced = vfio_subchannel_new(make_image(), -1, &config, bench->memory, &bench->irqs, &error);
    check(bench->traced != NULL, error);

    printf("%-24s %12s %8s %8s %8s %8s\n", "request", "untraced ns", "off ns", "ratio", "on ns", "ratio");
    begin(bench);
    put_ccw(bench, CCW_CMD_NOOP, CCW_FLAG_SLI, NULL, 0);
    print_row(bench, "NO-OPERATION");
    put_senses(bench);
    print_row(bench, "12 SENSE ID");

    untraced_subchannel_free(bench->untraced);
    vfio_subchannel_free(bench->traced);
    vfio_irqs_clear(&bench->irqs);
    vfio_memory_free(bench->memory);
    return 0;
}
