/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-daemons.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab-config.h"
#include "lab/lab-process.h"
#include "util/error.h"
#include "util/fd.h"

#define START_SECONDS 60
#define TAIL_LINES 20
#define NOTIFY_SOCKET LAB_DIR "/notify"
#define LIBVIRTD_LOG "/var/log/libvirt/libvirtd.log"
#define VIRTCCWD_LOG "/var/log/libvirt/virtccwd.log"

/* The daemons get these from the caller, to debug them. The rest of their environment is the lab's own. */
static const char *const debug_variables[] = { "LIBVIRT_DEBUG", "LIBVIRT_LOG_FILTERS", "LIBVIRT_LOG_OUTPUTS",
                                               "G_MESSAGES_DEBUG" };

static char **daemon_environment(void)
{
    char **env = g_new0(char *, 1);

    env = g_environ_setenv(env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", TRUE);
    env = g_environ_setenv(env, "LANG", "C.UTF-8", TRUE);
    env = g_environ_setenv(env, "HOME", "/", TRUE);
    /* Without this, libudev finds no devices in a /sys that is no sysfs. */
    env = g_environ_setenv(env, "SYSTEMD_DEVICE_VERIFY_SYSFS", "0", TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(debug_variables); i++)
        if (g_getenv(debug_variables[i]))
            env = g_environ_setenv(env, debug_variables[i], g_getenv(debug_variables[i]), TRUE);
    return env;
}

static void print_tail(const char *path)
{
    g_autofree char *text = NULL;
    const char *from;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    g_strchomp(text);
    from = text + strlen(text);
    for (int lines = 0; from > text; from--)
        if (from[-1] == '\n' && ++lines == TAIL_LINES)
            break;
    fprintf(stderr, "%s\n", from);
}

/* Starts a daemon and waits until it writes the line to fd, or anything if line is NULL. */
static LabDaemonsResult start(const LabProgram *program, const char *name, int fd, const char *line, int signal_fd,
                              pid_t *ret_pid, int *ret_signal, GError **error)
{
    int problem = 0;
    LabWait wait;
    int status = 0;

    *ret_pid = lab_process_start(program, &problem);
    if (*ret_pid < 0) {
        ccw_error_set_errno(error, problem, "cannot start %s", program->path);
        return LAB_DAEMONS_FAILED;
    }
    wait = lab_process_wait(*ret_pid, fd, line, signal_fd, START_SECONDS, ret_signal);
    if (wait == LAB_WAIT_READY)
        return LAB_DAEMONS_READY;
    if (wait == LAB_WAIT_SIGNAL)
        return LAB_DAEMONS_SIGNAL;
    print_tail(program->log);
    if (wait == LAB_WAIT_LATE)
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s is not ready after %d seconds; the end of its log is above",
                    name, START_SECONDS);
    else if (waitpid(*ret_pid, &status, 0) == *ret_pid)
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s ended at its start with %s %d; the end of its log is above",
                    name, WIFSIGNALED(status) ? "signal" : "exit code",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return LAB_DAEMONS_FAILED;
}

/* libvirtd sends READY=1 there, as a service of systemd does (sd_notify(3)). */
static int open_notify_socket(GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = NOTIFY_SOCKET };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ccw_fd_reject_fds(fd, TRUE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    ccw_error_set_errno(error, errno, "cannot listen at %s", NOTIFY_SOCKET);
    if (fd >= 0)
        close(fd);
    return -1;
}

/*
 * Starts libvirtd from a path of the lab's own. AppArmor attaches its profiles by path, and the host's profile of
 * libvirtd would remove LD_PRELOAD from the environment of the QEMU that libvirtd starts.
 */
