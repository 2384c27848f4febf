/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's disk is full while a guest writes: the device reports intervention required. When there is space again,
 * the device raises an unsolicited interrupt. A limit on the process's files is an error, too. Tests the subchannel
 * itself, with writes that fail when the test wants it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dasd/dasd-codes.h"
#include "util/endian.h"
#include "util/error.h"
#include "vfio-fixture.h"

#define EXTENT 0x2000u
#define LOCATE 0x2100u
#define COUNT 0x2200u

#define SOON 8000    /* ms */
#define A_WHILE 1200 /* longer than the interval in which the device checks */

static gint failure; /* atomic: the errno of every write; 0: writes succeed */

ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)
{
    errno = g_atomic_int_get(&failure);
    return errno ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, buffer, length, offset);
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
    errno = g_atomic_int_get(&failure);
    return errno ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

/* Formats a record of 16 bytes on the first track. */
static void start_write(VfioFixture *f)
{
    f->storage[EXTENT] = 0xc0;
    f->storage[EXTENT + 1] = 0xc0;
    f->storage[LOCATE] = 0x03;
    f->storage[LOCATE + 3] = 1;
    f->storage[COUNT + 4] = 1;
    f->storage[COUNT + 7] = 16;
    vfio_fixture_put_ccw(f, 0, DASD_CODE_DEFINE_EXTENT, CCW_FLAG_CC, 16, EXTENT);
    vfio_fixture_put_ccw(f, 1, DASD_CODE_LOCATE_RECORD, CCW_FLAG_CC, 16, LOCATE);
    vfio_fixture_put_ccw(f, 2, DASD_CODE_WRITE_CKD, CCW_FLAG_SLI, 8, COUNT);
    vfio_fixture_start(f);
}

static void expect_status(VfioFixture *f, guint16 control, guint8 dstat)
{
    vfio_fixture_wait_status(f);
    g_assert_cmphex(ccw_load_be16(f->irb + CHANNEL_SCSW_OFS_CTL), ==, control);
    g_assert_cmphex(f->irb[CHANNEL_SCSW_OFS_DSTAT], ==, dstat);
    g_assert_cmphex(f->irb[CHANNEL_SCSW_OFS_CSTAT], ==, 0);
}

static void expect_intervention(VfioFixture *f)
{
    g_atomic_int_set(&failure, ENOSPC);
    start_write(f);
    expect_status(f, 0x4017, 0x0e);
    g_assert_cmphex(f->irb[CHANNEL_IRB_OFS_ECW], ==, 0x40);
    g_assert_cmphex(f->irb[CHANNEL_IRB_OFS_ECW + 1], ==, 0);
}

/* Attention, device end, unit exception; alert status alone; on the first path. */
static void expect_state_change(VfioFixture *f)
{
    expect_status(f, 0x0011, 0x85);
    g_assert_cmphex(ccw_load_be16(f->irb), ==, 0);
    g_assert_cmphex(f->irb[CHANNEL_IRB_OFS_ESW + 1], ==, 0x80);
}

static void test_ready_again(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    expect_intervention(f);
    /* Twice, because Linux asks twice. There is no interrupt before the disk has space. */
    expect_intervention(f);
    g_assert_false(vfio_fixture_is_signalled(f, A_WHILE));
    g_atomic_int_set(&failure, 0);
    expect_state_change(f);
    g_assert_false(vfio_fixture_is_signalled(f, 0));
    start_write(f);
    expect_status(f, 0x4007, 0x0c);
}

/* The guest starts a program before the interrupt: the program ends normally, and the interrupt follows. */
static void test_not_lost(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    expect_intervention(f);
    g_atomic_int_set(&failure, 0);
    g_assert_true(vfio_fixture_is_signalled(f, SOON));
    start_write(f);
    expect_status(f, 0x4007, 0x0c);
    expect_state_change(f);
    g_assert_false(vfio_fixture_is_signalled(f, 0));
}

/* The interrupt also waits for a halt. */
static void test_halted(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    expect_intervention(f);
    g_atomic_int_set(&failure, 0);
    g_assert_true(vfio_fixture_is_signalled(f, SOON));
    g_assert_cmpint(vfio_subchannel_halt(f->sch), ==, 0);
    expect_status(f, 0x2001, 0);
    expect_state_change(f);
}

/* There is no interrupt after a reset: the new system has not asked. */
static void test_reset(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    expect_intervention(f);
    vfio_subchannel_reset(f->sch);
    g_atomic_int_set(&failure, 0);
    g_assert_false(vfio_fixture_is_signalled(f, A_WHILE));
}

/*
 * ulimit -f: the process is not killed, and the guest gets an equipment check. Only the image's header may be written.
 */
static void test_file_size_limit(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    struct rlimit before, limit;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    limit = before;
    limit.rlim_cur = 512;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    start_write(f);
    vfio_fixture_wait_status(f);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    g_assert_cmphex(f->irb[CHANNEL_SCSW_OFS_DSTAT], ==, 0x0e);
    g_assert_cmphex(f->irb[CHANNEL_IRB_OFS_ECW], ==, 0x10);
    start_write(f);
    expect_status(f, 0x4007, 0x0c);
}

static void fail_to_start(int image)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    g_autoptr(GError) error = NULL;
    struct rlimit limit;

    /* root is exempt from the limit. */
    if (getuid() == 0)
        g_assert_cmpint(setresuid(65534, 65534, 65534), ==, 0);
    g_assert_cmpint(getrlimit(RLIMIT_NPROC, &limit), ==, 0);
    limit.rlim_cur = 0;
    g_assert_cmpint(setrlimit(RLIMIT_NPROC, &limit), ==, 0);
    g_assert_null(vfio_subchannel_new(image, -1, &config, NULL, NULL, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "cannot start thread ccw-device: "));
    g_assert_cmpint(fcntl(image, F_GETFD), ==, -1);
}

/* A container's or unit's limit on processes: device_add fails, and the running guest continues. */
static void test_no_thread(void)
{
    int image = vfio_fixture_make_image();
    pid_t pid = fork();
    int status;

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        fail_to_start(image);
        _exit(0);
    }
    close(image);
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

static void tear_down(VfioFixture *f, gconstpointer unused)
{
    g_atomic_int_set(&failure, 0);
    vfio_fixture_tear_down(f, unused);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/vfio/unsolicited/ready-again", VfioFixture, NULL, vfio_fixture_set_up, test_ready_again, tear_down);
    g_test_add("/vfio/unsolicited/not-lost", VfioFixture, NULL, vfio_fixture_set_up, test_not_lost, tear_down);
    g_test_add("/vfio/unsolicited/halted", VfioFixture, NULL, vfio_fixture_set_up, test_halted, tear_down);
    g_test_add("/vfio/unsolicited/reset", VfioFixture, NULL, vfio_fixture_set_up, test_reset, tear_down);
    g_test_add("/vfio/unsolicited/file-size-limit", VfioFixture, NULL, vfio_fixture_set_up, test_file_size_limit,
               tear_down);
    g_test_add_func("/vfio/unsolicited/no-thread", test_no_thread);
    return g_test_run();
}
