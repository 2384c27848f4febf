/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs that are suspended and resumed, and programs with program-controlled interruptions, through the I/O region
 * as QEMU does it, and by the dedicated request.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "dasd/dasd-codes.h"
#include "util/endian.h"
#include "vfio-client.h"

#define PROGRAM 0x1000u
#define DATA 0x3000u
#define TRIES 300
#define ORB_S (CLIENT_ORB_FLAGS | CHANNEL_ORB_SUSPEND)
#define SUSPEND CCW_FLAG_SUSPEND

#define CTL_GOOD 0x4007
#define CTL_SUSPENDED 0x4029
#define CTL_SUSPENDED_QUIET 0x4020
#define CTL_ACTIVE 0x40c9

static VfioClient client;
static guint8 irb[CHANNEL_IRB_SIZE];

static guint16 ctl(void)
{
    return ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL);
}

static void expect_status(guint16 control, guint32 cpa, guint8 cstat)
{
    vfio_client_wait(&client, irb);
    g_assert_cmphex(ctl(), ==, control);
    g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), ==, cpa);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, cstat);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_DSTAT], ==, control & CHANNEL_SCSW_STCTL_PRIMARY && !cstat ? 0x0c : 0);
}

static void expect_rejection(int result)
{
    g_assert_cmpint(result, ==, -1);
    g_assert_cmpint(errno, ==, EBUSY);
}

static gboolean has_data(void)
{
    return client.storage[DATA] == 0xff && client.storage[DATA + 1] == 0x39;
}

/* A no-operation, then a SENSE ID that suspends. */
static void start_suspending(guint32 orb_flags, guint8 flags)
{
    memset(client.storage + DATA, 0, 8);
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_NOOP, CCW_FLAG_CC, 0, 0);
    vfio_client_put_ccw(&client, PROGRAM + 8, CCW_CMD_SENSE_ID, CCW_FLAG_SLI | SUSPEND | flags, 256, DATA);
    g_assert_cmpint(vfio_client_start(&client, orb_flags, PROGRAM), ==, 0);
}

static void resume(void)
{
    g_assert_cmpint(vfio_client_resume(&client, ORB_S, PROGRAM), ==, 0);
}

static void open_client(void)
{
    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
}

static void test_suspend(void)
{
    open_client();
    expect_rejection(vfio_client_resume(&client, ORB_S, PROGRAM));
    start_suspending(ORB_S, 0);
    expect_status(CTL_SUSPENDED, PROGRAM + 16, 0);
    g_assert_cmphex(ccw_load_be16(irb) & CHANNEL_SCSW_FLAG_S, ==, CHANNEL_SCSW_FLAG_S);
    g_assert_false(has_data());
    /* The unchanged CCW is fetched again, and the program suspends again without executing it. */
    resume();
    expect_status(CTL_SUSPENDED, PROGRAM + 16, 0);
    g_assert_false(has_data());
    client.storage[PROGRAM + 8 + CCW_OFS_FLAGS] &= ~SUSPEND;
    resume();
    expect_status(CTL_GOOD, PROGRAM + 16, 0);
    g_assert_true(has_data());
    expect_rejection(vfio_client_resume(&client, ORB_S, PROGRAM));
    vfio_client_close(&client);
}

/* Suspends before the first CCW. The CCW becomes a transfer in channel to another CCW that suspends. */
static void test_suspend_first(void)
{
    open_client();
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_NOOP, CCW_FLAG_CC | SUSPEND, 0, 0);
    g_assert_cmpint(vfio_client_start(&client, ORB_S, PROGRAM), ==, 0);
    expect_status(CTL_SUSPENDED, PROGRAM + 8, 0);
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_TIC, 0, 0, PROGRAM + 0x800);
    vfio_client_put_ccw(&client, PROGRAM + 0x800, CCW_CMD_NOOP, CCW_FLAG_CC, 0, 0);
    vfio_client_put_ccw(&client, PROGRAM + 0x808, CCW_CMD_NOOP, SUSPEND, 0, 0);
    resume();
    expect_status(CTL_SUSPENDED, PROGRAM + 0x810, 0);
    client.storage[PROGRAM + 0x808 + CCW_OFS_FLAGS] = 0;
    resume();
    expect_status(CTL_GOOD, PROGRAM + 0x810, 0);
    vfio_client_close(&client);
}

