/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util/ccw-error.h"

#define STAGE "/tmp" /* any folder that every system has: the new root is there for a moment */
#define OLD "/.lab-old-root"

/* Folders of the host that the lab has its own of; the mounts below, or nothing, are there. */
static const char *const own_folders[] = { "proc", "sys", "dev", "run" };

/* In order. A target that is missing is made where the lab's own file systems are, else it belongs to a package. */
static const struct {
    const char *target;
    const char *type;
    const char *options;
    const char *package; /* NULL: ours to make */
} mounts[] = {
    { "/proc", "proc", NULL, NULL },
    { "/run", "tmpfs", "mode=0755", NULL },
    { LAB_REAL_SYS, "sysfs", NULL, NULL },
    { "/dev", "tmpfs", "mode=0755", NULL },
    { "/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620", NULL },
    { "/dev/shm", "tmpfs", "mode=1777", NULL },
    { "/etc/libvirt", "tmpfs", "mode=0755", "libvirt-daemon-system" },
    { "/var/lib/libvirt", "tmpfs", "mode=0755", "libvirt-daemon-system" },
    { "/var/log/libvirt", "tmpfs", "mode=0755", "libvirt-daemon-system" },
    { "/var/cache/libvirt", "tmpfs", "mode=0755", "libvirt-daemon-system" },
    { "/etc/mdevctl.d", "tmpfs", "mode=0755", "mdevctl" },
};

static const struct {
    const char *path;
    int mode;
} folders[] = {
    { "/sys", 0755 },
    { LAB_BIN, 0755 },
    { LAB_BACKEND, 0755 },
    { "/run/lock", 01777 },
    { "/run/libvirt", 0755 },
    { "/run/udev", 0755 },
    { "/dev/vfio", 0755 },
    { "/dev/net", 0755 },
    { "/etc/mdevctl.d/scripts.d/callouts", 0755 },
    { "/etc/mdevctl.d/scripts.d/notifiers", 0755 },
};

static const char *const nodes[] = {
    "null", "zero", "full", "random", "urandom", "tty", "fuse", "kvm", "net/tun",
};

static const struct {
    const char *path, *target;
} links[] = {
    { "/dev/ptmx", "pts/ptmx" },          { "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" },
    { "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
};

/* Empty files: libudev listens only where udevd is; libvirt wants VFIO's container, which QEMU's library answers for.
 */
static const struct {
    const char *path;
    int mode;
} files[] = {
    { "/run/udev/control", 0600 },
    { "/dev/vfio/vfio", 0666 },
};

static gboolean fail(GError **error, const char *what, const char *path)
{
    ccw_error_set_errno(error, errno, "cannot make the lab: %s %s", what, path);
    return FALSE;
}

static gboolean make_file(const char *path, int mode, GError **error)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);

    if (fd < 0)
        return fail(error, "create", path);
    close(fd);
    return chmod(path, (mode_t)mode) == 0 || fail(error, "chmod", path);
}

static gboolean bind_mount(const char *source, const char *target, GError **error)
{
    return mount(source, target, NULL, MS_BIND | MS_REC, NULL) == 0 || fail(error, "bind", source);
}

