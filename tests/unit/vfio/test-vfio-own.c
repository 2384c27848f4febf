/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The preloaded library's own files are the machine's: what the image's code, the trace and the search for devices call
 * by path does not pass through the names that the library takes from the C library. Those names are defined here once
 * more, as the program comes before the library where a name is looked for.
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

static guint calls; /* of the names below, but for the client's own of /dev/vfio */

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

    /* The names are ours, indeed. */
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
