/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-client.h. */
#include "vfio-client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dasd/dasd-image.h"
#include "util/endian.h"
#include "util/lab-protocol.h"

#define QEMU_NAME "qemu-system-s390x"
#define REGION(index) ((off_t)(index) << 10)
#define WAIT_MS 10000

/*
 * Runs this program again under QEMU's name. If an emulator of user space runs the test (MESON_EXE_WRAPPER in a cross
 * build), it is started again, because the host cannot run the program itself. -0 is qemu-user's option for the name.
 */
static void run_as_qemu(char **argv)
{
    const char *wrapper = g_getenv("MESON_EXE_WRAPPER");
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_auto(GStrv) emulator = NULL;
    g_auto(GStrv) command = NULL;
    g_autofree char *self = NULL;

    argv[0] = (char *)QEMU_NAME;
    if (!wrapper) {
        execv("/proc/self/exe", argv);
        return;
    }
    self = g_file_read_link("/proc/self/exe", NULL);
    emulator = g_strsplit(wrapper, " ", -1);
    g_strv_builder_addv(builder, (const char **)emulator);
    g_strv_builder_add_many(builder, "-0", QEMU_NAME, self, NULL);
    g_strv_builder_addv(builder, (const char **)argv + 1);
    command = g_strv_builder_end(builder);
    execv(command[0], command);
}

/* Like any other program, it first sees the kernel's files, whatever the environment is. Then it becomes QEMU. */
void vfio_client_become_qemu(char **argv)
{
    g_autofree char *dir = NULL, *path = NULL;
    g_autofree char *devices = NULL;
    g_autoptr(GError) error = NULL;
    int fds[2], kernel, ours;

    if (strcmp(argv[0], QEMU_NAME) == 0)
        return;
    dir = g_dir_make_tmp("ccw-vfio-XXXXXX", NULL);
    path = g_build_filename(dir, "image", NULL);
    for (guint i = 0; i < 2; i++) {
        if (!dasd_image_create(path, NULL, 2, "TEST01", &error))
            g_error("%s", error->message);
        fds[i] = dup(open(path, i ? O_RDONLY : O_RDWR));
        unlink(path);
    }
    rmdir(dir);
    devices = g_strdup_printf(UUID_RW "=0.0.1234:%d;nonsense;" UUID_RO "=0.0.1235:%d:sync:ro", fds[0], fds[1]);
    g_setenv(CCW_LAB_DEVICES_ENV, devices, TRUE);

    kernel = (int)syscall(SYS_openat, AT_FDCWD, "/dev/vfio/0", O_RDWR);
    ours = open("/dev/vfio/0", O_RDWR);
    g_assert_cmpint(kernel >= 0, ==, ours >= 0);
    run_as_qemu(argv);
    g_error("cannot execute this program anew: %s", g_strerror(errno));
}

int vfio_client_set_irq(VfioClient *client, guint index, int fd)
{
    struct {
        struct vfio_irq_set set;
        gint32 fd;
    } argument = {
        .set = {
            .argsz = sizeof(argument),
            .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
            .index = index,
            .count = 1,
        },
        .fd = fd,
    };

    return ioctl(client->device, VFIO_DEVICE_SET_IRQS, &argument);
}

