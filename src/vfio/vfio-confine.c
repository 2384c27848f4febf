/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-confine.h. */
#include "vfio/vfio-confine.h"

#include <glib.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/ccw-lab-protocol.h"
#include "vfio/vfio-log.h"

#define LIBVIRT "/run/libvirt"
#define LIBVIRT_QEMU LIBVIRT "/qemu" /* what libvirt makes for guests */

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
    return mount("libvirt-ccw-lab", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") == 0 ||
           report("cannot hide", path);
}

/* The folder, and not the socket in it, is hidden: a daemon that is started again makes a new socket. */
static gboolean hide_libvirt(void)
{
    int qemu = open(LIBVIRT_QEMU, O_PATH | O_CLOEXEC);
    g_autofree char *source = g_strdup_printf("/proc/self/fd/%d", qemu);
    gboolean done = qemu >= 0 || report("cannot open", LIBVIRT_QEMU);

    done = done && mount_empty(LIBVIRT);
    if (done && (mkdir(LIBVIRT_QEMU, 0755) != 0 || mount(source, LIBVIRT_QEMU, NULL, MS_BIND | MS_REC, NULL) != 0))
        done = report("cannot bind", LIBVIRT_QEMU);
    if (qemu >= 0)
        close(qemu);
    return done;
}

static gboolean hide_sockets(void)
{
    return hide_libvirt() && mount_empty(CCW_LAB_BACKEND) &&
           (mount("/dev/null", CCW_LAB_CONTROL_SOCKET, NULL, MS_BIND, NULL) == 0 ||
            report("cannot hide", CCW_LAB_CONTROL_SOCKET));
}

static gboolean make_read_only(void)
{
    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

    for (gsize i = 0; i < G_N_ELEMENTS(read_only); i++) {
        unsigned int flags = read_only[i].with_mounts_below ? AT_RECURSIVE : 0;

        if (syscall(SYS_mount_setattr, AT_FDCWD, read_only[i].path, flags, &attr, sizeof(attr)) != 0)
            return report("cannot make read-only", read_only[i].path);
    }
    return TRUE;
}

/* exec gives uid 0 of a user namespace all capabilities, and libvirt leaves them to QEMU. They would undo the rest. */
static gboolean drop_capabilities(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    static const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

    return syscall(SYS_capset, &header, none) == 0 || report("cannot drop", "its capabilities");
}

void vfio_confine(void)
{
    if (!enter_own_mounts() || !hide_sockets() || !make_read_only() || !drop_capabilities())
        _exit(EXIT_FAILURE);
}
