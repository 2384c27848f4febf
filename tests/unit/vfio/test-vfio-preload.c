/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The preloaded library with a client that has QEMU's name. The library is linked before the C library, so that its
 * functions take precedence as if it were preloaded. The devices: vfio-client.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dasd/dasd-codes.h"
#include "dasd/dasd-image.h"
#include "util/endian.h"
#include "util/lab-protocol.h"
#include "vfio-client.h"

#define PROGRAM 0x1000u
#define DATA 0x3000u
#define TRIES 200

#define assert_fails(call, errnum)                                                                                     \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        g_assert_cmpint(call, ==, -1);                                                                                 \
        g_assert_cmpint(errno, ==, errnum);                                                                            \
    } while (0)

static guint16 irb_ctl(const guint8 *irb)
{
    return ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL);
}

static void assert_sense_id(const guint8 *data)
{
    static const guint8 expected[] = { 0xff, 0x39, 0x90, 0xe9, 0x33, 0x90 };

    g_assert_cmpmem(data, sizeof(expected), expected, sizeof(expected));
}

static void test_sense_id(void)
{
    g_auto(VfioClient) client = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_SENSE_ID, CCW_FLAG_SLI, 256, DATA);
    for (guint i = 0; i < 3; i++) {
        memset(client.storage + DATA, 0, 256);
        g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
        vfio_client_wait(&client, irb);
        g_assert_cmphex(irb_ctl(irb), ==, 0x4007);
        g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), ==, PROGRAM + CCW_SIZE);
        g_assert_cmphex(irb[CHANNEL_SCSW_OFS_DSTAT], ==, CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END);
        g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, 0);
        g_assert_cmphex(irb[CHANNEL_IRB_OFS_ESW + 1], ==, 0x80);
        assert_sense_id(client.storage + DATA);
    }
}

/* Storage above 4 GiB in a second mapping, which format-2 IDAWs reach. */
static void test_high_storage(void)
{
    g_auto(VfioClient) client = { 0 };
    struct vfio_iommu_type1_dma_map map = {
        .argsz = sizeof(map),
        .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
        .iova = 0x100000000,
        .size = 0x10000,
    };
    guint8 *high = mmap(NULL, map.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    guint8 irb[CHANNEL_IRB_SIZE];

    g_assert_true(high != MAP_FAILED);
    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    map.vaddr = (guint64)(guintptr)high;
    g_assert_cmpint(ioctl(client.container, VFIO_IOMMU_MAP_DMA, &map), ==, 0);
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_SENSE_ID, CCW_FLAG_SLI | CCW_FLAG_IDA, 64, 0x2000);
    ccw_store_be64(client.storage + 0x2000, 0x100003ffd);
    ccw_store_be64(client.storage + 0x2008, 0x100001000);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, 0);
    memmove(high + 0x1003, high + 0x1000, 3);
    memcpy(high + 0x1000, high + 0x3ffd, 3);
    assert_sense_id(high + 0x1000);
    munmap(high, map.size);
}

static void test_request(void)
{
    g_auto(VfioClient) client = { 0 };
    g_autofree ChannelProgram *program = g_new0(ChannelProgram, 1);
    guint8 data[256] = { 0 };
    CcwCmdRequest request = { .argsz = sizeof(request), .ccw_count = 2 };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    ccw_store_be32(request.orb + CHANNEL_ORB_OFS_FLAGS, CLIENT_ORB_FLAGS);
    request.program = (guint64)(guintptr)program;
    ccw_store_be64(program->ccw[0], 0xe420010000000800);
    ccw_store_be64(program->ccw[1], 0x0300000000000808);
    program->cda[0] = (guint64)(guintptr)data;
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_CCW_CMD_REQUEST, &request), ==, 0);
    g_assert_cmphex(ccw_load_be32(request.irb + CHANNEL_SCSW_OFS_CPA), ==, CCW_SIZE);
    g_assert_cmphex(request.irb[CHANNEL_SCSW_OFS_DSTAT], ==, CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END);
    assert_sense_id(data);
    /* The status belongs to the caller of the request, not to the guest. */
    g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_IO_IRQ_INDEX));

    request.argsz--;
    assert_fails(ioctl(client.device, VFIO_DEVICE_CCW_CMD_REQUEST, &request), EINVAL);
    request.argsz++;
    request.ccw_count = 257;
    assert_fails(ioctl(client.device, VFIO_DEVICE_CCW_CMD_REQUEST, &request), EINVAL);
    assert_fails(ioctl(client.device, VFIO_DEVICE_CCW_CMD_REQUEST, NULL), EFAULT);
}

