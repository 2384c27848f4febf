/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-init.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab-config.h"
#include "lab/lab-daemons.h"
#include "lab/lab-guest.h"
#include "lab/lab-model.h"
#include "lab/lab-mounts.h"
#include "lab/lab-process.h"
#include "lab/lab-server.h"
#include "util/error.h"

#define SERVER_SECONDS 30
#define GRACE_SECONDS 5 /* for a command that was told to end */

typedef struct {
    const LabInit *init;
    LabGuestUser guest_user;
    int signal_fd;
    pid_t server;
    LabDaemons daemons;
    pid_t command;
} Lab;

static void die(GError *error) G_GNUC_NORETURN;
static void die(GError *error)
{
    g_autofree char *line = g_strdelimit(g_strdup(error->message), "\n\r", ' ');

    g_printerr("%s: error: %s\n", g_get_prgname(), line);
    exit(EXIT_FAILURE);
}

static void start_loopback(void)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    /* Without it the lab works as well; a guest's VNC or gdb port is then out of reach. */
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        g_printerr("%s: warning: cannot start the lab's loopback interface: %s\n", g_get_prgname(), g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void run_server(const Lab *lab, char **real_parts, int ready_fd) G_GNUC_NORETURN;
static void run_server(const Lab *lab, char **real_parts, int ready_fd)
{
    prctl(PR_SET_NAME, "virt-ccw-sysfs");
    setsid();
    close(lab->signal_fd);
    lab_server_run(lab->init->devices, (const char *const *)real_parts, lab->guest_user.gid, ready_fd);
}

/* Ends this process when there is no server. */
static void start_server(Lab *lab, char **real_parts)
{
    g_autoptr(GError) error = NULL;
    int ready[2];
    int signal = 0;
    LabWait wait;

    if (pipe2(ready, O_CLOEXEC) != 0 || (lab->server = fork()) < 0) {
        ccw_error_set_errno(&error, errno, "cannot start the lab's file system");
        die(error);
    }
    if (lab->server == 0) {
        close(ready[0]);
        run_server(lab, real_parts, ready[1]);
    }
    close(ready[1]);
    wait = lab_process_wait(lab->server, ready[0], NULL, lab->signal_fd, SERVER_SECONDS, &signal);
    close(ready[0]);
    if (wait == LAB_WAIT_SIGNAL)
        exit(128 + signal);
    if (wait != LAB_WAIT_READY) /* it said why */
        exit(EXIT_FAILURE);
}

/* Everything but the command. Does not return when that fails. */
static void build(Lab *lab)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) real_parts = NULL;
    LabDaemonsResult result;
    gboolean can_make_nodes = FALSE;
    int signal = 0;

    umask(022);
    if (!lab_mounts_enter(lab->init->parts, lab->init->writable, &can_make_nodes, &error))
        die(error);
    lab->guest_user = lab_guest_find_user();
    start_loopback();
    real_parts = lab_mounts_real_parts();
    start_server(lab, real_parts);
    for (guint i = 0; i < lab->init->devices->len; i++)
        close(g_array_index(lab->init->devices, LabDevice, i).image_fd);
    if (!lab_mounts_finish(real_parts, &error) || !lab_config_write(can_make_nodes, lab->guest_user, &error))
        die(error);
    result = lab_daemons_start(lab->signal_fd, &lab->daemons, &signal, &error);
    if (result == LAB_DAEMONS_FAILED)
        die(error);
    if (result == LAB_DAEMONS_SIGNAL)
        exit(128 + signal);
}

/* The project's programs are found last: a caller's own come first. A QEMU that is started by hand gets the library. */
static char **command_environment(void)
{
    char **env = g_get_environ();
    const char *path = g_environ_getenv(env, "PATH");
    const char *preload = g_environ_getenv(env, "LD_PRELOAD");
    g_autofree char *longer = path && *path ? g_strconcat(path, ":" LAB_BIN, NULL) : NULL;
    g_autofree char *preloads =
        preload && *preload ? g_strconcat(preload, ":" LAB_VFIO_LIBRARY, NULL) : g_strdup(LAB_VFIO_LIBRARY);

    if (longer)
        env = g_environ_setenv(env, "PATH", longer, TRUE);
    env = g_environ_setenv(env, "LD_PRELOAD", preloads, TRUE);
    env = g_environ_setenv(env, "LIBVIRT_DEFAULT_URI", LAB_URI, TRUE);
    env = g_environ_setenv(env, "SYSTEMD_DEVICE_VERIFY_SYSFS", "0", TRUE);
    return g_environ_unsetenv(env, "VIRSH_DEFAULT_CONNECT_URI");
}

static void start_command(Lab *lab)
{
    const LabInit *init = lab->init;
    g_auto(GStrv) env = command_environment();
    g_autoptr(GError) error = NULL;
    LabProgram program = { init->command[0], init->command, env, init->folder, NULL, &init->signals, init->umask, -1 };
    int problem = 0;

    if (init->folder && access(init->folder, X_OK) != 0) {
        ccw_error_set_errno(&error, errno, "the lab does not have the current folder %s (it has its own /run and /dev)",
                            init->folder);
        die(error);
    }
    lab->command = lab_process_start(&program, &problem);
    if (lab->command >= 0)
        return;
    g_printerr("%s: error: cannot run %s: %s\n", g_get_prgname(), init->command[0], g_strerror(problem));
    exit(problem == ENOENT ? 127 : 126); /* as shells do */
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps everything that has ended. TRUE when the command was among it. */
static gboolean reap(const Lab *lab, int *ret_code)
{
    gboolean done = FALSE;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == lab->command) {
            *ret_code = exit_code(status);
            done = TRUE;
        } else if (pid == lab->server) {
            g_printerr("%s: error: the lab's file system ended (code %d)\n", g_get_prgname(), exit_code(status));
            exit(EXIT_FAILURE);
        } else if (pid == lab->daemons.libvirtd || pid == lab->daemons.virtccwd) {
            g_printerr("%s: warning: the lab's %s ended (code %d)\n", g_get_prgname(),
                       pid == lab->daemons.libvirtd ? "libvirtd" : "virtccwd", exit_code(status));
        }
    }
    return done;
}

/* Until the command has ended; or, when the lab is told to end, hands that on and gives the command a moment. */
static int supervise(const Lab *lab)
{
    gint64 deadline = 0;
    int told = 0;
    int code = 0;

    for (;;) {
        gint64 left = deadline ? (deadline - g_get_monotonic_time()) / 1000 : -1;
        struct pollfd poll_fd = { lab->signal_fd, POLLIN, 0 };
        int signal;

        if (deadline && left <= 0)
            return 128 + told;
        poll(&poll_fd, 1, (int)left);
        while ((signal = lab_process_signal(lab->signal_fd)) != 0) {
            if (signal == SIGCHLD)
                continue;
            told = signal;
            deadline = g_get_monotonic_time() + GRACE_SECONDS * G_TIME_SPAN_SECOND;
            kill(lab->command, signal);
        }
        if (reap(lab, &code))
            return code;
    }
}

void lab_init_run(const LabInit *init, const sigset_t *handled)
{
    Lab lab = { .init = init };

    prctl(PR_SET_NAME, "virt-ccw-lab");
    lab.signal_fd = signalfd(-1, handled, SFD_CLOEXEC | SFD_NONBLOCK);
    build(&lab);
    start_command(&lab);
    exit(supervise(&lab));
}
