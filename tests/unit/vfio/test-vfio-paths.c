/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All functions of the C library that say something about a path, each under all of its names, on the files that the
 * preloaded library provides. Their answers must agree. The devices: vfio-client.h.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "vfio-client.h"

#define SUBCHANNEL "/sys/devices/css0/0.0.0002"
#define MDEV SUBCHANNEL "/" UUID_RO
#define MDEV_LINK "/sys/bus/mdev/devices/" UUID_RO
#define GROUP_LINK MDEV_LINK "/iommu_group"
#define GROUP "/sys/kernel/iommu_groups/2"
#define CHPIDS "/sys/bus/css/devices/0.0.0002/chpids"
#define MISSING MDEV_LINK "/vfio-dev" /* QEMU looks there for a device by iommufd */

/*
 * Functions of the C library without a declaration: for fortified callers, and for programs linked before version 2.33.
 */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);
ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t length);
ssize_t __readlinkat_chk(int at, const char *path, char *buffer, size_t size, size_t length);
char *__realpath_chk(const char *path, char *resolved, size_t length);
int __xstat(int version, const char *path, struct stat *status);
int __lxstat(int version, const char *path, struct stat *status);
int __fxstatat(int version, int at, const char *path, struct stat *status, int flags);
int __xstat64(int version, const char *path, struct stat64 *status);
int __lxstat64(int version, const char *path, struct stat64 *status);
int __fxstatat64(int version, int at, const char *path, struct stat64 *status, int flags);

#define STAT_VERSION 1

/* --- the functions, all with one signature --- */

typedef struct {
    mode_t mode;
    guint64 inode, size, device;
} Status;

typedef struct {
    const char *name;
    gboolean follows;
    int (*call)(const char *path, Status *ret_status); /* 0, or -1 with errno */
} StatCall;

#define DEFINE_STAT_CALL(name, type, ...)                                                                              \
    static int call_##name(const char *path, Status *ret_status)                                                       \
    {                                                                                                                  \
        struct type status;                                                                                            \
                                                                                                                       \
        if (name(__VA_ARGS__) != 0)                                                                                    \
            return -1;                                                                                                 \
        ret_status->mode = status.st_mode;                                                                             \
        ret_status->inode = status.st_ino;                                                                             \
        ret_status->size = (guint64)status.st_size;                                                                    \
        ret_status->device = status.st_rdev;                                                                           \
        return 0;                                                                                                      \
    }

DEFINE_STAT_CALL(stat, stat, path, &status)
DEFINE_STAT_CALL(stat64, stat64, path, &status)
DEFINE_STAT_CALL(lstat, stat, path, &status)
DEFINE_STAT_CALL(lstat64, stat64, path, &status)
DEFINE_STAT_CALL(fstatat, stat, AT_FDCWD, path, &status, 0)
DEFINE_STAT_CALL(fstatat64, stat64, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW)
DEFINE_STAT_CALL(__xstat, stat, STAT_VERSION, path, &status)
DEFINE_STAT_CALL(__xstat64, stat64, STAT_VERSION, path, &status)
DEFINE_STAT_CALL(__lxstat, stat, STAT_VERSION, path, &status)
DEFINE_STAT_CALL(__lxstat64, stat64, STAT_VERSION, path, &status)
DEFINE_STAT_CALL(__fxstatat, stat, STAT_VERSION, AT_FDCWD, path, &status, 0)
DEFINE_STAT_CALL(__fxstatat64, stat64, STAT_VERSION, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW)

static int call_statx(const char *path, Status *ret_status)
{
    struct statx status;

    if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &status) != 0)
        return -1;
    ret_status->mode = status.stx_mode;
    ret_status->inode = status.stx_ino;
    ret_status->size = status.stx_size;
    ret_status->device = makedev(status.stx_rdev_major, status.stx_rdev_minor);
    return 0;
}