static void test_bad_programs(void)
{
    static const struct {
        guint8 cmd, flags;
        guint16 count;
        guint32 cda;
        guint8 dstat, cstat;
    } second[] = {
        { 0x5f, 0, 1, DATA, 0x0e, 0 },                             /* no such command */
        { DASD_CODE_READ_IPL, 0, 0x100, CLIENT_STORAGE, 0, 0x20 }, /* no such storage */
        { DASD_CODE_READ_IPL, 0, 0x100, 0xffffff00, 0, 0x20 },
        { CCW_CMD_TIC, 0, 0, PROGRAM + CCW_SIZE, 0, 0x20 },
    };
    g_auto(VfioClient) client = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    for (gsize i = 0; i < G_N_ELEMENTS(second); i++) {
        vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_NOOP, CCW_FLAG_CC | CCW_FLAG_SLI, 1, 0);
        vfio_client_put_ccw(&client, PROGRAM + CCW_SIZE, second[i].cmd, second[i].flags, second[i].count,
                            second[i].cda);
        g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
        vfio_client_wait(&client, irb);
        g_assert_cmphex(irb_ctl(irb), ==, 0x4017);
        g_assert_cmphex(irb[CHANNEL_SCSW_OFS_DSTAT], ==, second[i].dstat);
        g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, second[i].cstat);
        g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), ==, PROGRAM + 2 * CCW_SIZE);
        /* Concurrent sense, shown by E, L and the ERW. */
        g_assert_cmpint(irb[CHANNEL_IRB_OFS_ECW] == 0x80, ==, second[i].dstat != 0);
    }
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, CLIENT_STORAGE), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), ==, CLIENT_STORAGE + CCW_SIZE);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PROGRAM_CHECK);

    /* Transport mode is not supported: the ORB is invalid. */
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS | CHANNEL_ORB_TRANSPORT, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PROGRAM_CHECK);
}

/* A program without end (the device ends it at some time), and waiting until the device works on it. */
static void start_endless(VfioClient *client)
{
    for (guint32 i = 0; i < 250; i++)
        vfio_client_put_ccw(client, PROGRAM + i * CCW_SIZE, CCW_CMD_SENSE_ID, CCW_FLAG_CC | CCW_FLAG_SLI, 256, DATA);
    vfio_client_put_ccw(client, PROGRAM + 250 * CCW_SIZE, CCW_CMD_TIC, 0, 0, PROGRAM);
    for (guint i = 0; i < TRIES; i++) {
        guint8 irb[CHANNEL_IRB_SIZE];

        g_assert_cmpint(vfio_client_start(client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
        if (vfio_client_start(client, CLIENT_ORB_FLAGS, PROGRAM) == 0) {
            /* It ended before the first check, and the second check saw no change: try again. */
            vfio_client_wait(client, irb);
            continue;
        }
        g_assert_cmpint(errno, ==, EBUSY);
        return;
    }
    g_error("the device was never seen busy");
}

static void test_halt(void)
{
    g_auto(VfioClient) client = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE];
    guint halted = 0;

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    g_assert_cmpint(vfio_client_command(&client, VFIO_CCW_ASYNC_CMD_HSCH), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb_ctl(irb), ==, CHANNEL_SCSW_FCTL_HALT | CHANNEL_SCSW_STCTL_PENDING);

    for (guint i = 0; i < TRIES && !halted; i++) {
        start_endless(&client);
        if (vfio_client_command(&client, VFIO_CCW_ASYNC_CMD_HSCH) == 0)
            halted++;
        else
            g_assert_cmpint(errno, ==, EBUSY); /* its status came first */
        vfio_client_wait(&client, irb);
    }
    g_assert_cmpuint(halted, ==, 1);
    g_assert_cmphex(irb_ctl(irb) & 0x7000, ==, CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_FCTL_HALT);
    g_assert_cmphex(irb_ctl(irb) & 0x07, ==, 0x07);
    g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), >, PROGRAM);
}