static gboolean enter_root(GError **error)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return fail(error, "make private the mount", "/");
    if (mount("libvirt-ccw-lab", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
        return fail(error, "mount a tmpfs at", STAGE);
    if (mkdir(STAGE OLD, 0700) != 0)
        return fail(error, "make the folder", STAGE OLD);
    if (syscall(SYS_pivot_root, STAGE, STAGE OLD) != 0 || chdir("/") != 0)
        return fail(error, "pivot to", STAGE);
    return TRUE;
}

/* One entry of the host's root: folders and files are bound, links are links again. */
static gboolean take_over(const char *name, GError **error)
{
    g_autofree char *source = g_build_filename(OLD, name, NULL);
    g_autofree char *target = g_build_filename("/", name, NULL);
    g_autofree char *link = g_file_read_link(source, NULL);
    struct stat stat;

    if (link)
        return symlink(link, target) == 0 || fail(error, "make the link", target);
    if (lstat(source, &stat) != 0)
        return fail(error, "stat", source);
    if (S_ISDIR(stat.st_mode) ? mkdir(target, 0755) != 0 : !make_file(target, 0600, error))
        return fail(error, "make", target);
    return bind_mount(source, target, error);
}

static gboolean take_over_all(GError **error)
{
    g_autoptr(GDir) root = g_dir_open(OLD, 0, error);
    const char *name;

    if (!root)
        return FALSE;
    while ((name = g_dir_read_name(root))) {
        gboolean ours = strcmp(name, &OLD[1]) == 0;

        for (gsize i = 0; i < G_N_ELEMENTS(own_folders); i++)
            ours |= strcmp(name, own_folders[i]) == 0;
        if (!ours && !take_over(name, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean mount_all(GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(mounts); i++) {
        const char *target = mounts[i].target;
        const char *package = mounts[i].package;

        if (!package && g_mkdir_with_parents(target, 0755) != 0)
            return fail(error, "make the folder", target);
        if (package && !g_file_test(target, G_FILE_TEST_IS_DIR)) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "there is no folder %s: install the package %s", target,
                        package);
            return FALSE;
        }
        if (mount("libvirt-ccw-lab", target, mounts[i].type, MS_NOSUID, mounts[i].options) != 0)
            return fail(error, "mount", target);
    }
    return TRUE;
}

/* Without the privilege to make nodes, the host's own are bound; those it has not are left out. */
static gboolean make_nodes(gboolean *ret_privileged, GError **error)
{
    gboolean privileged = TRUE;

    for (gsize i = 0; i < G_N_ELEMENTS(nodes); i++) {
        g_autofree char *source = g_build_filename(OLD "/dev", nodes[i], NULL);
        g_autofree char *target = g_build_filename("/dev", nodes[i], NULL);
        struct stat stat;

        if (lstat(source, &stat) != 0 || !S_ISCHR(stat.st_mode))
            continue;
        if (privileged && mknod(target, S_IFCHR | 0600, stat.st_rdev) == 0) {
            if (chmod(target, stat.st_mode & 07777) != 0 || chown(target, stat.st_uid, stat.st_gid) != 0)
                return fail(error, "give its mode to", target);
            continue;
        }
        if (privileged && errno != EPERM)
            return fail(error, "make the node", target);
        privileged = FALSE;
        if (!make_file(target, 0600, error) || !bind_mount(source, target, error))
            return FALSE;
    }
    *ret_privileged = privileged;
    return TRUE;
}

/* At a terminal each virsh starts it, and it says that polkit, which is not in a lab and not asked there, is missing.
 */
static gboolean hide_polkit_agent(GError **error)
{
    static const char agent[] = "/usr/bin/pkttyagent";

    return !g_file_test(agent, G_FILE_TEST_EXISTS) || bind_mount("/dev/null", agent, error);
}

static gboolean fill(const LabParts *parts, gboolean *ret_privileged, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++)
        if (g_mkdir_with_parents(folders[i].path, 0755) != 0 || chmod(folders[i].path, (mode_t)folders[i].mode) != 0)
            return fail(error, "make the folder", folders[i].path);
    if (!make_nodes(ret_privileged, error) || !hide_polkit_agent(error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(links); i++)
        if (symlink(links[i].target, links[i].path) != 0)
            return fail(error, "make the link", links[i].path);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        if (!make_file(files[i].path, files[i].mode, error))
            return FALSE;
    for (guint i = 0; i < parts->programs->len; i++) {
        const char *path = g_ptr_array_index(parts->programs, i);
        g_autofree char *source = g_build_filename(OLD, path, NULL);
        g_autofree char *name = g_path_get_basename(path);
        g_autofree char *target = g_build_filename(LAB_BIN, name, NULL);

        if (!make_file(target, 0755, error) || !bind_mount(source, target, error))
            return FALSE;
    }
    return TRUE;
}

gboolean lab_mounts_enter(const LabParts *parts, gboolean *ret_privileged, GError **error)
{
    if (!enter_root(error) || !take_over_all(error) || !mount_all(error) || !fill(parts, ret_privileged, error))
        return FALSE;
    if (umount2(OLD, MNT_DETACH) != 0 || rmdir(OLD) != 0)
        return fail(error, "leave the old root at", OLD);
    return TRUE;
}

char **lab_mounts_real_parts(void)
{
    /* What libvirt's host capabilities and interfaces are made of; no cgroups: what libvirt makes there would stay. */
    static const char *const whole[] = { "devices/system", "kernel/mm", "class/net" };
    static const char virtual[] = "devices/virtual";
    g_autoptr(GDir) folder = g_dir_open(LAB_REAL_SYS "/devices/virtual", 0, NULL);
    GPtrArray *parts = g_ptr_array_new();
    const char *name;

    for (gsize i = 0; i < G_N_ELEMENTS(whole); i++) {
        g_autofree char *path = g_build_filename(LAB_REAL_SYS, whole[i], NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            g_ptr_array_add(parts, g_strdup(whole[i]));
    }
    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *path = g_build_filename(LAB_REAL_SYS, virtual, name, NULL);

        if (strcmp(name, "vfio") != 0 && g_file_test(path, G_FILE_TEST_IS_DIR))
            g_ptr_array_add(parts, g_build_filename(virtual, name, NULL));
    }
    g_ptr_array_add(parts, NULL);
    return (char **)g_ptr_array_free(parts, FALSE);
}

gboolean lab_mounts_finish(char **real_parts, GError **error)
{
    for (char **part = real_parts; *part; part++) {
        g_autofree char *source = g_build_filename(LAB_REAL_SYS, *part, NULL);
        g_autofree char *target = g_build_filename("/sys", *part, NULL);

        if (!bind_mount(source, target, error))
            return FALSE;
    }
    if (umount2(LAB_REAL_SYS, MNT_DETACH) != 0 || rmdir(LAB_REAL_SYS) != 0)
        return fail(error, "take off", LAB_REAL_SYS);
    if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) != 0)
        return fail(error, "make shared the mount", "/");
    /*
     * libvirt binds our nodes, being ordinary files, into each guest's /dev, and /dev/vfio/vfio once a device. Of a
     * shared mount each of these binds would appear upon the last ones, too: twice as many with each device.
     */
    return mount(NULL, "/dev", NULL, MS_PRIVATE, NULL) == 0 || fail(error, "make private the mount", "/dev");
}
