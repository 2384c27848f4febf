/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-confine.h. */
#include "vfio/vfio-confine.h"

#include <glib.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/lab-protocol.h"
#include "vfio/vfio-log.h"

#define LIBVIRT "/run/libvirt"
#define LIBVIRT_QEMU LIBVIRT "/qemu"

static const struct {
    const char *path;
    gboolean with_mounts_below;
} read_only[] = {
    { "/", FALSE },
    { "/dev", FALSE },
    { "/run", TRUE },
    { "/sys", TRUE },
    { "/etc/libvirt", TRUE },
    { "/etc/mdevctl.d", TRUE },
    { "/var/cache/libvirt", TRUE },
    { "/var/log/libvirt", TRUE },
};

/* Returns TRUE if a step failed because its object does not exist. */
static gboolean is_missing(void)
{
    return errno == ENOENT;
}

static gboolean report(const char *what, const char *path)
{
    vfio_log("cannot confine this guest's QEMU: %s %s: %s", what, path, g_strerror(errno));
    return FALSE;
}

static gboolean enter_own_mounts(void)
{
    return (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0) ||
           report("cannot make a mount namespace below", "/");
}

static gboolean mount_empty(const char *path)
{
    return mount("libvirt-ccw-lab", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") == 0 || is_missing() ||
           report("cannot hide", path);
}

/* Shows again the files that libvirt makes for guests. */
static gboolean bind_qemu(int qemu)
{
    g_autofree char *source = g_strdup_printf("/proc/self/fd/%d", qemu);

    return (mkdir(LIBVIRT_QEMU, 0755) == 0 && mount(source, LIBVIRT_QEMU, NULL, MS_BIND | MS_REC, NULL) == 0) ||
           report("cannot bind", LIBVIRT_QEMU);
}

/* Hides the folder, and not the socket in it, because a restarted daemon makes a new socket. */
static gboolean hide_libvirt(void)
{
    int qemu = open(LIBVIRT_QEMU, O_PATH | O_DIRECTORY | O_CLOEXEC);
    gboolean done = (qemu >= 0 || is_missing() || report("cannot open", LIBVIRT_QEMU)) && mount_empty(LIBVIRT);

    if (qemu < 0)
        return done;
    done = done && bind_qemu(qemu);
    close(qemu);
    return done;
}

static gboolean hide_sockets(void)
{
    return hide_libvirt() && mount_empty(CCW_LAB_BACKEND) &&
           (mount("/dev/null", CCW_LAB_CONTROL_SOCKET, NULL, MS_BIND, NULL) == 0 || is_missing() ||
            report("cannot hide", CCW_LAB_CONTROL_SOCKET));
}

static gboolean set_read_only(const char *path, gboolean with_mounts_below)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

    return syscall(SYS_mount_setattr, AT_FDCWD, path, with_mounts_below ? AT_RECURSIVE : 0, &attr, sizeof(attr)) == 0;
}

/* EINVAL: the folder is not a mount. The bind mount makes it one. */
static gboolean make_read_only(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(read_only); i++) {
        const char *path = read_only[i].path;
        gboolean recursive = read_only[i].with_mounts_below;
        gboolean done = set_read_only(path, recursive);

        if (!done && errno == EINVAL)
            done = mount(path, path, NULL, MS_BIND | MS_REC, NULL) == 0 && set_read_only(path, recursive);
        if (!done && !is_missing())
            return report("cannot make read-only", path);
    }
    return TRUE;
}

static gboolean keep_privileges_out(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 || report("cannot set", "no_new_privs");
}

/*
 * With this lock, the next exec gives uid 0 no privilege, whatever else holds. The lock needs CAP_SETPCAP, so it comes
 * before drop_capabilities().
 */
static gboolean lock_root(void)
{
    int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

    return (bits >= 0 && prctl(PR_SET_SECUREBITS, bits | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0) == 0) ||
           report("cannot lock", "the securebit NOROOT");
}

/*
 * exec gives uid 0 of a user namespace all capabilities, and libvirt leaves them to QEMU. With them, QEMU could undo
 * the other steps.
 */
static gboolean drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

    return syscall(SYS_capset, &header, none) == 0 || report("cannot drop", "its capabilities");
}

/* struct landlock_ruleset_attr with the members of Linux 6.12; an older header has fewer. */
typedef struct {
    guint64 handled_access_fs, handled_access_net, scoped;
} Ruleset;

#define SCOPE_ABSTRACT_UNIX_SOCKET (1u << 0)
#define SCOPE_SIGNAL (1u << 1)

static int create_ruleset(const Ruleset *ruleset, gsize size)
{
    return (int)syscall(SYS_landlock_create_ruleset, ruleset, size, 0);
}

/*
 * Enters a Landlock domain of this process alone. A process in a domain cannot look into another process, such as
 * another guest's QEMU of the same user: neither by ptrace(2) nor by /proc/PID/mem and /proc/PID/fd. It cannot mount.
 * If the kernel supports this (6.12), it cannot send signals. A kernel without Landlock is no error. Landlock needs
 * no_new_privs.
 */
static gboolean enter_domain(void)
{
    const Ruleset ruleset = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK,
        .scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL,
    };
    int fd = create_ruleset(&ruleset, sizeof(ruleset));
    gboolean done;

    if (fd < 0 && errno == E2BIG)
        fd = create_ruleset(&ruleset, sizeof(ruleset.handled_access_fs));
    if (fd < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP || report("cannot make", "a Landlock domain");
    done = syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    if (!done)
        report("cannot enter", "a Landlock domain");
    close(fd);
    return done;
}

static gboolean leave_root(void)
{
    return enter_own_mounts() && hide_sockets() && make_read_only() && lock_root() && drop_capabilities();
}

void vfio_confine(void)
{
    if (!keep_privileges_out() || (getuid() == 0 && !leave_root()) || !enter_domain())
        _exit(EXIT_FAILURE);
}