/* The device learns that the chain has ended: the next program has no extent. */
static void test_chain_ends(void)
{
    open_client();
    client.storage[DATA] = 0x40;
    client.storage[DATA + 1] = 0xc0;
    client.storage[DATA + 0x40] = 0x06;
    client.storage[DATA + 0x43] = 1;
    client.storage[DATA + 0x4c] = 3;
    vfio_client_put_ccw(&client, PROGRAM, DASD_CODE_DEFINE_EXTENT, CCW_FLAG_CC, 16, DATA);
    vfio_client_put_ccw(&client, PROGRAM + 8, DASD_CODE_LOCATE_RECORD, CCW_FLAG_CC, 16, DATA + 0x40);
    vfio_client_put_ccw(&client, PROGRAM + 16, DASD_CODE_READ_TRACK, CCW_FLAG_SLI | SUSPEND, 16, DATA + 0x100);
    g_assert_cmpint(vfio_client_start(&client, ORB_S, PROGRAM), ==, 0);
    expect_status(CTL_SUSPENDED, PROGRAM + 24, 0);
    client.storage[PROGRAM + 16 + CCW_OFS_FLAGS] &= ~SUSPEND;
    resume();
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_DSTAT], ==, 0x0e);
    g_assert_cmphex(irb[CHANNEL_IRB_OFS_ECW], ==, 0x80);
    g_assert_cmphex(irb[CHANNEL_IRB_OFS_ECW + 7], ==, 0x02);
    vfio_client_close(&client);
}

static void test_suppressed(void)
{
    open_client();
    start_suspending(ORB_S | CHANNEL_ORB_SUPPRESS, 0);
    expect_status(CTL_SUSPENDED_QUIET, PROGRAM + 16, 0);
    client.storage[PROGRAM + 8 + CCW_OFS_FLAGS] &= ~SUSPEND;
    resume();
    expect_status(CTL_GOOD, PROGRAM + 16, 0);
    /* A PCI is reported all the same, with the suspension. */
    start_suspending(ORB_S | CHANNEL_ORB_SUPPRESS, CCW_FLAG_PCI);
    expect_status(CTL_SUSPENDED, PROGRAM + 16, CHANNEL_CSTAT_PCI);
    vfio_client_close(&client);
}

static void test_not_allowed(void)
{
    open_client();
    start_suspending(CLIENT_ORB_FLAGS, 0);
    expect_status(0x4017, PROGRAM + 16, CHANNEL_CSTAT_PROGRAM_CHECK);
    /* Data chaining is not allowed either. */
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_SENSE_ID, CCW_FLAG_CD | CCW_FLAG_SLI, 4, DATA);
    vfio_client_put_ccw(&client, PROGRAM + 8, 0, CCW_FLAG_SLI | SUSPEND, 256, DATA + 4);
    g_assert_cmpint(vfio_client_start(&client, ORB_S, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), ==, PROGRAM + 16);
    vfio_client_close(&client);
}

/* A suspended program ends by CANCEL (without a report: with the next start), HALT, CLEAR, or a reset. */
static void test_given_up(void)
{
    open_client();
    start_suspending(ORB_S, 0);
    expect_status(CTL_SUSPENDED, PROGRAM + 16, 0);
    vfio_client_put_ccw(&client, PROGRAM + 0x800, CCW_CMD_NOOP, 0, 0, 0);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM + 0x800), ==, 0);
    expect_status(CTL_GOOD, PROGRAM + 0x808, 0);
    expect_rejection(vfio_client_resume(&client, ORB_S, PROGRAM));

    start_suspending(ORB_S, 0);
    expect_status(CTL_SUSPENDED, PROGRAM + 16, 0);
    g_assert_cmpint(vfio_client_command(&client, VFIO_CCW_ASYNC_CMD_HSCH), ==, 0);
    expect_status(CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_FCTL_HALT | CHANNEL_SCSW_STCTL_PENDING, PROGRAM + 16, 0);
    expect_rejection(vfio_client_resume(&client, ORB_S, PROGRAM));

    start_suspending(ORB_S, 0);
    expect_status(CTL_SUSPENDED, PROGRAM + 16, 0);
    g_assert_cmpint(vfio_client_command(&client, VFIO_CCW_ASYNC_CMD_CSCH), ==, 0);
    expect_status(CHANNEL_SCSW_FCTL_CLEAR | CHANNEL_SCSW_STCTL_PENDING, 0, 0);
    expect_rejection(vfio_client_resume(&client, ORB_S, PROGRAM));

    start_suspending(ORB_S, 0);
    expect_status(CTL_SUSPENDED, PROGRAM + 16, 0);
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_RESET), ==, 0);
    expect_rejection(vfio_client_resume(&client, ORB_S, PROGRAM));
    vfio_client_close(&client);
}