static const StatCall stat_calls[] = {
    { "stat", TRUE, call_stat },
    { "stat64", TRUE, call_stat64 },
    { "lstat", FALSE, call_lstat },
    { "lstat64", FALSE, call_lstat64 },
    { "fstatat", TRUE, call_fstatat },
    { "fstatat64", FALSE, call_fstatat64 },
    { "__xstat", TRUE, call___xstat },
    { "__xstat64", TRUE, call___xstat64 },
    { "__lxstat", FALSE, call___lxstat },
    { "__lxstat64", FALSE, call___lxstat64 },
    { "__fxstatat", TRUE, call___fxstatat },
    { "__fxstatat64", FALSE, call___fxstatat64 },
    { "statx", TRUE, call_statx },
};

#define DEFINE_OPEN_CALL(name, ...)                                                                                    \
    static int call_##name(const char *path, int flags)                                                                \
    {                                                                                                                  \
        return name(__VA_ARGS__);                                                                                      \
    }

DEFINE_OPEN_CALL(open, path, flags)
DEFINE_OPEN_CALL(open64, path, flags)
DEFINE_OPEN_CALL(openat, AT_FDCWD, path, flags)
DEFINE_OPEN_CALL(openat64, AT_FDCWD, path, flags)
DEFINE_OPEN_CALL(__open_2, path, flags)
DEFINE_OPEN_CALL(__open64_2, path, flags)
DEFINE_OPEN_CALL(__openat_2, AT_FDCWD, path, flags)
DEFINE_OPEN_CALL(__openat64_2, AT_FDCWD, path, flags)

static int (*const open_calls[])(const char *path, int flags) = {
    call_open,     call_open64,     call_openat,     call_openat64,
    call___open_2, call___open64_2, call___openat_2, call___openat64_2,
};

#define DEFINE_LINK_CALL(name, ...)                                                                                    \
    static ssize_t call_##name(const char *path, char *buffer, size_t size)                                            \
    {                                                                                                                  \
        return name(__VA_ARGS__);                                                                                      \
    }

DEFINE_LINK_CALL(readlink, path, buffer, size)
DEFINE_LINK_CALL(readlinkat, AT_FDCWD, path, buffer, size)
DEFINE_LINK_CALL(__readlink_chk, path, buffer, size, size)
DEFINE_LINK_CALL(__readlinkat_chk, AT_FDCWD, path, buffer, size, size)

static ssize_t (*const link_calls[])(const char *path, char *buffer, size_t size) = { call_readlink, call_readlinkat,
                                                                                      call___readlink_chk,
                                                                                      call___readlinkat_chk };

static int call_access(const char *path, int mode)
{
    return access(path, mode);
}

