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

#include "util/error.h"
#include "util/lab-protocol.h"

#define STAGE "/tmp" /* any folder that every system has; the new root is there only until pivot_root(2) */
#define OLD "/.lab-old-root"

typedef struct {
    const char *target;
    const char *type;
    const char *options;
    const char *program; /* an installed program that owns the target; NULL: the lab makes the target */
} Mount;

/*
 * The lab mounts these in order, before the host's folders. The lab's own file system (lab-fuse.h) hides the sysfs at
 * /sys. That is still the first sysfs in /proc/mounts, where s390-tools look for the path of sysfs.
 */
static const Mount own_mounts[] = {
    { "/proc", "proc", NULL, NULL },
    { "/sys", "sysfs", NULL, NULL },
    { "/run", "tmpfs", "mode=0755", NULL },
    { "/dev", "tmpfs", "mode=0755", NULL },
    { "/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620", NULL },
    { "/dev/shm", "tmpfs", "mode=1777", NULL },
};

/* The lab mounts these over the host's folders. */
static const Mount private_mounts[] = {
    { "/etc/libvirt", "tmpfs", "mode=0755", "libvirt" },     { "/var/lib/libvirt", "tmpfs", "mode=0755", "libvirt" },
    { "/var/log/libvirt", "tmpfs", "mode=0755", "libvirt" }, { "/var/cache/libvirt", "tmpfs", "mode=0755", "libvirt" },
    { "/etc/mdevctl.d", "tmpfs", "mode=0755", "mdevctl" },
};

static const struct {
    const char *path;
    int mode;
} folders[] = {
    { LAB_BIN, 0755 },
    { LAB_REAL_SYS, 0755 },
    { LAB_BACKEND, 0700 }, /* libvirtd authorises every client that can connect there */
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

/* Empty files. libudev listens only if it finds the socket of udevd. */
static const struct {
    const char *path;
    int mode;
} files[] = {
    { "/run/udev/control", 0600 },
};

static gboolean fail(GError **error, const char *what, const char *path)
{
    ccw_error_set_errno(error, errno, "cannot make the lab: %s %s", what, path);
    return FALSE;
}

/* Explains why the lab may mount nothing, although it has a mount namespace of its own. */
static gboolean fail_any_mount(GError **error, const char *what, const char *path)
{
    if (errno == EPERM || errno == ENOSYS)
        ccw_error_set_errno(error, errno,
                            "cannot make the lab: %s %s: a container's seccomp profile may forbid mounts (docker and "
                            "podman: --security-opt seccomp=unconfined)",
                            what, path);
    else if (errno == EACCES)
        ccw_error_set_errno(error, errno,
                            "cannot make the lab: %s %s: an AppArmor or SELinux profile may forbid mounts (docker and "
                            "podman: --security-opt apparmor=unconfined, or label=disable)",
                            what, path);
    else
        fail(error, what, path);
    return FALSE;
}

/*
 * Explains why a file system cannot be mounted. In a user namespace the kernel mounts proc and sysfs only if all of the
 * container's /proc and /sys is visible (fs/namespace.c: mount_too_revealing()). A lab's file system hides its /sys.
 */
static gboolean fail_mount(GError **error, const char *type, const char *path)
{
    int problem = errno;
    gboolean is_sysfs = strcmp(type, "sysfs") == 0;

    if (problem == EPERM && is_sysfs && g_file_test(OLD CCW_LAB_SOCKET, G_FILE_TEST_EXISTS))
        g_set_error(error, CCW_ERROR, CCW_ERROR_DENIED,
                    "cannot make the lab: this is a lab already, in which only its root can make another one");
    else if (problem == EPERM && (is_sysfs || strcmp(type, "proc") == 0))
        ccw_error_set_errno(
            error, problem,
            "cannot make the lab: mount %s: this container hides parts of %s (docker: --security-opt "
            "systempaths=unconfined, podman: --security-opt unmask=ALL, Kubernetes: procMount: Unmasked)",
            path, path);
    else
        ccw_error_set_errno(error, problem, "cannot make the lab: mount %s", path);
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

/* Only for a new mount: the kernel rejects this for a mount with files that are open for writing. */
static gboolean make_read_only(const char *path, GError **error)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

    return syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof(attr)) == 0 ||
           fail(error, "set read-only", path);
}

static gboolean bind_read_only(const char *source, const char *target, GError **error)
{
    return bind_mount(source, target, error) && make_read_only(target, error);
}

