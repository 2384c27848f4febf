/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's disk is full while a guest writes: the device reports intervention required. When there is space again,
 * the device raises an unsolicited interrupt. A limit on the process's files is an error, too. Tests the subchannel
 * itself, with writes that fail when the test wants it.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dasd/dasd-codes.h"
#include "dasd/dasd-image.h"
#include "util/endian.h"
#include "util/error.h"
#include "vfio/vfio-subchannel.h"

#define STORAGE_SIZE 0x10000
#define PROGRAM 0x1000u
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

typedef struct {
    guint8 *storage;
    VfioMemory *memory;
    VfioIrqs irqs;
    int eventfd;
    VfioSubchannel *sch;
    guint8 irb[CHANNEL_IRB_SIZE];
} Fixture;

static int make_image(void)
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

static void set_up(Fixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map), .flags = 3, .size = STORAGE_SIZE };
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    g_autoptr(GError) error = NULL;

    f->storage = mmap(NULL, STORAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map.vaddr = (guint64)(guintptr)f->storage;
    f->memory = vfio_memory_new();
    g_assert_cmpint(vfio_memory_map(f->memory, &map), ==, 0);
    vfio_irqs_init(&f->irqs);
    f->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g_assert_cmpint(vfio_irqs_set(&f->irqs, VFIO_CCW_IO_IRQ_INDEX, f->eventfd), ==, 0);
    f->sch = vfio_subchannel_new(make_image(), -1, &config, f->memory, &f->irqs, &error);
    g_assert_no_error(error);
}

static void tear_down(Fixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    g_atomic_int_set(&failure, 0);
    vfio_subchannel_free(f->sch);
    vfio_irqs_clear(&f->irqs);
    vfio_memory_free(f->memory);
    close(f->eventfd);
    munmap(f->storage, STORAGE_SIZE);
}

static gboolean is_signalled(Fixture *f, int timeout)
{
    struct pollfd poll_fd = { .fd = f->eventfd, .events = POLLIN };

    return poll(&poll_fd, 1, timeout) == 1;
}

/* The eventfd first, as QEMU does it. */
static void wait_status(Fixture *f)
{
    guint64 count;

    g_assert_true(is_signalled(f, SOON));
    g_assert_cmpint(read(f->eventfd, &count, sizeof(count)), ==, sizeof(count));
    g_assert_cmpint(vfio_subchannel_fetch(f->sch, f->irb), ==, 0);
}

static void put_ccw(Fixture *f, guint index, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint8 *ccw = f->storage + PROGRAM + index * CCW_SIZE;

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, cda);
}

static void start(Fixture *f)
{
    const guint8 scsw[CHANNEL_SCSW_SIZE] = { 0, 0, 0x40 };
    guint8 orb[CHANNEL_ORB_SIZE] = { 0 };

    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | 0x8000);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, PROGRAM);
    g_assert_cmpint(vfio_subchannel_start(f->sch, orb, scsw), ==, 0);
}

/* Formats a record of 16 bytes on the first track. */
static void start_write(Fixture *f)
{
    f->storage[EXTENT] = 0xc0;
    f->storage[EXTENT + 1] = 0xc0;
    f->storage[LOCATE] = 0x03;
    f->storage[LOCATE + 3] = 1;
    f->storage[COUNT + 4] = 1;
    f->storage[COUNT + 7] = 16;
    put_ccw(f, 0, DASD_CODE_DEFINE_EXTENT, CCW_FLAG_CC, 16, EXTENT);
    put_ccw(f, 1, DASD_CODE_LOCATE_RECORD, CCW_FLAG_CC, 16, LOCATE);
    put_ccw(f, 2, DASD_CODE_WRITE_CKD, CCW_FLAG_SLI, 8, COUNT);
    start(f);
}

static void expect_status(Fixture *f, guint16 control, guint8 dstat)
{
    wait_status(f);
    g_assert_cmphex(ccw_load_be16(f->irb + CHANNEL_SCSW_OFS_CTL), ==, control);
    g_assert_cmphex(f->irb[CHANNEL_SCSW_OFS_DSTAT], ==, dstat);
    g_assert_cmphex(f->irb[CHANNEL_SCSW_OFS_CSTAT], ==, 0);
}

static void expect_intervention(Fixture *f)
{
    g_atomic_int_set(&failure, ENOSPC);
    start_write(f);
    expect_status(f, 0x4017, 0x0e);
    g_assert_cmphex(f->irb[CHANNEL_IRB_OFS_ECW], ==, 0x40);
    g_assert_cmphex(f->irb[CHANNEL_IRB_OFS_ECW + 1], ==, 0);
}

/* Attention, device end, unit exception; alert status alone; on the first path. */
static void expect_state_change(Fixture *f)
{
    expect_status(f, 0x0011, 0x85);
    g_assert_cmphex(ccw_load_be16(f->irb), ==, 0);
    g_assert_cmphex(f->irb[CHANNEL_IRB_OFS_ESW + 1], ==, 0x80);
}

static void test_ready_again(Fixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    expect_intervention(f);
    /* Twice, because Linux asks twice. There is no interrupt before the disk has space. */
    expect_intervention(f);
    g_assert_false(is_signalled(f, A_WHILE));
    g_atomic_int_set(&failure, 0);
    expect_state_change(f);
    g_assert_false(is_signalled(f, 0));
    start_write(f);
    expect_status(f, 0x4007, 0x0c);
}

/* The guest starts a program before the interrupt: the program ends normally, and the interrupt follows. */
static void test_not_lost(Fixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    expect_intervention(f);
    g_atomic_int_set(&failure, 0);
    g_assert_true(is_signalled(f, SOON));
    start_write(f);
    expect_status(f, 0x4007, 0x0c);
    expect_state_change(f);
    g_assert_false(is_signalled(f, 0));
}

/* The interrupt also waits for a halt. */
static void test_halted(Fixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    expect_intervention(f);
    g_atomic_int_set(&failure, 0);
    g_assert_true(is_signalled(f, SOON));
    g_assert_cmpint(vfio_subchannel_halt(f->sch), ==, 0);
    expect_status(f, 0x2001, 0);
    expect_state_change(f);
}

/* There is no interrupt after a reset: the new system has not asked. */
static void test_reset(Fixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    expect_intervention(f);
    vfio_subchannel_reset(f->sch);
    g_atomic_int_set(&failure, 0);
    g_assert_false(is_signalled(f, A_WHILE));
}

/*
 * ulimit -f: the process is not killed, and the guest gets an equipment check. Only the image's header may be written.
 */
static void test_file_size_limit(Fixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    struct rlimit before, limit;

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    limit = before;
    limit.rlim_cur = 512;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
    start_write(f);
    wait_status(f);
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
    int image = make_image();
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/vfio/unsolicited/ready-again", Fixture, NULL, set_up, test_ready_again, tear_down);
    g_test_add("/vfio/unsolicited/not-lost", Fixture, NULL, set_up, test_not_lost, tear_down);
    g_test_add("/vfio/unsolicited/halted", Fixture, NULL, set_up, test_halted, tear_down);
    g_test_add("/vfio/unsolicited/reset", Fixture, NULL, set_up, test_reset, tear_down);
    g_test_add("/vfio/unsolicited/file-size-limit", Fixture, NULL, set_up, test_file_size_limit, tear_down);
    g_test_add_func("/vfio/unsolicited/no-thread", test_no_thread);
    return g_test_run();
}