static int call_faccessat(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

static int (*const access_calls[])(const char *path, int mode) = { call_access, call_faccessat };

static char *call_realpath(const char *path, char *resolved)
{
    return realpath(path, resolved);
}

static char *call_realpath_chk(const char *path, char *resolved)
{
    return __realpath_chk(path, resolved, PATH_MAX);
}

static char *call_canonicalize(const char *path, char *resolved)
{
    g_autofree char *name = canonicalize_file_name(path);

    return name ? strcpy(resolved, name) : NULL;
}

static char *(*const realpath_calls[])(const char *path, char *resolved) = { call_realpath, call_realpath_chk,
                                                                             call_canonicalize };

/* --- the expected answers --- */

typedef struct {
    const char *path;
    mode_t type, link_type; /* of the path with a final link followed, and not followed */
    const char *real_path;
} Known;

static const Known known[] = {
    /* Paths that QEMU 7.2 asks for, and those of 8.2, 9.0 and 10. */
    { MDEV_LINK, S_IFDIR, S_IFLNK, MDEV },
    { "/sys/bus/css/devices/0.0.0002/" UUID_RO "/iommu_group", S_IFDIR, S_IFLNK, GROUP },
    { GROUP_LINK, S_IFDIR, S_IFLNK, GROUP },
    { MDEV "/iommu_group", S_IFDIR, S_IFLNK, GROUP },
    { MDEV, S_IFDIR, S_IFDIR, MDEV },
    { GROUP "/devices/" UUID_RO, S_IFDIR, S_IFLNK, MDEV },
    { CHPIDS, S_IFREG, S_IFREG, SUBCHANNEL "/chpids" },
    { "/sys/devices/css0/chp0.34/type", S_IFREG, S_IFREG, "/sys/devices/css0/chp0.34/type" },
    { "/dev/vfio/vfio", S_IFCHR, S_IFCHR, "/dev/vfio/vfio" },
    { "/dev/vfio/2", S_IFCHR, S_IFCHR, "/dev/vfio/2" },
    /* Other spellings of the same paths. */
    { "/sys//bus/./mdev/devices/../devices/" UUID_RO "/", S_IFDIR, S_IFDIR, MDEV },
    { MDEV_LINK "/../chpids", S_IFREG, S_IFREG, SUBCHANNEL "/chpids" },
    { GROUP_LINK "/devices/" UUID_RO "/iommu_group/", S_IFDIR, S_IFDIR, GROUP },
};

static void test_stat(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        Status followed = { 0 }, link = { 0 };

        g_test_message("%s", known[i].path);
        g_assert_cmpint(call_stat(known[i].path, &followed), ==, 0);
        g_assert_cmpint(call_lstat(known[i].path, &link), ==, 0);
        g_assert_cmphex(followed.mode & S_IFMT, ==, known[i].type);
        g_assert_cmphex(link.mode & S_IFMT, ==, known[i].link_type);
        g_assert_cmpint(followed.inode == link.inode, ==, known[i].type == known[i].link_type);
        g_assert_cmpint(followed.device != 0, ==, known[i].type == S_IFCHR);
        for (gsize j = 0; j < G_N_ELEMENTS(stat_calls); j++) {
            const Status *expected = stat_calls[j].follows ? &followed : &link;
            Status status = { 0 };

            g_test_message("%s", stat_calls[j].name);
            g_assert_cmpint(stat_calls[j].call(known[i].path, &status), ==, 0);
            g_assert_cmphex(status.mode, ==, expected->mode);
            g_assert_cmpuint(status.inode, ==, expected->inode);
            g_assert_cmpuint(status.size, ==, expected->size);
            g_assert_cmpuint(status.device, ==, expected->device);
        }
    }
}

/* A node has one inode, whatever the path to it. */
static void test_same_inode(void)
{
    Status mdev = { 0 }, by_link = { 0 }, by_group = { 0 };

    g_assert_cmpint(call_stat(MDEV, &mdev), ==, 0);
    g_assert_cmpint(call_stat(MDEV_LINK, &by_link), ==, 0);
    g_assert_cmpint(call_stat(GROUP "/devices/" UUID_RO, &by_group), ==, 0);
    g_assert_cmpuint(mdev.inode, ==, by_link.inode);
    g_assert_cmpuint(mdev.inode, ==, by_group.inode);
}

static void test_realpath(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        for (gsize j = 0; j < G_N_ELEMENTS(realpath_calls); j++) {
            char resolved[PATH_MAX] = "";

            g_assert_true(realpath_calls[j](known[i].path, resolved) == resolved);
            g_assert_cmpstr(resolved, ==, known[i].real_path);
        }
}

static void test_access(void)
{
    for (gsize j = 0; j < G_N_ELEMENTS(access_calls); j++) {
        for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
            g_assert_cmpint(access_calls[j](known[i].path, R_OK), ==, 0);
        g_assert_cmpint(access_calls[j](MDEV_LINK, X_OK), ==, 0);
        g_assert_cmpint(access_calls[j]("/dev/vfio/2", R_OK | W_OK), ==, 0);
        g_assert_cmpint(access_calls[j](CHPIDS, W_OK), ==, -1);
        g_assert_cmpint(errno, ==, EACCES);
    }
}