static void test_clear(void)
{
    g_auto(VfioClient) client = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE], expected[CHANNEL_IRB_SIZE] = { 0, 0, 0x10, 0x01 };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    start_endless(&client);
    g_assert_cmpint(vfio_client_command(&client, VFIO_CCW_ASYNC_CMD_CSCH), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmpmem(irb, sizeof(irb), expected, sizeof(expected));
    /* No status of the program follows, and the device is free. */
    g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_IO_IRQ_INDEX));
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_NOOP, 0, 0, 0);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb_ctl(irb), ==, 0x4007);
    assert_fails(vfio_client_command(&client, 3), EINVAL);
}

/* CANCEL SUBCHANNEL does not report: the status of the cancelled program must not come with the next program's. */
static void test_cancelled(void)
{
    g_auto(VfioClient) client = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_NOOP, 0, 0, 0);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    while (vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM) < 0)
        g_assert_cmpint(errno, ==, EBUSY);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb_ctl(irb), ==, 0x4007);
    g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_IO_IRQ_INDEX));
}

static void test_reset_and_close_busy(void)
{
    g_auto(VfioClient) client = { 0 };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    start_endless(&client);
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_RESET), ==, 0);
    g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_IO_IRQ_INDEX));
    start_endless(&client);
}

static void test_unmap_busy(void)
{
    g_auto(VfioClient) client = { 0 };
    struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap), .size = CLIENT_STORAGE };
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    start_endless(&client);
    g_assert_cmpint(ioctl(client.container, VFIO_IOMMU_UNMAP_DMA, &unmap), ==, 0);
    g_assert_cmpuint(unmap.size, ==, CLIENT_STORAGE);
    /* The device does not write there any more. */
    g_assert_cmpint(mprotect(client.storage, CLIENT_STORAGE, PROT_NONE), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb_ctl(irb) & 0x4007, ==, 0x4007);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PROGRAM_CHECK);
}

static void test_read_only(void)
{
    g_auto(VfioClient) client = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open(&client, "/dev/vfio/2", UUID_RO);
    /* Define extent for the first track with all writes allowed; locate record for a write; write data. */
    client.storage[DATA] = 0xc0;
    client.storage[DATA + 1] = 0xc0;
    vfio_client_put_ccw(&client, PROGRAM, DASD_CODE_DEFINE_EXTENT, CCW_FLAG_CC, 16, DATA);
    client.storage[DATA + 0x100] = 0x03;
    client.storage[DATA + 0x103] = 1;
    vfio_client_put_ccw(&client, PROGRAM + 8, DASD_CODE_LOCATE_RECORD, CCW_FLAG_CC, 16, DATA + 0x100);
    vfio_client_put_ccw(&client, PROGRAM + 16, DASD_CODE_WRITE_CKD, CCW_FLAG_SLI, 8, DATA + 0x200);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_DSTAT] & CHANNEL_DSTAT_UNIT_CHECK, !=, 0);
}