static gboolean enter_root(GError **error)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return fail_any_mount(error, "set private propagation at", "/");
    if (mount("libvirt-ccw-lab", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
        return fail_any_mount(error, "mount a tmpfs at", STAGE);
    if (mkdir(STAGE OLD, 0700) != 0)
        return fail(error, "create the folder", STAGE OLD);
    if (syscall(SYS_pivot_root, STAGE, STAGE OLD) != 0 || chdir("/") != 0)
        return fail_any_mount(error, "pivot to", STAGE);
    return TRUE;
}

/* Binds one folder or file of the host's root into the lab's, or makes a link again. */
static gboolean bind_entry(const char *name, gboolean is_writable, GError **error)
{
    g_autofree char *source = g_build_filename(OLD, name, NULL);
    g_autofree char *target = g_build_filename("/", name, NULL);
    g_autofree char *link = g_file_read_link(source, NULL);
    struct stat stat;

    if (link)
        return symlink(link, target) == 0 || fail(error, "create the link", target);
    if (lstat(source, &stat) != 0)
        return fail(error, "stat", source);
    if (S_ISDIR(stat.st_mode) ? mkdir(target, 0755) != 0 : !make_file(target, 0600, error))
        return fail(error, "make", target);
    return is_writable ? bind_mount(source, target, error) : bind_read_only(source, target, error);
}

static gboolean is_own_folder(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(own_mounts); i++)
        if (strcmp(own_mounts[i].target + 1, name) == 0)
            return TRUE;
    return FALSE;
}