static void test_readlink(void)
{
    static const char group[] = "../../../../kernel/iommu_groups/2";

    for (gsize j = 0; j < G_N_ELEMENTS(link_calls); j++) {
        char buffer[64];

        g_assert_cmpint(link_calls[j](GROUP_LINK, buffer, sizeof(buffer)), ==, strlen(group));
        g_assert_cmpmem(buffer, strlen(group), group, strlen(group));
        g_assert_cmpint(link_calls[j](GROUP_LINK, buffer, 5), ==, 5);
        g_assert_cmpint(link_calls[j](CHPIDS, buffer, sizeof(buffer)), ==, -1);
        g_assert_cmpint(errno, ==, EINVAL);
    }
}

static void test_open(void)
{
    for (gsize j = 0; j < G_N_ELEMENTS(open_calls); j++) {
        char buffer[8] = "";
        int fd = open_calls[j](CHPIDS, O_RDONLY);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(read(fd, buffer, 5), ==, 5);
        g_assert_cmpstr(buffer, ==, "34 00");
        close(fd);
        g_assert_cmpint(open_calls[j](CHPIDS, O_RDWR), ==, -1);
        g_assert_cmpint(errno, ==, EACCES);
        g_assert_cmpint(open_calls[j](CHPIDS, O_RDONLY | O_DIRECTORY), ==, -1);
        g_assert_cmpint(errno, ==, ENOTDIR);
        g_assert_cmpint(open_calls[j](GROUP_LINK, O_RDONLY | O_NOFOLLOW), ==, -1);
        g_assert_cmpint(errno, ==, ELOOP);
        fd = open_calls[j]("/dev//vfio/../vfio/2", O_RDWR);
        g_assert_cmpint(fd, >=, 0);
        close(fd);
    }
}

/* Relative paths that start from a folder's descriptor. */
static void test_at(void)
{
    int folder = open(MDEV_LINK, O_RDONLY | O_DIRECTORY);
    char buffer[64] = "";
    struct stat expected, status;
    struct statx extended;
    int fd;

    g_assert_cmpint(folder, >=, 0);
    g_assert_cmpint(stat(MDEV, &expected), ==, 0);
    g_assert_cmpint(fstat(folder, &status), ==, 0);
    g_assert_cmpuint(status.st_ino, ==, expected.st_ino);
    g_assert_cmpint(fstatat(folder, "", &status, AT_EMPTY_PATH), ==, 0);
    g_assert_cmpuint(status.st_ino, ==, expected.st_ino);
    g_assert_cmpint(statx(folder, "", AT_EMPTY_PATH, STATX_INO, &extended), ==, 0);
    g_assert_cmpuint(extended.stx_ino, ==, expected.st_ino);
    g_assert_cmpint(fstatat(folder, "iommu_group", &status, AT_SYMLINK_NOFOLLOW), ==, 0);
    g_assert_true(S_ISLNK(status.st_mode));
    g_assert_cmpint(readlinkat(folder, "iommu_group", buffer, sizeof(buffer)), ==, 33);
    g_assert_cmpint(faccessat(folder, "../pimpampom", R_OK, 0), ==, 0);
    fd = openat(folder, "../pimpampom", O_RDONLY);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(read(fd, buffer, sizeof(buffer)), ==, strlen("80 80 ff\n"));
    close(fd);
    close(folder);
    g_assert_cmpint(fstat(folder, &status), ==, -1);
    g_assert_cmpint(errno, ==, EBADF);
}