static void test_information(void)
{
    g_auto(VfioClient) client = { 0 };
    struct vfio_device_info device = { .argsz = sizeof(device) };
    struct {
        struct vfio_region_info info;
        struct vfio_region_info_cap_type type;
    } region = { .info = { .argsz = sizeof(region.info) } };
    struct vfio_irq_info irq = { .argsz = sizeof(irq) };
    struct ccw_schib_region schib;
    struct ccw_crw_region crw = { .crw = 1 };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_GET_INFO, &device), ==, 0);
    g_assert_cmphex(device.flags, ==, VFIO_DEVICE_FLAGS_CCW | VFIO_DEVICE_FLAGS_RESET);
    g_assert_cmpuint(device.num_regions, ==, 4);
    g_assert_cmpuint(device.num_irqs, ==, 3);
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_GET_REGION_INFO, &region), ==, 0);
    g_assert_cmpuint(region.info.size, ==, 124);

    /* QEMU asks with 32 bytes, and then with the size that the answer names. */
    region.info.index = 2;
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_GET_REGION_INFO, &region), ==, 0);
    g_assert_cmpuint(region.info.argsz, ==, 48);
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_GET_REGION_INFO, &region), ==, 0);
    g_assert_cmpuint(region.info.cap_offset, ==, sizeof(region.info));
    g_assert_cmpuint(region.type.type, ==, VFIO_REGION_TYPE_CCW);
    g_assert_cmpuint(region.type.subtype, ==, VFIO_REGION_SUBTYPE_CCW_SCHIB);
    g_assert_cmpint(pread(client.device, &schib, sizeof(schib), (off_t)region.info.offset), ==, sizeof(schib));
    g_assert_cmphex(schib.schib_area[15], ==, 0x80);
    g_assert_cmpint(pread(client.device, &crw, sizeof(crw), 3 << 10), ==, sizeof(crw));
    g_assert_cmpuint(crw.crw, ==, 0);

    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_GET_IRQ_INFO, &irq), ==, 0);
    g_assert_cmpuint(irq.count, ==, 1);

    device.argsz = 8;
    assert_fails(ioctl(client.device, VFIO_DEVICE_GET_INFO, &device), EINVAL);
    region.info.index = 4;
    assert_fails(ioctl(client.device, VFIO_DEVICE_GET_REGION_INFO, &region), EINVAL);
    irq.index = 3;
    assert_fails(ioctl(client.device, VFIO_DEVICE_GET_IRQ_INFO, &irq), EINVAL);
    assert_fails(ioctl(client.device, VFIO_DEVICE_GET_INFO, NULL), EFAULT);
    assert_fails(ioctl(client.device, VFIO_IOMMU_GET_INFO, &device), ENOTTY);
}

static void test_region_bounds(void)
{
    static const struct {
        gsize count;
        off_t offset;
    } bad[] = {
        { 125, 0 }, { 1, 124 }, { 8, 120 }, { 9, 1 << 10 }, { 53, 2 << 10 }, { 1, 4 << 10 }, { 4, G_MAXINT64 },
    };
    g_auto(VfioClient) client = { 0 };
    guint8 buffer[256] = { 0 };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        assert_fails(pread(client.device, buffer, bad[i].count, bad[i].offset), EINVAL);
        assert_fails(pwrite(client.device, buffer, bad[i].count, bad[i].offset), EINVAL);
    }
    assert_fails(pwrite(client.device, buffer, 52, 2 << 10), EINVAL);
    assert_fails(pwrite(client.device, buffer, 8, 3 << 10), EINVAL);
    /* No function bit. */
    assert_fails(pwrite(client.device, buffer, 124, 0), EOPNOTSUPP);
    assert_fails(pread(client.group, buffer, 1, 0), EINVAL);
}

static void test_irqs(void)
{
    g_auto(VfioClient) client = { 0 };
    struct vfio_irq_set set = { .argsz = sizeof(set), .flags = 0x21, .index = VFIO_CCW_REQ_IRQ_INDEX, .count = 1 };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_SET_IRQS, &set), ==, 0);
    g_assert_true(vfio_client_is_interrupted(&client, VFIO_CCW_REQ_IRQ_INDEX));
    g_assert_cmpint(vfio_client_set_irq(&client, VFIO_CCW_REQ_IRQ_INDEX, -1), ==, 0);
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_SET_IRQS, &set), ==, 0);
    g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_REQ_IRQ_INDEX));

    assert_fails(vfio_client_set_irq(&client, 3, -1), EINVAL);
    assert_fails(vfio_client_set_irq(&client, 0, -2), EINVAL);
    assert_fails(vfio_client_set_irq(&client, 0, 30000), EBADF);
    set.flags = 0x24;
    assert_fails(ioctl(client.device, VFIO_DEVICE_SET_IRQS, &set), EINVAL);
    set.flags = 0x23;
    assert_fails(ioctl(client.device, VFIO_DEVICE_SET_IRQS, &set), EINVAL);
    set.flags = 0x09;
    assert_fails(ioctl(client.device, VFIO_DEVICE_SET_IRQS, &set), EINVAL);
    set.flags = 0x21;
    set.start = 1;
    assert_fails(ioctl(client.device, VFIO_DEVICE_SET_IRQS, &set), EINVAL);
}

