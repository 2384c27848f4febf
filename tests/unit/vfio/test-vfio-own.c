/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The preloaded library uses the machine's files itself: the code for images, the trace and the search for devices do
 * not call the functions that the library interposes. This program defines these functions again, as a program's
 * symbols take precedence over a library's.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vfio-client.h"

int __open64_2(const char *path, int flags);

static guint calls; /* of the functions below, except the client's own calls for /dev/vfio */

static void count_open(const char *path)
{
    if (!g_str_has_prefix(path, "/dev/vfio/"))
        calls++;
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    int fd;

    va_start(args, flags);
    fd = openat(AT_FDCWD, path, flags, __OPEN_NEEDS_MODE(flags) ? va_arg(args, mode_t) : 0);
    va_end(args);
    count_open(path);
    return fd;
}

int __open64_2(const char *path, int flags)
{
    count_open(path);
    return openat(AT_FDCWD, path, flags);
}

int fstat64(int fd, struct stat64 *status)
{
    calls++;
    return fstatat64(fd, "", status, AT_EMPTY_PATH);
}

int access(const char *path, int mode)
{
    calls++;
    return faccessat(AT_FDCWD, path, mode, 0);
}

static void test_own(void)
{
    g_auto(VfioClient) client = { 0 };
    struct stat64 status;
    guint before;

    /* The functions below do take precedence. */
    g_assert_cmpint(fstat64(STDOUT_FILENO, &status), ==, 0);
    before = calls;
    g_assert_cmpuint(before, >, 0);
    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    g_assert_cmpuint(calls, ==, before);
}

int main(int argc, char **argv)
{
    vfio_client_become_qemu(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio/own", test_own);
    return g_test_run();
}