static void assert_missing(const char *path, int errnum)
{
    char buffer[PATH_MAX];
    Status status;

    for (gsize j = 0; j < G_N_ELEMENTS(stat_calls); j++) {
        g_assert_cmpint(stat_calls[j].call(path, &status), ==, -1);
        g_assert_cmpint(errno, ==, errnum);
    }
    for (gsize j = 0; j < G_N_ELEMENTS(open_calls); j++) {
        g_assert_cmpint(open_calls[j](path, O_RDONLY), ==, -1);
        g_assert_cmpint(errno, ==, errnum);
    }
    for (gsize j = 0; j < G_N_ELEMENTS(access_calls); j++) {
        g_assert_cmpint(access_calls[j](path, F_OK), ==, -1);
        g_assert_cmpint(errno, ==, errnum);
    }
    for (gsize j = 0; j < G_N_ELEMENTS(link_calls); j++) {
        g_assert_cmpint(link_calls[j](path, buffer, sizeof(buffer)), ==, -1);
        g_assert_cmpint(errno, ==, errnum);
    }
    for (gsize j = 0; j < G_N_ELEMENTS(realpath_calls); j++) {
        g_assert_null(realpath_calls[j](path, buffer));
        g_assert_cmpint(errno, ==, errnum);
    }
    g_assert_null(opendir(path));
    g_assert_cmpint(errno, ==, errnum);
    g_assert_null(fopen(path, "r"));
    g_assert_cmpint(errno, ==, errnum);
    g_assert_null(fopen64(path, "r"));
    g_assert_cmpint(errno, ==, errnum);
}

static void test_missing(void)
{
    assert_missing(MISSING, ENOENT);
    assert_missing(GROUP "/type", ENOENT);
    assert_missing("/sys/bus/mdev/devices/cc390000-0001-8000-8000-000000009999", ENOENT);
    assert_missing("/dev/vfio/3", ENOENT);
    assert_missing(CHPIDS "/", ENOTDIR);
    assert_missing(CHPIDS "/x", ENOTDIR);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

/* Returns the sorted names in a folder. */
static char *list(DIR *directory, gboolean wide)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    g_assert_nonnull(directory);
    for (;;) {
        const struct dirent64 *entry64 = wide ? readdir64(directory) : NULL;
        const struct dirent *entry = wide ? NULL : readdir(directory);

        if (!entry && !entry64)
            break;
        g_ptr_array_add(names, g_strdup(wide ? entry64->d_name : entry->d_name));
    }
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(" ", (char **)names->pdata);
}

static void test_opendir(void)
{
    static const char in_mdev[] = ". .. iommu_group";
    DIR *directory = opendir(MDEV_LINK);
    g_autofree char *names = list(directory, FALSE);
    g_autofree char *again = NULL, *by_fd = NULL, *last = NULL;
    struct stat by_path, by_stream;
    long position;

    g_assert_cmpstr(names, ==, in_mdev);
    g_assert_null(readdir64(directory));
    rewinddir(directory);
    again = list(directory, TRUE);
    g_assert_cmpstr(again, ==, in_mdev);
    rewinddir(directory);
    readdir(directory);
    position = telldir(directory);
    readdir(directory);
    readdir(directory);
    seekdir(directory, position);
    last = list(directory, FALSE);
    g_assert_cmpstr(last, ==, ".. iommu_group");
    g_assert_cmpint(stat(MDEV, &by_path), ==, 0);
    g_assert_cmpint(fstat(dirfd(directory), &by_stream), ==, 0);
    g_assert_cmpuint(by_path.st_ino, ==, by_stream.st_ino);
    g_assert_cmpint(faccessat(dirfd(directory), "iommu_group", F_OK, 0), ==, 0);
    g_assert_cmpint(closedir(directory), ==, 0);

    directory = fdopendir(open(MDEV, O_RDONLY | O_DIRECTORY));
    by_fd = list(directory, TRUE);
    g_assert_cmpstr(by_fd, ==, in_mdev);
    g_assert_cmpint(closedir(directory), ==, 0);
    g_assert_null(opendir(CHPIDS));
    g_assert_cmpint(errno, ==, ENOTDIR);
}

