/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SENSE ID and the read of a record on each path to a device: a guest's program through the I/O region, the dedicated
 * request with a program of the client, and the same without an IOMMU, where nothing is mapped and the request has only
 * the user's virtual addresses.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dasd/dasd-codes.h"
#include "util/endian.h"
#include "vfio-client.h"

#define PROGRAM 0x1000u
#define SEEK 0x2000u
#define SEARCH 0x2008u
#define DATA 0x3000u
#define VOL1 "\xe5\xd6\xd3\xf1\xe3\xc5\xe2\xe3\xf0\xf1" /* VOL1TEST01 */

#define assert_fails(call, errnum)                                                                                     \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        g_assert_cmpint(call, ==, -1);                                                                                 \
        g_assert_cmpint(errno, ==, errnum);                                                                            \
    } while (0)

static void assert_good(const guint8 irb[CHANNEL_IRB_SIZE], guint32 cpa)
{
    g_assert_cmphex(ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL), ==, 0x4007);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_DSTAT], ==, CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, 0);
    g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), ==, cpa);
}

static void assert_sense_id(const guint8 *data)
{
    static const guint8 expected[] = { 0xff, 0x39, 0x90, 0xe9, 0x33, 0x90 };

    g_assert_cmpmem(data, sizeof(expected), expected, sizeof(expected));
}

/* Record 3 of the first track is the volume label. */
static void put_parameters(guint8 *seek, guint8 *search)
{
    memset(seek, 0, 6);
    memset(search, 0, 5);
    search[4] = 3;
}

static void test_region(void)
{
    g_auto(VfioClient) client = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_SENSE_ID, CCW_FLAG_SLI, 256, DATA);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    assert_good(irb, PROGRAM + CCW_SIZE);
    assert_sense_id(client.storage + DATA);

    put_parameters(client.storage + SEEK, client.storage + SEARCH);
    vfio_client_put_ccw(&client, PROGRAM, DASD_CODE_SEEK, CCW_FLAG_CC, 6, SEEK);
    vfio_client_put_ccw(&client, PROGRAM + 8, DASD_CODE_SEARCH_ID_EQUAL, CCW_FLAG_CC, 5, SEARCH);
    vfio_client_put_ccw(&client, PROGRAM + 16, CCW_CMD_TIC, 0, 0, PROGRAM + 8);
    vfio_client_put_ccw(&client, PROGRAM + 24, DASD_CODE_READ_DATA, 0, 80, DATA);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    assert_good(irb, PROGRAM + 4 * CCW_SIZE);
    g_assert_cmpmem(client.storage + DATA, 10, VOL1, 10);
}

typedef struct {
    ChannelProgram program;
    CcwCmdRequest request;
} Request;

static void add(Request *r, guint8 cmd, guint8 flags, guint16 count, const void *data)
{
    guint i = r->request.ccw_count++;
    guint8 *ccw = r->program.ccw[i];

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, CHANNEL_PROGRAM_CDA_OFS + i * 8);
    r->program.cda[i] = (guint64)(guintptr)data;
}

static void begin(Request *r)
{
    memset(r, 0, sizeof(*r));
    r->request.argsz = sizeof(r->request);
    r->request.program = (guint64)(guintptr)&r->program;
    ccw_store_be32(r->request.orb + CHANNEL_ORB_OFS_FLAGS, CLIENT_ORB_FLAGS);
}