static gboolean bind_entries(gboolean are_writable, GError **error)
{
    g_autoptr(GDir) root = g_dir_open(OLD, 0, error);
    const char *name;

    if (!root)
        return FALSE;
    while ((name = g_dir_read_name(root))) {
        if (strcmp(name, &OLD[1]) != 0 && !is_own_folder(name) && !bind_entry(name, are_writable, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean is_below(const char *path, const char *folder)
{
    gsize length = strlen(folder);

    return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Returns: whether one of the first count others holds the path, which is so writable already. */
static gboolean is_covered(const char *path, const char *const *others, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (is_below(path, others[i]))
            return TRUE;
    return FALSE;
}

/* Mounts the host's writable folder over the read-only one. */
static gboolean make_writable(const char *path, GError **error)
{
    g_autofree char *source = g_build_filename(OLD, path, NULL);

    return !g_file_test(source, G_FILE_TEST_IS_DIR) || bind_mount(source, path, error);
}

static gboolean bind_host(const char *const *writable, GError **error)
{
    static const char *const always[] = { "/tmp", "/var/tmp" };

    if (g_strv_contains(writable, "/"))
        return bind_entries(TRUE, error);
    if (!bind_entries(FALSE, error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(always); i++)
        if (!make_writable(always[i], error))
            return FALSE;
    for (gsize i = 0; writable[i]; i++)
        if (!is_covered(writable[i], always, G_N_ELEMENTS(always)) && !is_covered(writable[i], writable, i) &&
            !make_writable(writable[i], error))
            return FALSE;
    return TRUE;
}

const char *lab_mounts_own_folder(const char *path)
{
    for (gsize i = 0; i < G_N_ELEMENTS(own_mounts); i++)
        if (is_below(path, own_mounts[i].target))
            return own_mounts[i].target;
    for (gsize i = 0; i < G_N_ELEMENTS(private_mounts); i++)
        if (is_below(path, private_mounts[i].target))
            return private_mounts[i].target;
    return NULL;
}

/*
 * A container's /sys is often read-only. In a user namespace the kernel then mounts a sysfs read-only, or not at all.
 */
static gboolean mount_one(const Mount *new)
{
    return mount("libvirt-ccw-lab", new->target, new->type, MS_NOSUID, new->options) == 0 ||
           (errno == EPERM && strcmp(new->type, "sysfs") == 0 &&
            mount("libvirt-ccw-lab", new->target, new->type, MS_NOSUID | MS_RDONLY, new->options) == 0);
}

static gboolean mount_all(const Mount *mounts, gsize count, GError **error)
{
    for (gsize i = 0; i < count; i++) {
        const char *target = mounts[i].target;
        const char *program = mounts[i].program;

        if (!program && g_mkdir_with_parents(target, 0755) != 0)
            return fail(error, "create the folder", target);
        if (program && !g_file_test(target, G_FILE_TEST_IS_DIR)) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "there is no folder %s: install %s", target, program);
            return FALSE;
        }
        if (!mount_one(&mounts[i]))
            return fail_mount(error, mounts[i].type, target);
    }
    return TRUE;
}

/* Makes the nodes that the host has; binds the host's nodes if the process has no privilege to make nodes. */
static gboolean make_nodes(gboolean *ret_can_make_nodes, GError **error)
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
                return fail(error, "set the mode of", target);
            continue;
        }
        if (privileged && errno != EPERM)
            return fail(error, "create the node", target);
        privileged = FALSE;
        if (!make_file(target, 0600, error) || !bind_mount(source, target, error))
            return FALSE;
    }
    *ret_can_make_nodes = privileged;
    return TRUE;
}

/* At a terminal each virsh starts this agent, which would report that polkit is missing. A lab needs no polkit. */
static gboolean hide_polkit_agent(GError **error)
{
    static const char agent[] = "/usr/bin/pkttyagent";

    return !g_file_test(agent, G_FILE_TEST_EXISTS) || bind_mount("/dev/null", agent, error);
}

static gboolean bind_program(const char *path, GError **error)
{
    g_autofree char *source = g_build_filename(OLD, path, NULL);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *target = g_build_filename(LAB_BIN, name, NULL);

    return make_file(target, 0755, error) && bind_read_only(source, target, error);
}

static gboolean fill(const LabPrograms *programs, gboolean *ret_can_make_nodes, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++)
        if (g_mkdir_with_parents(folders[i].path, 0755) != 0 || chmod(folders[i].path, (mode_t)folders[i].mode) != 0)
            return fail(error, "create the folder", folders[i].path);
    if (!make_nodes(ret_can_make_nodes, error) || !hide_polkit_agent(error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(links); i++)
        if (symlink(links[i].target, links[i].path) != 0)
            return fail(error, "create the link", links[i].path);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        if (!make_file(files[i].path, files[i].mode, error))
            return FALSE;
    for (guint i = 0; i < programs->own->len; i++)
        if (!bind_program(g_ptr_array_index(programs->own, i), error))
            return FALSE;
    return bind_program(programs->libvirtd, error) && bind_mount("/sys", LAB_REAL_SYS, error);
}

/* The record and the socket of a lab that stays are for the host. A guest's QEMU must not reach them. */
static gboolean hide(const char *path, GError **error)
{
    return !path || !g_file_test(path, G_FILE_TEST_IS_DIR) ||
           mount("libvirt-ccw-lab", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "mode=0755") == 0 ||
           fail(error, "hide", path);
}

gboolean lab_mounts_enter(const LabPrograms *programs, const char *const *writable, const char *hidden,
                          gboolean *ret_can_make_nodes, GError **error)
{
    if (!enter_root(error) || !mount_all(own_mounts, G_N_ELEMENTS(own_mounts), error) || !bind_host(writable, error) ||
        !mount_all(private_mounts, G_N_ELEMENTS(private_mounts), error) || !hide(hidden, error) ||
        !fill(programs, ret_can_make_nodes, error))
        return FALSE;
    if (umount2(OLD, MNT_DETACH) != 0 || rmdir(OLD) != 0)
        return fail(error, "unmount the old root at", OLD);
    return TRUE;
}

char **lab_mounts_real_folders(void)
{
    /*
     * libvirt reads its host capabilities and interfaces from these. Cgroups are missing, because those that libvirt
     * makes would outlive the lab.
     */
    static const char *const whole[] = { "devices/system", "kernel/mm", "class/net" };
    static const char virtual[] = "devices/virtual";
    g_autoptr(GDir) virtual_devices = g_dir_open(LAB_REAL_SYS "/devices/virtual", 0, NULL);
    GPtrArray *real_folders = g_ptr_array_new();
    const char *name;

    for (gsize i = 0; i < G_N_ELEMENTS(whole); i++) {
        g_autofree char *path = g_build_filename(LAB_REAL_SYS, whole[i], NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            g_ptr_array_add(real_folders, g_strdup(whole[i]));
    }
    while (virtual_devices && (name = g_dir_read_name(virtual_devices))) {
        g_autofree char *path = g_build_filename(LAB_REAL_SYS, virtual, name, NULL);

        if (strcmp(name, "vfio") != 0 && g_file_test(path, G_FILE_TEST_IS_DIR))
            g_ptr_array_add(real_folders, g_build_filename(virtual, name, NULL));
    }
    g_ptr_array_add(real_folders, NULL);
    return (char **)g_ptr_array_free(real_folders, FALSE);
}

/* libvirt sets up bridges in the lab's own network namespace. The other settings are the host's. */
static gboolean is_network(const char *folder)
{
    return strcmp(folder, "class/net") == 0 || strcmp(folder, "devices/virtual/net") == 0;
}

gboolean lab_mounts_finish(char **real_folders, GError **error)
{
    static const char *const bound_from[] = { "/dev", "/dev/vfio" };

    for (char **folder = real_folders; *folder; folder++) {
        g_autofree char *source = g_build_filename(LAB_REAL_SYS, *folder, NULL);
        g_autofree char *target = g_build_filename("/sys", *folder, NULL);

        if (!(is_network(*folder) ? bind_mount : bind_read_only)(source, target, error))
            return FALSE;
    }
    if (umount2(LAB_REAL_SYS, MNT_DETACH) != 0 || rmdir(LAB_REAL_SYS) != 0)
        return fail(error, "unmount", LAB_REAL_SYS);
    if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) != 0)
        return fail(error, "set shared propagation at", "/");
    /*
     * libvirt binds our nodes, which are regular files, into each guest's /dev, and /dev/vfio/vfio once for each
     * device. If the mount were shared, each bind would also appear on the earlier ones, and their number would double
     * with each device.
     */
    for (gsize i = 0; i < G_N_ELEMENTS(bound_from); i++)
        if (mount(NULL, bound_from[i], NULL, MS_PRIVATE, NULL) != 0)
            return fail(error, "set private propagation at", bound_from[i]);
    return TRUE;
}
