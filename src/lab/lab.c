/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the lab's namespaces, starts its process 1, passes signals to it, and returns its exit code. lab-init.c is
 * process 1; lab-stay.c runs a lab without a command in the background.
 */
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab-command.h"
#include "lab/lab-mounts.h"
#include "lab/lab-namespaces.h"
#include "lab/lab-network.h"
#include "lab/lab-process.h"
#include "lab/lab-run.h"
#include "util/error.h"

static gboolean check_fuse(GError **error)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    int problem = errno;

    if (fd >= 0) {
        close(fd);
        return TRUE;
    }
    if (problem == EACCES)
        ccw_error_set_errno(error, problem,
                            "a lab needs /dev/fuse, and cannot open it; let root run 'chmod 666 /dev/fuse'");
    else if (problem == EPERM) /* of the control group for devices */
        ccw_error_set_errno(error, problem,
                            "a lab needs /dev/fuse, and this container may not open it; give it the device (docker and "
                            "podman: --device /dev/fuse)");
    else
        ccw_error_set_errno(error, problem,
                            "a lab needs /dev/fuse; let root run 'modprobe fuse', and give a container the device "
                            "(docker and podman: --device /dev/fuse)");
    return FALSE;
}

/*
 * Runs in the child, which then dies with the parent, also if the parent is dead already. Waits for the parent's byte.
 */
static void tie_to_parent(int parent_fd)
{
    struct pollfd end = { parent_fd, POLLIN, 0 };
    char go;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (read(parent_fd, &go, 1) != 1 || poll(&end, 1, 0) != 0)
        _exit(EXIT_FAILURE);
    close(parent_fd);
}

/* Records the lab, and lets its process 1 go on. */
static gboolean release(pid_t child, int fd, LabRecord *record, GError **error)
{
    if (record) {
        record->pid = child;
        if (!lab_record_write(record, error))
            return FALSE;
        lab_record_leave_lock(record);
    }
    if (write(fd, "", 1) == 1)
        return TRUE;
    ccw_error_set_errno(error, errno, "cannot start the lab");
    return FALSE;
}

/* Waits for process 1. Returns: the lab's exit code. */
static int supervise(pid_t child, const sigset_t *handled)
{
    int status;

    lab_process_supervise(child, handled);
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        g_printerr("%s: error: the lab was killed by signal %d\n", g_get_prgname(), WTERMSIG(status));
    return lab_command_exit_code(status);
}

static int run_init(LabInit *init, LabRecord *record, GError **error)
{
    sigset_t handled;
    int parent[2];
    pid_t child;
    int code = -1;

    lab_process_block_signals(&handled, &init->signals);
    if (pipe2(parent, O_CLOEXEC) != 0 || (child = fork()) < 0) {
        ccw_error_set_errno(error, errno, "cannot start the lab");
        return -1;
    }
    if (child == 0) {
        close(parent[1]);
        tie_to_parent(parent[0]);
        lab_init_run(init, &handled);
    }
    close(parent[0]);
    if (release(child, parent[1], record, error)) {
        if (record) /* else the caller closes them. The locks must end with the lab, not with this process. */
            lab_init_close_images(init->devices);
        code = supervise(child, &handled);
    }
    close(parent[1]);
    sigprocmask(SIG_SETMASK, &init->signals, NULL);
    return code;
}

/* The lab can write to its working folder, except a folder of the system, a home, and the folder of homes. */
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

/* Returns: the real paths, NULL after the last, or NULL with an error. */
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

/* Enters the lab's namespaces and, if the settings ask for it, connects them with the host's network. */
static gboolean enter(const LabSettings *settings, LabNetwork **ret_network, GError **error)
{
    g_autoptr(LabNetwork) network = NULL;

    if (settings->has_network && !(network = lab_network_prepare(error)))
        return FALSE;
    if (!lab_namespaces_enter(error) || (network && !lab_network_connect(network, error)))
        return FALSE;
    *ret_network = g_steal_pointer(&network);
    return TRUE;
}

int lab_run(const LabSettings *settings, LabInit *init, LabRecord *record, GError **error)
{
    g_autoptr(LabPrograms) programs = NULL;
    g_autoptr(GPtrArray) folders = NULL;
    g_autoptr(LabNetwork) network = NULL;
    g_autofree char *folder = g_get_current_dir();

    init->devices = settings->devices;
    init->record = record;
    init->folder = folder;
    init->umask = umask(0);
    umask(init->umask);
    if (!check_fuse(error))
        return -1;
    folders = find_writable(settings->writable, error);
    programs = folders ? lab_programs_find(error) : NULL;
    if (!programs || !enter(settings, &network, error))
        return -1;
    init->programs = programs;
    init->writable = (const char *const *)folders->pdata;
    init->resolver = network ? lab_network_resolver(network) : NULL;
    if (record && network)
        record->network = g_strdup(lab_network_program(network));
    return run_init(init, record, error);
}

int lab_exec(const LabSettings *settings, char **command, GError **error)
{
    LabInit init = { .command = command, .relay_fd = -1, .ready_fd = -1 };

    return lab_run(settings, &init, NULL, error);
}