/* A PCI in the first of `n` commands. */
static void put_interrupting(guint32 n)
{
    for (guint32 i = 0; i < n; i++)
        vfio_client_put_ccw(&client, PROGRAM + i * 8, CCW_CMD_SENSE_ID, CCW_FLAG_CC | CCW_FLAG_SLI, 256, DATA);
    client.storage[PROGRAM + CCW_OFS_FLAGS] |= CCW_FLAG_PCI;
}

/* The program loops (its PCI is outside of the loop), so that the interruption arrives while it still runs. */
static void test_pci_alone(void)
{
    gboolean alone = FALSE;

    open_client();
    put_interrupting(200);
    vfio_client_put_ccw(&client, PROGRAM + 200 * 8, CCW_CMD_TIC, 0, 0, PROGRAM + 8);
    for (guint i = 0; i < TRIES && !alone; i++) {
        g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
        vfio_client_wait(&client, irb);
        g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT] & CHANNEL_CSTAT_PCI, ==, CHANNEL_CSTAT_PCI);
        alone = ctl() == CTL_ACTIVE;
    }
    g_assert_true(alone);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PCI);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_DSTAT], ==, 0);
    g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), ==, PROGRAM + 8);
    /* The program's own status follows, without the PCI. */
    vfio_client_wait(&client, irb);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_CHANNEL_CONTROL_CHECK);
    g_assert_cmphex(ctl(), ==, 0x4017);
    vfio_client_close(&client);
}

/* The PCI is reported once, before the end of the program or with it. */
static void test_pci_once(void)
{
    guint merged = 0;

    open_client();
    put_interrupting(50);
    client.storage[PROGRAM + 49 * 8 + CCW_OFS_FLAGS] &= ~CCW_FLAG_CC;
    for (guint i = 0; i < TRIES; i++) {
        guint pcis = 0;

        g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
        do {
            vfio_client_wait(&client, irb);
            pcis += (irb[CHANNEL_SCSW_OFS_CSTAT] & CHANNEL_CSTAT_PCI) != 0;
            if (ctl() != CTL_ACTIVE)
                g_assert_cmphex(ctl(), ==, irb[CHANNEL_SCSW_OFS_CSTAT] ? 0x400f : CTL_GOOD);
            merged += ctl() == 0x400f;
        } while (ctl() == CTL_ACTIVE);
        g_assert_cmpuint(pcis, ==, 1);
        g_assert_cmphex(ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA), ==, PROGRAM + 50 * 8);
        g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_IO_IRQ_INDEX));
    }
    g_test_message("%u of %u came with the end", merged, TRIES);
    vfio_client_close(&client);
}

/* The guest halts before it fetches the interruption: the status of the halt includes it. */
static void test_pci_halted(void)
{
    gboolean halted = FALSE;

    open_client();
    put_interrupting(200);
    vfio_client_put_ccw(&client, PROGRAM + 200 * 8, CCW_CMD_TIC, 0, 0, PROGRAM + 8);
    for (guint i = 0; i < TRIES && !halted; i++) {
        struct pollfd poll_fd = { .fd = client.irqs[VFIO_CCW_IO_IRQ_INDEX], .events = POLLIN };

        g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
        g_assert_cmpint(poll(&poll_fd, 1, 10000), ==, 1);
        halted = vfio_client_command(&client, VFIO_CCW_ASYNC_CMD_HSCH) == 0;
        vfio_client_wait(&client, irb);
        g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT] & CHANNEL_CSTAT_PCI, ==, CHANNEL_CSTAT_PCI);
    }
    g_assert_true(halted);
    g_assert_cmphex(ctl() & 0x600f, ==, 0x600f);
    vfio_client_close(&client);
}

/* --- the dedicated request --- */

