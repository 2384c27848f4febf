/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Known errors of the kernel's vfio-ccw outside of the translation, by CVE number.
 * tests/unit/channel/test-channel-cve.c has the others.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/endian.h"
#include "vfio-client.h"

#define PROGRAM 0x1000u
#define DATA 0x3000u
#define HIGH 0x10000000u
#define SECONDS_TENTHS 7

/* The kernel used a region's index from the file offset or the argument without a check. */
static void test_80552(void)
{
    static const guint64 indexes[] = { 4, 5, 63, 255, G_MAXUINT32, G_MAXUINT64 >> 11 };
    g_auto(VfioClient) client = { 0 };
    guint8 buffer[128] = { 0 };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    for (gsize i = 0; i < G_N_ELEMENTS(indexes); i++) {
        struct vfio_region_info info = { .argsz = sizeof(info), .index = (guint32)indexes[i] };
        off_t offset = (off_t)(indexes[i] << 10);

        g_assert_cmpint(pread(client.device, buffer, sizeof(buffer), offset), ==, -1);
        g_assert_cmpint(errno, ==, EINVAL);
        g_assert_cmpint(pwrite(client.device, buffer, sizeof(buffer), offset), ==, -1);
        g_assert_cmpint(errno, ==, EINVAL);
        g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_GET_REGION_INFO, &info), ==, -1);
        g_assert_cmpint(errno, ==, EINVAL);
    }
}

typedef struct {
    VfioClient client;
    gint stop;
    gint started, halted, rejected, mapped; /* counts of what happened, to show that the threads did meet */
} Race;

static gpointer start_and_fetch(gpointer data)
{
    Race *race = data;
    struct ccw_io_region region;

    while (!g_atomic_int_get(&race->stop)) {
        g_atomic_int_inc(vfio_client_start(&race->client, CLIENT_ORB_FLAGS, PROGRAM) == 0 ? &race->started
                                                                                          : &race->rejected);
        g_assert_cmpint(pread(race->client.device, &region, sizeof(region), 0), ==, sizeof(region));
    }
    return NULL;
}

static gpointer halt_and_clear(gpointer data)
{
    Race *race = data;

    for (guint n = 0; !g_atomic_int_get(&race->stop); n++) {
        if (vfio_client_command(&race->client, n % 2 ? VFIO_CCW_ASYNC_CMD_CSCH : VFIO_CCW_ASYNC_CMD_HSCH) == 0)
            g_atomic_int_inc(&race->halted);
        if (n % 16 == 0)
            g_assert_cmpint(ioctl(race->client.device, VFIO_DEVICE_RESET), ==, 0);
    }
    return NULL;
}

/* The storage that programs use is mapped and unmapped. Behind it there is a gap. */
static gpointer map_and_unmap(gpointer data)
{
    Race *race = data;

    while (!g_atomic_int_get(&race->stop)) {
        struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map), .flags = 3, .iova = HIGH, .size = 0x10000 };
        struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap), .iova = HIGH, .size = map.size };
        guint8 *memory = mmap(NULL, map.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        map.vaddr = (guint64)(guintptr)memory;
        g_assert_cmpint(ioctl(race->client.container, VFIO_IOMMU_MAP_DMA, &map), ==, 0);
        g_thread_yield();
        g_assert_cmpint(ioctl(race->client.container, VFIO_IOMMU_UNMAP_DMA, &unmap), ==, 0);
        munmap(memory, map.size);
        g_atomic_int_inc(&race->mapped);
    }
    return NULL;
}

/*
 * Several threads of the kernel used and freed the program and the status at once (start, halt, clear, reset, the
 * interrupt, the end of a mapping). Here a use of unmapped storage ends the test with a signal, and the sanitizers find
 * the rest.
 */
static void test_80547_80549(void)
{
    static const GThreadFunc functions[] = { start_and_fetch, start_and_fetch, halt_and_clear, map_and_unmap };
    GThread *threads[G_N_ELEMENTS(functions)];
    Race race = { .stop = 0 };
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open(&race.client, "/dev/vfio/0", UUID_RW);
    for (guint32 i = 0; i < 40; i++)
        vfio_client_put_ccw(&race.client, PROGRAM + i * 8, CCW_CMD_SENSE_ID, CCW_FLAG_CC | CCW_FLAG_SLI, 4096,
                            i % 4 ? DATA : HIGH + 0x800 * i % 0x8000);
    vfio_client_put_ccw(&race.client, PROGRAM + 40 * 8, CCW_CMD_NOOP, 0, 0, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(functions); i++)
        threads[i] = g_thread_new("race", functions[i], &race);
    g_usleep(SECONDS_TENTHS * G_USEC_PER_SEC / 10);
    g_atomic_int_set(&race.stop, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(functions); i++)
        g_thread_join(threads[i]);
    g_test_message("%d started, %d rejected, %d halted or cleared, %d mapped", race.started, race.rejected, race.halted,
                   race.mapped);
    g_assert_cmpint(race.started, >, 0);
    g_assert_cmpint(race.halted, >, 0);
    g_assert_cmpint(race.mapped, >, 0);

    /* And the device still works. */
    g_assert_cmpint(ioctl(race.client.device, VFIO_DEVICE_RESET), ==, 0);
    vfio_client_is_interrupted(&race.client, VFIO_CCW_IO_IRQ_INDEX);
    g_assert_cmpint(vfio_client_start(&race.client, CLIENT_ORB_FLAGS, PROGRAM + 40 * 8), ==, 0);
    vfio_client_wait(&race.client, irb);
    g_assert_cmphex(ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL), ==, 0x4007);
    vfio_client_close(&race.client);
}

int main(int argc, char **argv)
{
    vfio_client_become_qemu(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio/cve-2026-80552/region-index", test_80552);
    g_test_add_func("/vfio/cve-2026-80547-80549/locks", test_80547_80549);
    return g_test_run();
}