static void open_container(VfioClient *client, const char *group_path, gulong iommu)
{
    struct vfio_group_status status = { .argsz = sizeof(status) };

    client->container = open("/dev/vfio/vfio", O_RDWR);
    g_assert_cmpint(client->container, >=, 0);
    g_assert_cmpint(ioctl(client->container, VFIO_GET_API_VERSION), ==, VFIO_API_VERSION);
    g_assert_cmpint(ioctl(client->container, VFIO_CHECK_EXTENSION, iommu), ==, 1);
    client->group = open(group_path, O_RDWR);
    g_assert_cmpint(client->group, >=, 0);
    g_assert_cmpint(ioctl(client->group, VFIO_GROUP_GET_STATUS, &status), ==, 0);
    g_assert_cmphex(status.flags, ==, VFIO_GROUP_FLAGS_VIABLE);
    g_assert_cmpint(ioctl(client->group, VFIO_GROUP_SET_CONTAINER, &client->container), ==, 0);
    g_assert_cmpint(ioctl(client->container, VFIO_SET_IOMMU, iommu), ==, 0);
    client->storage = mmap(NULL, CLIENT_STORAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(client->storage != MAP_FAILED);
}

static void open_device(VfioClient *client, const char *uuid)
{
    client->device = ioctl(client->group, VFIO_GROUP_GET_DEVICE_FD, uuid);
    g_assert_cmpint(client->device, >=, 0);
    for (guint i = 0; i < VFIO_CCW_NUM_IRQS; i++) {
        client->irqs[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        g_assert_cmpint(vfio_client_set_irq(client, i, client->irqs[i]), ==, 0);
    }
}

void vfio_client_open(VfioClient *client, const char *group_path, const char *uuid)
{
    struct vfio_iommu_type1_dma_map map = {
        .argsz = sizeof(map),
        .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
        .size = CLIENT_STORAGE,
    };

    open_container(client, group_path, VFIO_TYPE1v2_IOMMU);
    map.vaddr = (guint64)(guintptr)client->storage;
    g_assert_cmpint(ioctl(client->container, VFIO_IOMMU_MAP_DMA, &map), ==, 0);
    open_device(client, uuid);
}

void vfio_client_open_noiommu(VfioClient *client, const char *group_path, const char *uuid)
{
    open_container(client, group_path, VFIO_NOIOMMU_IOMMU);
    open_device(client, uuid);
}

void vfio_client_close(VfioClient *client)
{
    for (guint i = 0; i < VFIO_CCW_NUM_IRQS; i++)
        close(client->irqs[i]);
    g_assert_cmpint(close(client->device), ==, 0);
    g_assert_cmpint(close(client->group), ==, 0);
    g_assert_cmpint(close(client->container), ==, 0);
    munmap(client->storage, CLIENT_STORAGE);
}

static int write_io_region(VfioClient *client, guint32 orb_flags, guint32 cpa, guint16 ctl)
{
    const guint16 ctrl0 = orb_flags >> 16;
    struct ccw_io_region region = { 0 };
    ssize_t written;

    memcpy(region.orb_area + 4, &ctrl0, sizeof(ctrl0));
    region.orb_area[6] = (guint8)(orb_flags >> 8);
    region.orb_area[7] = (guint8)orb_flags;
    memcpy(region.orb_area + 8, &cpa, sizeof(cpa));
    memcpy(region.scsw_area + 2, &ctl, sizeof(ctl));
    written = pwrite(client->device, &region, sizeof(region), REGION(VFIO_CCW_CONFIG_REGION_INDEX));
    return written == sizeof(region) ? 0 : -1;
}

int vfio_client_start(VfioClient *client, guint32 orb_flags, guint32 cpa)
{
    return write_io_region(client, orb_flags, cpa, CHANNEL_SCSW_FCTL_START);
}

int vfio_client_resume(VfioClient *client, guint32 orb_flags, guint32 cpa)
{
    return write_io_region(client, orb_flags, cpa,
                           CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_ACTL_RESUME_PENDING | CHANNEL_SCSW_ACTL_SUSPENDED);
}

int vfio_client_command(VfioClient *client, guint32 command)
{
    struct ccw_cmd_region region = { .command = command };

    return pwrite(client->device, &region, sizeof(region), REGION(1)) == sizeof(region) ? 0 : -1;
}

void vfio_client_wait(VfioClient *client, guint8 irb[CHANNEL_IRB_SIZE])
{
    struct pollfd poll_fd = { .fd = client->irqs[VFIO_CCW_IO_IRQ_INDEX], .events = POLLIN };
    struct ccw_io_region region;

    g_assert_cmpint(poll(&poll_fd, 1, WAIT_MS), ==, 1);
    g_assert_true(vfio_client_is_interrupted(client, VFIO_CCW_IO_IRQ_INDEX));
    g_assert_cmpint(pread(client->device, &region, sizeof(region), 0), ==, sizeof(region));
    memcpy(irb, region.irb_area, CHANNEL_IRB_SIZE);
}

gboolean vfio_client_is_interrupted(VfioClient *client, guint index)
{
    guint64 count;

    return read(client->irqs[index], &count, sizeof(count)) == sizeof(count);
}

void vfio_client_put_ccw(VfioClient *client, guint32 at, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint8 *ccw = client->storage + at;

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, cda);
}