static LabDaemonsResult start_libvirtd(int signal_fd, pid_t *ret_pid, int *ret_signal, GError **error)
{
    char *argv[] = { (char *)LAB_LIBVIRTD, NULL };
    g_auto(GStrv) env = daemon_environment();
    LabDaemonsResult result;
    sigset_t none;
    int fd = open_notify_socket(error);

    if (fd < 0)
        return LAB_DAEMONS_FAILED;
    sigemptyset(&none);
    env = g_environ_setenv(env, "NOTIFY_SOCKET", NOTIFY_SOCKET, TRUE);
    env = g_environ_setenv(env, "LD_PRELOAD", LAB_VFIO_LIBRARY, TRUE);
    result = start(&(LabProgram){ LAB_LIBVIRTD, argv, env, "/", LIBVIRTD_LOG, &none, 022, -1 }, "libvirtd", fd,
                   "READY=1", signal_fd, ret_pid, ret_signal, error);
    close(fd);
    unlink(NOTIFY_SOCKET);
    return result;
}

static LabDaemonsResult start_virtccwd(int signal_fd, pid_t *ret_pid, int *ret_signal, GError **error)
{
    g_autofree char *ready_arg = NULL;
    g_auto(GStrv) env = daemon_environment();
    LabDaemonsResult result;
    sigset_t none;
    int ready[2];

    if (pipe2(ready, O_CLOEXEC) != 0) {
        ccw_error_set_errno(error, errno, "cannot make a pipe");
        return LAB_DAEMONS_FAILED;
    }
    sigemptyset(&none);
    ready_arg = g_strdup_printf("%d", ready[1]);
    {
        const char *argv[] = { "virtccwd",  "--socket-dir", "/run/libvirt", "--backend-dir",
                               LAB_BACKEND, "--ready-fd",   ready_arg,      NULL };

        result =
            start(&(LabProgram){ LAB_BIN "/virtccwd", (char **)argv, env, "/", VIRTCCWD_LOG, &none, 022, ready[1] },
                  "virtccwd", ready[0], NULL, signal_fd, ret_pid, ret_signal, error);
    }
    close(ready[0]);
    close(ready[1]);
    return result;
}

/* Runs in a process of its own and connects to virtccwd. libvirtd answers when it has enumerated its node devices. */
static void ask_libvirt(int fd) G_GNUC_NORETURN;
static void ask_libvirt(int fd)
{
    virConnectPtr connection;

    setsid();
    connection = virConnectOpenReadOnly(LAB_URI);
    if (connection && virNodeNumOfDevices(connection, NULL, 0) >= 0 && write(fd, "", 1) == 1)
        _exit(EXIT_SUCCESS);
    _exit(EXIT_FAILURE);
}

/* libvirtd would never list a ccw device that the command sets offline before libvirtd has enumerated it. */
static LabDaemonsResult wait_for_devices(int signal_fd, int *ret_signal, GError **error)
{
    LabWait wait;
    int ready[2];
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
        ccw_error_set_errno(error, errno, "cannot ask the lab's libvirtd");
        return LAB_DAEMONS_FAILED;
    }
    if (pid == 0)
        ask_libvirt(ready[1]);
    close(ready[1]);
    wait = lab_process_wait(pid, ready[0], NULL, signal_fd, START_SECONDS, ret_signal);
    close(ready[0]);
    if (wait == LAB_WAIT_READY)
        return LAB_DAEMONS_READY;
    if (wait == LAB_WAIT_SIGNAL)
        return LAB_DAEMONS_SIGNAL;
    print_tail(LIBVIRTD_LOG);
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM,
                "the lab's libvirtd does not answer through virtccwd; the end of its log is above");
    return LAB_DAEMONS_FAILED;
}

LabDaemonsResult lab_daemons_start(int signal_fd, LabDaemons *ret_daemons, int *ret_signal, GError **error)
{
    LabDaemonsResult result = start_libvirtd(signal_fd, &ret_daemons->libvirtd, ret_signal, error);

    if (result == LAB_DAEMONS_READY)
        result = start_virtccwd(signal_fd, &ret_daemons->virtccwd, ret_signal, error);
    if (result == LAB_DAEMONS_READY)
        result = wait_for_devices(signal_fd, ret_signal, error);
    return result;
}