/* A folder that this machine has, or may have, too: it lists the machine's names and ours, each once. */
static void test_shared(void)
{
    static const char *const shared[] = { "/sys/bus/mdev/devices", "/dev/vfio", "/sys/kernel/iommu_groups",
                                          "/sys/devices", "/sys" };
    static const char *const wanted[] = { UUID_RW, "noiommu-2", "2", "css0", "devices" };

    for (gsize i = 0; i < G_N_ELEMENTS(shared); i++) {
        DIR *directory = opendir(shared[i]);
        g_autofree char *text = list(directory, TRUE);
        g_auto(GStrv) names = g_strsplit(text, " ", -1);
        struct stat status;

        closedir(directory);
        g_assert_true(g_strv_contains((const char *const *)names, wanted[i]));
        for (guint j = 1; names[j]; j++)
            g_assert_cmpstr(names[j - 1], !=, names[j]);
        g_assert_cmpint(stat(shared[i], &status), ==, 0);
        g_assert_true(S_ISDIR(status.st_mode));
    }
    /* A folder that only the machine has is unchanged. */
    g_assert_cmpint(access("/sys/devices/system", F_OK), ==, 0);
}

/* Paths that are not ours go to the C library. */
static void test_others(void)
{
    char buffer[PATH_MAX];
    g_autofree char *self = NULL;
    DIR *directory = opendir("/proc/self/fd");
    struct stat status;

    g_assert_nonnull(directory);
    g_assert_nonnull(readdir(directory));
    g_assert_cmpint(dirfd(directory), >=, 0);
    g_assert_cmpint(closedir(directory), ==, 0);
    g_assert_cmpint(readlink("/proc/self/exe", buffer, sizeof(buffer)), >, 0);
    g_assert_cmpstr(realpath("/proc/../proc/./", buffer), ==, "/proc");
    g_assert_cmpint(stat("/", &status), ==, 0);
    g_assert_true(S_ISDIR(status.st_mode));
    self = canonicalize_file_name(".");
    g_assert_nonnull(self);
    g_assert_cmpint(stat("", &status), ==, -1);
    g_assert_cmpint(errno, ==, ENOENT);
    g_assert_cmpint(fstatat(AT_FDCWD, "", &status, AT_EMPTY_PATH), ==, 0);
}

/* NULL as a path, by which Rust's library checks for statx(): the error is the kernel's, and nothing crashes. */
static void test_null(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const char *volatile none = NULL;
    struct statx *volatile nowhere = NULL;
    struct stat status;

    g_assert_cmpint(statx(0, none, 0, STATX_BASIC_STATS, nowhere), ==, -1);
    g_assert_cmpint(errno, ==, EFAULT);
    g_assert_cmpint(stat(none, &status), ==, -1);
    g_assert_cmpint(errno, ==, EFAULT);
    g_assert_cmpint(fstatat(AT_FDCWD, none, &status, AT_SYMLINK_NOFOLLOW), ==, -1);
    g_assert_cmpint(errno, ==, EFAULT);
    g_assert_cmpint(access(none, F_OK), ==, -1);
    g_assert_cmpint(errno, ==, EFAULT);
    g_assert_cmpint(open(none, O_RDONLY), ==, -1);
    g_assert_cmpint(errno, ==, EFAULT);
#else
    g_test_skip("a sanitizer looks at the path first");
#endif
}

int main(int argc, char **argv)
{
    vfio_client_become_qemu(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio/paths/stat", test_stat);
    g_test_add_func("/vfio/paths/same-inode", test_same_inode);
    g_test_add_func("/vfio/paths/realpath", test_realpath);
    g_test_add_func("/vfio/paths/access", test_access);
    g_test_add_func("/vfio/paths/readlink", test_readlink);
    g_test_add_func("/vfio/paths/open", test_open);
    g_test_add_func("/vfio/paths/at", test_at);
    g_test_add_func("/vfio/paths/missing", test_missing);
    g_test_add_func("/vfio/paths/opendir", test_opendir);
    g_test_add_func("/vfio/paths/shared", test_shared);
    g_test_add_func("/vfio/paths/others", test_others);
    g_test_add_func("/vfio/paths/null", test_null);
    return g_test_run();
}