/* Addresses of the client, which were never mapped in a container. */
static void run_requests(const VfioClient *client)
{
    g_autofree Request *r = g_new0(Request, 1);
    guint8 id[64] = { 0 }, seek[6], search[5], data[80] = { 0 }, parts[2][40] = { 0 };

    begin(r);
    add(r, CCW_CMD_SENSE_ID, CCW_FLAG_SLI, sizeof(id), id);
    g_assert_cmpint(ioctl(client->device, VFIO_DEVICE_CCW_CMD_REQUEST, &r->request), ==, 0);
    assert_good(r->request.irb, CCW_SIZE);
    assert_sense_id(id);

    put_parameters(seek, search);
    begin(r);
    add(r, DASD_CODE_SEEK, CCW_FLAG_CC, sizeof(seek), seek);
    add(r, DASD_CODE_SEARCH_ID_EQUAL, CCW_FLAG_CC, sizeof(search), search);
    add(r, CCW_CMD_TIC, 0, 0, NULL);
    ccw_store_be32(r->program.ccw[2] + CCW_OFS_CDA, 8);
    add(r, DASD_CODE_READ_DATA, 0, sizeof(data), data);
    g_assert_cmpint(ioctl(client->device, VFIO_DEVICE_CCW_CMD_REQUEST, &r->request), ==, 0);
    assert_good(r->request.irb, 4 * CCW_SIZE);
    g_assert_cmpmem(data, 10, VOL1, 10);

    /* In two parts, by data chaining. */
    r->request.ccw_count = 3;
    add(r, DASD_CODE_READ_DATA, CCW_FLAG_CD, 40, parts[0]);
    add(r, 0, 0, 40, parts[1]);
    g_assert_cmpint(ioctl(client->device, VFIO_DEVICE_CCW_CMD_REQUEST, &r->request), ==, 0);
    assert_good(r->request.irb, 5 * CCW_SIZE);
    g_assert_cmpmem(parts[0], 40, data, 40);
    g_assert_cmpmem(parts[1], 40, data + 40, 40);
}

static void test_request(void)
{
    g_auto(VfioClient) client = { 0 };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    run_requests(&client);
    /* The status belongs to the caller of the request, not to the guest. */
    g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_IO_IRQ_INDEX));
}

static void test_noiommu(void)
{
    g_auto(VfioClient) client = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open_noiommu(&client, "/dev/vfio/noiommu-0", UUID_RW);
    run_requests(&client);
    g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_IO_IRQ_INDEX));

    /* Guest addresses are invalid here. */
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_SENSE_ID, CCW_FLAG_SLI, 256, DATA);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PROGRAM_CHECK);
}

/* The answers of the kernel's container without an IOMMU, and the groups that cannot join it. */
static void test_noiommu_container(void)
{
    g_auto(VfioClient) client = { 0 };
    struct vfio_iommu_type1_info info = { .argsz = 24 };
    struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map), .flags = 3, .size = 0x1000 };
    int container = open("/dev/vfio/vfio", O_RDWR), group;

    g_assert_cmpint(ioctl(container, VFIO_CHECK_EXTENSION, VFIO_NOIOMMU_IOMMU), ==, 1);
    vfio_client_open_noiommu(&client, "/dev/vfio/noiommu-0", UUID_RW);
    g_assert_cmpint(ioctl(client.container, VFIO_CHECK_EXTENSION, VFIO_NOIOMMU_IOMMU), ==, 1);
    g_assert_cmpint(ioctl(client.container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU), ==, 0);
    assert_fails(ioctl(client.container, VFIO_IOMMU_GET_INFO, &info), ENOTTY);
    map.vaddr = (guint64)(guintptr)client.storage;
    assert_fails(ioctl(client.container, VFIO_IOMMU_MAP_DMA, &map), ENOTTY);

    /* One group has one open node at a time. Groups of the two kinds do not mix. */
    assert_fails(open("/dev/vfio/0", O_RDWR), EBUSY);
    assert_fails(open("/dev/vfio/noiommu-", O_RDWR), ENOENT);
    group = open("/dev/vfio/2", O_RDWR);
    g_assert_cmpint(group, >=, 0);
    assert_fails(ioctl(group, VFIO_GROUP_SET_CONTAINER, &client.container), EPERM);
    g_assert_cmpint(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), ==, 0);
    g_assert_cmpint(ioctl(container, VFIO_CHECK_EXTENSION, VFIO_NOIOMMU_IOMMU), ==, 0);
    assert_fails(ioctl(container, VFIO_SET_IOMMU, VFIO_NOIOMMU_IOMMU), ENODEV);
    close(group);
    group = open("/dev/vfio/noiommu-2", O_RDWR);
    g_assert_cmpint(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), ==, 0);
    assert_fails(ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU), ENODEV);
    close(group);
    close(container);
}

int main(int argc, char **argv)
{
    vfio_client_become_qemu(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio/client/region", test_region);
    g_test_add_func("/vfio/client/request", test_request);
    g_test_add_func("/vfio/client/noiommu", test_noiommu);
    g_test_add_func("/vfio/client/noiommu-container", test_noiommu_container);
    return g_test_run();
}
