/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vfio-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dasd/dasd-image.h"
#include "util/endian.h"

#define SOON 8000 /* ms */

int vfio_fixture_make_image(void)
{
    g_autofree char *folder = g_dir_make_tmp("ccw-unsolicited-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "image", NULL);
    g_autoptr(GError) error = NULL;
    int fd;

    dasd_image_create(path, NULL, 2, NULL, &error);
    g_assert_no_error(error);
    fd = open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_unlink(path);
    g_rmdir(folder);
    return fd;
}

void vfio_fixture_set_up(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map), .flags = 3, .size = VFIO_FIXTURE_STORAGE };
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    g_autoptr(GError) error = NULL;

    f->storage = mmap(NULL, VFIO_FIXTURE_STORAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map.vaddr = (guint64)(guintptr)f->storage;
    f->memory = vfio_memory_new();
    g_assert_cmpint(vfio_memory_map(f->memory, &map), ==, 0);
    vfio_irqs_init(&f->irqs);
    f->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g_assert_cmpint(vfio_irqs_set(&f->irqs, VFIO_CCW_IO_IRQ_INDEX, f->eventfd), ==, 0);
    f->sch = vfio_subchannel_new(vfio_fixture_make_image(), -1, &config, f->memory, &f->irqs, &error);
    g_assert_no_error(error);
}

void vfio_fixture_tear_down(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    if (f->sch)
        vfio_subchannel_free(f->sch);
    vfio_irqs_clear(&f->irqs);
    vfio_memory_free(f->memory);
    close(f->eventfd);
    munmap(f->storage, VFIO_FIXTURE_STORAGE);
}

gboolean vfio_fixture_is_signalled(VfioFixture *f, int timeout)
{
    struct pollfd poll_fd = { .fd = f->eventfd, .events = POLLIN };

    return poll(&poll_fd, 1, timeout) == 1;
}

void vfio_fixture_wait_signal(VfioFixture *f)
{
    guint64 count;

    g_assert_true(vfio_fixture_is_signalled(f, SOON));
    g_assert_cmpint(read(f->eventfd, &count, sizeof(count)), ==, sizeof(count));
}

/* The eventfd first, as QEMU does it. */
void vfio_fixture_wait_status(VfioFixture *f)
{
    vfio_fixture_wait_signal(f);
    g_assert_cmpint(vfio_subchannel_fetch(f->sch, f->irb), ==, 0);
}

void vfio_fixture_put_ccw(VfioFixture *f, guint index, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint8 *ccw = f->storage + VFIO_FIXTURE_PROGRAM + index * CCW_SIZE;

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, cda);
}

void vfio_fixture_start(VfioFixture *f)
{
    const guint8 scsw[CHANNEL_SCSW_SIZE] = { 0, 0, 0x40 };
    guint8 orb[CHANNEL_ORB_SIZE] = { 0 };

    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | 0x8000);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, VFIO_FIXTURE_PROGRAM);
    g_assert_cmpint(vfio_subchannel_start(f->sch, orb, scsw), ==, 0);
}