static ChannelProgram program;
static CcwCmdRequest request;

static void add(guint8 cmd, guint8 flags, guint16 count, const void *data)
{
    guint i = request.ccw_count++;

    program.ccw[i][CCW_OFS_CMD] = cmd;
    program.ccw[i][CCW_OFS_FLAGS] = flags;
    ccw_store_be16(program.ccw[i] + CCW_OFS_COUNT, count);
    ccw_store_be32(program.ccw[i] + CCW_OFS_CDA, CHANNEL_PROGRAM_CDA_OFS + i * 8);
    program.cda[i] = (guint64)(guintptr)data;
}

static void perform(guint16 control, guint32 cpa, guint8 cstat)
{
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_CCW_CMD_REQUEST, &request), ==, 0);
    g_assert_cmphex(ccw_load_be16(request.irb + CHANNEL_SCSW_OFS_CTL), ==, control);
    g_assert_cmphex(ccw_load_be32(request.irb + CHANNEL_SCSW_OFS_CPA), ==, cpa);
    g_assert_cmphex(request.irb[CHANNEL_SCSW_OFS_CSTAT], ==, cstat);
}

static void test_request(void)
{
    guint8 id[8] = { 0 };

    open_client();
    memset(&program, 0, sizeof(program));
    request = (CcwCmdRequest){ .argsz = sizeof(request), .program = (guint64)(guintptr)&program };
    ccw_store_be32(request.orb + CHANNEL_ORB_OFS_FLAGS, ORB_S);
    add(CCW_CMD_NOOP, CCW_FLAG_CC | CCW_FLAG_PCI, 0, NULL);
    add(CCW_CMD_SENSE_ID, CCW_FLAG_SLI | SUSPEND, sizeof(id), id);
    /* The request returns once, so it returns the PCI, too. */
    perform(CTL_SUSPENDED, 16, CHANNEL_CSTAT_PCI);
    g_assert_cmphex(id[0], ==, 0);
    program.ccw[1][CCW_OFS_FLAGS] &= ~SUSPEND;
    ccw_store_be32(request.orb + CHANNEL_ORB_OFS_CPA, 8);
    ccw_store_be16(request.scsw + CHANNEL_SCSW_OFS_CTL, CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_ACTL_RESUME_PENDING);
    perform(CTL_GOOD, 16, 0);
    g_assert_cmphex(id[0], ==, 0xff);
    /* The program may continue with a TIC, but not begin with one. */
    program.ccw[1][CCW_OFS_CMD] = CCW_CMD_TIC;
    ccw_store_be32(program.ccw[1] + CCW_OFS_CDA, 16);
    add(CCW_CMD_NOOP, 0, 0, NULL);
    perform(CTL_GOOD, 24, 0);
    memset(request.scsw, 0, sizeof(request.scsw));
    perform(0x4017, 16, CHANNEL_CSTAT_PROGRAM_CHECK);
    /* The device itself rejects a suspension in data chaining. */
    request.ccw_count = 0;
    ccw_store_be32(request.orb + CHANNEL_ORB_OFS_CPA, 0);
    add(CCW_CMD_SENSE_ID, CCW_FLAG_CD, 4, id);
    add(0, CCW_FLAG_SLI | SUSPEND, 4, id + 4);
    perform(0x4017, 16, CHANNEL_CSTAT_PROGRAM_CHECK);
    g_assert_false(vfio_client_is_interrupted(&client, VFIO_CCW_IO_IRQ_INDEX));
    vfio_client_close(&client);
}

int main(int argc, char **argv)
{
    vfio_client_become_qemu(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio/suspend/resume", test_suspend);
    g_test_add_func("/vfio/suspend/first", test_suspend_first);
    g_test_add_func("/vfio/suspend/chain-ends", test_chain_ends);
    g_test_add_func("/vfio/suspend/suppressed", test_suppressed);
    g_test_add_func("/vfio/suspend/not-allowed", test_not_allowed);
    g_test_add_func("/vfio/suspend/given-up", test_given_up);
    g_test_add_func("/vfio/pci/alone", test_pci_alone);
    g_test_add_func("/vfio/pci/once", test_pci_once);
    g_test_add_func("/vfio/pci/halted", test_pci_halted);
    g_test_add_func("/vfio/suspend/request", test_request);
    return g_test_run();
}
