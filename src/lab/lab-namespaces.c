/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

/* A setting of the kernel: the first character of its file forbids namespaces. */
typedef struct {
    const char *path;
    char forbids;
    const char *remedy;
} Setting;

static const Setting *find_forbidding(const Setting *settings, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *text = NULL;

        if (g_file_get_contents(settings[i].path, &text, NULL, NULL) && text[0] == settings[i].forbids)
            return &settings[i];
    }
    return NULL;
}

/* Explains ENOSPC: the kernel allows this user no more namespaces of a kind. */
static void explain_limit(GError **error)
{
    static const Setting limits[] = {
        { "/proc/sys/user/max_mnt_namespaces", '0', "sysctl user.max_mnt_namespaces=10000" },
        { "/proc/sys/user/max_pid_namespaces", '0', "sysctl user.max_pid_namespaces=10000" },
        { "/proc/sys/user/max_net_namespaces", '0', "sysctl user.max_net_namespaces=10000" },
        { "/proc/sys/user/max_ipc_namespaces", '0', "sysctl user.max_ipc_namespaces=10000" },
    };
    const Setting *limit = find_forbidding(limits, G_N_ELEMENTS(limits));

    if (limit)
        g_set_error(error, CCW_ERROR, CCW_ERROR_DENIED,
                    "a lab needs namespaces, and this host or container allows none: let root run '%s' there",
                    limit->remedy);
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_DENIED,
                    "a lab needs namespaces, and this user has as many as the limits in /proc/sys/user allow");
}

/* Explains that there is neither the privilege nor a user namespace that would give it. */
static void explain_denial(int problem, const Setting *setting, GError **error)
{
    if (setting)
        g_set_error(error, CCW_ERROR, CCW_ERROR_DENIED,
                    "a lab needs root or user namespaces, and those are disabled here: let root run '%s'",
                    setting->remedy);
    else
        ccw_error_set_errno(error, problem,
                            "a lab needs root or a user namespace, and this host or container does not allow one; a "
                            "container's seccomp profile may forbid it (docker and podman: --security-opt "
                            "seccomp=unconfined)");
}

static const Setting user_settings[] = {
    { "/proc/sys/user/max_user_namespaces", '0', "sysctl user.max_user_namespaces=10000" },
    { "/proc/sys/kernel/unprivileged_userns_clone", '0', "sysctl kernel.unprivileged_userns_clone=1" },
    { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
      "sysctl kernel.apparmor_restrict_unprivileged_userns=0" },
};

static void explain(int problem, GError **error)
{
    const Setting *setting = find_forbidding(user_settings, G_N_ELEMENTS(user_settings));

    if (problem == EPERM || problem == EACCES || problem == ENOSYS ||
        (problem == ENOSPC && setting == &user_settings[0]))
        explain_denial(problem, setting, error);
    else if (problem == ENOSPC)
        explain_limit(error);
    else
        ccw_error_set_errno(error, problem, "cannot make the lab's namespaces");
}

/*
 * AppArmor on Ubuntu makes a user namespace, and takes its privileges away: then the first write fails. The kernel does
 * not let a root without CAP_SETFCAP map itself (kernel/user_namespace.c: verify_root_map()).
 */
static void explain_write(int problem, const char *path, gboolean is_root, GError **error)
{
    if (find_forbidding(user_settings, G_N_ELEMENTS(user_settings)))
        explain(EPERM, error);
    else if (problem == EPERM && is_root)
        ccw_error_set_errno(
            error, problem,
            "cannot make a user namespace: root without the capability SETFCAP may not: give a container "
            "this capability, or run as another user (docker and podman: --cap-add SETFCAP, or --user "
            "1000)");
    else
        ccw_error_set_errno(error, problem, "cannot make a user namespace: cannot write %s", path);
}

static gboolean write_file(const char *path, const char *text, gboolean is_root, GError **error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (!written)
        explain_write(errno, path, is_root, error);
    if (fd >= 0)
        close(fd);
    return written;
}

gboolean lab_namespaces_enter(GError **error)
{
    g_autofree char *uid_map = g_strdup_printf("0 %u 1\n", (guint)geteuid());
    g_autofree char *gid_map = g_strdup_printf("0 %u 1\n", (guint)getegid());
    gboolean is_root = geteuid() == 0;

    if (unshare(LAB_NAMESPACES) == 0)
        return TRUE;
    if (errno != EPERM || unshare(CLONE_NEWUSER | LAB_NAMESPACES) != 0) {
        explain(errno, error);
        return FALSE;
    }
    return write_file("/proc/self/setgroups", "deny", is_root, error) &&
           write_file("/proc/self/uid_map", uid_map, is_root, error) &&
           write_file("/proc/self/gid_map", gid_map, is_root, error);
}
