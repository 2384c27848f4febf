/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab from outside: its namespaces, its process 1, and the signals and the exit code that go through.
 */
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab-init.h"
#include "lab/lab-mounts.h"
#include "lab/lab-process.h"
#include "util/error.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC)

static const int handled_signals[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT };

static gboolean write_file(const char *path, const char *text, GError **error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (!written)
        ccw_error_set_errno(error, errno, "cannot make a user namespace: cannot write %s", path);
    if (fd >= 0)
        close(fd);
    return written;
}

/* What is in the way of user namespaces; each of these is a file that says so. */
static void explain_userns(int problem, GError **error)
{
    static const struct {
        const char *path;
        char forbids; /* the file's first character when it is this one that forbids */
        const char *remedy;
    } causes[] = {
        { "/proc/sys/user/max_user_namespaces", '0', "sysctl user.max_user_namespaces=10000" },
        { "/proc/sys/kernel/unprivileged_userns_clone", '0', "sysctl kernel.unprivileged_userns_clone=1" },
        { "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
          "sysctl kernel.apparmor_restrict_unprivileged_userns=0" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(causes); i++) {
        g_autofree char *text = NULL;

        if (g_file_get_contents(causes[i].path, &text, NULL, NULL) && text[0] == causes[i].forbids) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_DENIED,
                        "a lab needs root or user namespaces, and those are disabled here: let root run '%s'",
                        causes[i].remedy);
            return;
        }
    }
    ccw_error_set_errno(error, problem, "a lab needs root or a user namespace, and this host does not allow one");
}

/* Root's namespaces, or without privilege the same inside a user namespace in which the caller is root. */
static gboolean enter_namespaces(GError **error)
{
    g_autofree char *uid_map = g_strdup_printf("0 %u 1\n", (guint)geteuid());
    g_autofree char *gid_map = g_strdup_printf("0 %u 1\n", (guint)getegid());

    if (unshare(NAMESPACES) == 0)
        return TRUE;
    if (errno != EPERM) {
        ccw_error_set_errno(error, errno, "cannot make the lab's namespaces");
        return FALSE;
    }
    if (unshare(CLONE_NEWUSER | NAMESPACES) != 0) {
        explain_userns(errno, error);
        return FALSE;
    }
    return write_file("/proc/self/setgroups", "deny", error) && write_file("/proc/self/uid_map", uid_map, error) &&
           write_file("/proc/self/gid_map", gid_map, error);
}

static gboolean check_fuse(GError **error)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "a lab needs /dev/fuse (modprobe fuse)");
        return FALSE;
    }
    close(fd);
    return TRUE;
}

/* In the child: dies with the parent, also with one that is dead already. */
static void tie_to_parent(int alive_fd)
{
    struct pollfd alive = { alive_fd, POLLIN, 0 };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&alive, 1, 0) != 0)
        _exit(EXIT_FAILURE);
    close(alive_fd);
}

/* Hands signals on to process 1 until it ends. */
static int supervise(pid_t child, const sigset_t *handled)
{
    int signal_fd = signalfd(-1, handled, SFD_CLOEXEC | SFD_NONBLOCK);
    int status;

    for (;;) {
        struct pollfd poll_fd = { signal_fd, POLLIN, 0 };
        int signal;

        poll(&poll_fd, 1, -1);
        while ((signal = lab_process_signal(signal_fd)) != 0)
            if (signal != SIGCHLD)
                kill(child, signal);
        if (waitpid(child, &status, WNOHANG) == child)
            break;
    }
    close(signal_fd);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    g_printerr("%s: error: the lab was killed by signal %d\n", g_get_prgname(), WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

static int run(LabInit *init, GError **error)
{
    sigset_t handled;
    int alive[2];
    pid_t child;
    int code;

    sigemptyset(&handled);
    for (gsize i = 0; i < G_N_ELEMENTS(handled_signals); i++)
        sigaddset(&handled, handled_signals[i]);
    sigprocmask(SIG_BLOCK, &handled, &init->signals);
    if (pipe2(alive, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        ccw_error_set_errno(error, errno, "cannot start the lab");
        return -1;
    }
    if (child == 0) {
        close(alive[1]);
        tie_to_parent(alive[0]);
        lab_init_run(init, &handled);
    }
    close(alive[0]);
    code = supervise(child, &handled);
    close(alive[1]);
    sigprocmask(SIG_SETMASK, &init->signals, NULL);
    return code;
}

/* The working folder is writable in the lab, but not a folder of the system, one that holds users' homes, or a home. */
static gboolean is_writable_work(const char *folder)
{
    static const char *const system[] = { "/boot/",  "/bin/",  "/etc/", "/lib/", "/lib32/",
                                          "/lib64/", "/sbin/", "/usr/", "/var/" };
    g_autofree char *home = realpath(g_get_home_dir(), NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(system); i++)
        if (g_str_has_prefix(folder, system[i]))
            return FALSE;
    return strchr(folder + 1, '/') && g_strcmp0(folder, home) != 0 && !lab_mounts_own_folder(folder);
}

static gboolean add_writable(const char *path, GPtrArray *folders, GError **error)
{
    g_autofree char *real = realpath(path, NULL);
    const char *own = real ? lab_mounts_own_folder(real) : NULL;

    if (!real) {
        ccw_error_set_errno(error, errno, "cannot make %s writable in the lab", path);
        return FALSE;
    }
    if (own || !g_file_test(real, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "cannot make %s writable in the lab: %s%s", path,
                    own ? "the lab has its own " : "it is not a folder", own ? own : "");
        return FALSE;
    }
    g_ptr_array_add(folders, g_steal_pointer(&real));
    return TRUE;
}

/* Real paths, NULL after the last; NULL with an error. */
static GPtrArray *find_writable(char *const *paths, GError **error)
{
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *work = realpath(".", NULL);

    for (; paths && *paths; paths++)
        if (!add_writable(*paths, folders, error))
            return NULL;
    if (work && is_writable_work(work))
        g_ptr_array_add(folders, g_steal_pointer(&work));
    g_ptr_array_add(folders, NULL);
    return g_steal_pointer(&folders);
}

int lab_exec(const GArray *devices, char **command, char *const *writable, GError **error)
{
    g_autoptr(LabParts) parts = NULL;
    g_autoptr(GPtrArray) folders = NULL;
    g_autofree char *folder = g_get_current_dir();
    LabInit init = { .devices = devices, .command = command, .folder = folder };

    init.umask = umask(0);
    umask(init.umask);
    if (!check_fuse(error))
        return -1;
    folders = find_writable(writable, error);
    parts = folders ? lab_parts_find(error) : NULL;
    if (!parts || !enter_namespaces(error))
        return -1;
    init.parts = parts;
    init.writable = (const char *const *)folders->pdata;
    return run(&init, error);
}
