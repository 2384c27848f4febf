/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/hook-check.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "remote/client-process.h"
#include "rpc/socket.h"

#define CALLS "virt-ccw"
#define TEXT_MAX 65536
/* The kernel rounds a process's start time to 0.01 s, and libvirt looks for hooks a bit later. */
#define SLACK G_USEC_PER_SEC
/* The process that listens if systemd activates sockets; the daemon's own number is unknown then. */
#define INIT 1

/* Returns: when the file was last changed, in microseconds of the wall clock; 0 if it does not call virt-ccw. */
static gint64 changed(const char *path)
{
    g_autofree char *text = NULL;
    GStatBuf st;

    if (g_stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > TEXT_MAX || access(path, X_OK) < 0 ||
        !g_file_get_contents(path, &text, NULL, NULL) || !strstr(text, CALLS))
        return 0;
    return st.st_ctim.tv_sec * G_USEC_PER_SEC + st.st_ctim.tv_nsec / 1000;
}

/* Finds a hook that calls virt-ccw: libvirt runs the file qemu, and all files in qemu.d. Returns: as changed(). */
static gint64 find(const char *hooks_dir)
{
    g_autofree char *one = g_build_filename(hooks_dir, "qemu", NULL);
    g_autofree char *folder = g_build_filename(hooks_dir, "qemu.d", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    gint64 found = changed(one);
    const char *name;

    while (!found && dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        found = changed(path);
    }
    return found;
}

/* Returns: when the process started, in microseconds of the wall clock. */
static gint64 started(const RemoteClientProcess *process)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return g_get_real_time() - now.tv_sec * G_USEC_PER_SEC - now.tv_nsec / 1000 +
           (gint64)process->start_time * (G_USEC_PER_SEC / sysconf(_SC_CLK_TCK));
}

char *remote_hook_check(const char *hooks_dir, const char *backend)
{
    gint64 hook = find(hooks_dir);
    int fd = hook ? rpc_socket_connect(backend, "libvirt", NULL) : -1;
    g_autoptr(RemoteClientProcess) daemon = fd >= 0 ? remote_client_process_new(fd, NULL) : NULL;

    if (fd >= 0)
        close(fd);
    if (!hook)
        return g_strdup_printf("libvirt has no hook that calls %s: no managed ccw device is acquired for a guest that "
                               "starts; put a hook into %s/qemu.d and reload libvirt (virtccwd-setup does both)",
                               CALLS, hooks_dir);
    if (daemon && daemon->pid != INIT && started(daemon) + SLACK < hook)
        return g_strdup_printf(
            "the hook in %s is newer than libvirt's process %d, which uses it only after a reload: run 'kill -HUP %d'",
            hooks_dir, daemon->pid, daemon->pid);
    return NULL;
}