static void test_container(void)
{
    g_auto(VfioClient) client = { 0 };
    struct vfio_iommu_type1_info info = { .argsz = 24 };
    struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map), .flags = 3, .iova = 0x200000, .size = 0x1000 };
    struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap), .iova = 0x1000, .size = 0x1000 };
    int other, zero = 0;

    other = open("/dev/vfio/vfio", O_RDWR);
    assert_fails(ioctl(other, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), EINVAL);
    assert_fails(ioctl(other, VFIO_IOMMU_GET_INFO, &info), EINVAL);
    g_assert_cmpint(ioctl(other, VFIO_CHECK_EXTENSION, 2), ==, 0);
    close(other);

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    map.vaddr = (guint64)(guintptr)client.storage;
    g_assert_cmpint(ioctl(client.container, VFIO_IOMMU_GET_INFO, &info), ==, 0);
    g_assert_cmpuint(info.iova_pgsizes & 4096, ==, 4096);
    g_assert_cmpint(ioctl(client.container, VFIO_IOMMU_MAP_DMA, &map), ==, 0);
    assert_fails(ioctl(client.container, VFIO_IOMMU_MAP_DMA, &map), EEXIST);
    map.iova = 0;
    assert_fails(ioctl(client.container, VFIO_IOMMU_MAP_DMA, &map), EEXIST);
    map.iova = 0x201800;
    assert_fails(ioctl(client.container, VFIO_IOMMU_MAP_DMA, &map), EINVAL);
    map.iova = G_MAXUINT64 & ~0xfffull;
    map.size = 0x2000;
    assert_fails(ioctl(client.container, VFIO_IOMMU_MAP_DMA, &map), EINVAL);

    assert_fails(ioctl(client.container, VFIO_IOMMU_UNMAP_DMA, &unmap), EINVAL);
    unmap.iova = 0x200000;
    unmap.size = 0x100000;
    g_assert_cmpint(ioctl(client.container, VFIO_IOMMU_UNMAP_DMA, &unmap), ==, 0);
    g_assert_cmpuint(unmap.size, ==, 0x1000);

    assert_fails(ioctl(client.group, VFIO_GROUP_SET_CONTAINER, &client.container), EINVAL);
    assert_fails(ioctl(client.group, VFIO_GROUP_UNSET_CONTAINER), EBUSY);
    assert_fails(ioctl(client.group, VFIO_GROUP_GET_DEVICE_FD, UUID_RW), EBUSY);
    assert_fails(ioctl(client.group, VFIO_GROUP_GET_DEVICE_FD, UUID_RO), ENODEV);
    assert_fails(open("/dev/vfio/0", O_RDWR), EBUSY);
    assert_fails(open("/dev/vfio/1", O_RDWR), ENOENT);
    assert_fails(open("/dev/vfio/3", O_RDWR), ENOENT);

    other = open("/dev/vfio/2", O_RDWR);
    g_assert_cmpint(other, >=, 0);
    assert_fails(ioctl(other, VFIO_GROUP_GET_DEVICE_FD, UUID_RO), EINVAL);
    assert_fails(ioctl(other, VFIO_GROUP_SET_CONTAINER, &zero), EINVAL);
    assert_fails(ioctl(other, VFIO_GROUP_SET_CONTAINER, &client.group), EINVAL);
    close(other);
}

/* Unplug and plug: the group and the container end with their last descriptors. */
static void test_again(void)
{
    for (guint i = 0; i < 3; i++) {
        g_auto(VfioClient) client = { 0 };

        vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
        for (guint irq = 0; irq < VFIO_CCW_NUM_IRQS; irq++)
            g_assert_cmpint(vfio_client_set_irq(&client, irq, -1), ==, 0);
    }
}

static char *read_line(const char *path)
{
    char line[64] = "";
    FILE *file = fopen(path, "r");

    if (!file || !fgets(line, sizeof(line), file))
        g_error("cannot read %s", path);
    fclose(file);
    return g_strdup(g_strchomp(line));
}

static void test_sysfs(void)
{
    g_autofree char *pimpampom = read_line("/sys/bus/css/devices/0.0.0002/pimpampom");
    g_autofree char *chpids = read_line("/sys/bus/css/devices/0.0.0002/chpids");
    g_autofree char *type = read_line("/sys/devices/css0/chp0.34/type");
    char path[PATH_MAX], link[64] = "";

    g_assert_cmpstr(realpath("/sys/bus/mdev/devices/" UUID_RO, path), ==, path);
    g_assert_cmpstr(path, ==, "/sys/devices/css0/0.0.0002/" UUID_RO);
    g_assert_cmpint(readlink("/sys/bus/css/devices/0.0.0002/" UUID_RO "/iommu_group", link, sizeof(link)), ==, 33);
    g_assert_cmpstr(link, ==, "../../../../kernel/iommu_groups/2");
    g_assert_cmpstr(pimpampom, ==, "80 80 ff");
    g_assert_cmpstr(chpids, ==, "34 00 00 00 00 00 00 00");
    g_assert_cmpstr(type, ==, "1b");
    g_assert_cmpint(readlink("/sys/bus/css/devices/0.0.0002/" UUID_RW "/iommu_group", link, sizeof(link)), ==, -1);
    g_assert_null(realpath("/sys/bus/mdev/devices/cc390000-0001-8000-8000-000000009999", path));
    g_assert_null(fopen("/sys/bus/css/devices/0.0.0001/chpids", "r"));
}

/* Descriptors of other files. */
static void test_other_files(void)
{
    g_autofree char *path = NULL;
    char buffer[4] = "";
    int fd = g_file_open_tmp("ccw-vfio-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pwrite(fd, "abcd", 4, 2), ==, 4);
    g_assert_cmpint(pread(fd, buffer, 4, 2), ==, 4);
    g_assert_cmpmem(buffer, 4, "abcd", 4);
    g_assert_cmpint(close(fd), ==, 0);
    assert_fails(close(fd), EBADF);
    g_assert_cmpint(ioctl(fd, VFIO_GET_API_VERSION), ==, -1);
    /* qemu-user, which runs the tests of a cross build, rejects a request that it does not know. */
    if (g_getenv("MESON_EXE_WRAPPER"))
        g_assert_true(errno == ENOSYS || errno == ENOTTY);
    else
        g_assert_cmpint(errno, ==, EBADF);
    g_assert_cmpint(unlink(path), ==, 0);
}

int main(int argc, char **argv)
{
    vfio_client_become_qemu(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio/sense-id", test_sense_id);
    g_test_add_func("/vfio/high-storage", test_high_storage);
    g_test_add_func("/vfio/request", test_request);
    g_test_add_func("/vfio/bad-programs", test_bad_programs);
    g_test_add_func("/vfio/halt", test_halt);
    g_test_add_func("/vfio/clear", test_clear);
    g_test_add_func("/vfio/cancelled", test_cancelled);
    g_test_add_func("/vfio/reset-and-close-busy", test_reset_and_close_busy);
    g_test_add_func("/vfio/unmap-busy", test_unmap_busy);
    g_test_add_func("/vfio/read-only", test_read_only);
    g_test_add_func("/vfio/information", test_information);
    g_test_add_func("/vfio/region-bounds", test_region_bounds);
    g_test_add_func("/vfio/irqs", test_irqs);
    g_test_add_func("/vfio/container", test_container);
    g_test_add_func("/vfio/again", test_again);
    g_test_add_func("/vfio/sysfs", test_sysfs);
    g_test_add_func("/vfio/other-files", test_other_files);
    return g_test_run();
}
