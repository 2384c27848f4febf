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

#include "lab/lab-command.h"
#include "lab/lab-config.h"
#include "lab/lab-daemons.h"
#include "lab/lab-guest.h"
#include "lab/lab-model.h"
#include "lab/lab-mounts.h"
#include "lab/lab-process.h"
#include "lab/lab-relay.h"
#include "lab/lab-resolver.h"
#include "lab/lab-server.h"
#include "util/error.h"

#define SERVER_SECONDS 30
#define GRACE_SECONDS 5 /* a command has this time to end after a signal */

typedef struct {
    const LabInit *init;
    LabGuestUser guest_user;
    int signal_fd;
    pid_t server;
    LabDaemons daemons;
    pid_t relay;   /* 0: the lab has none */
    pid_t command; /* 0: the lab stays */
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

    /* The lab works without the interface, but its users cannot reach a guest's VNC or gdb port. */
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        g_printerr("%s: warning: cannot start the lab's loopback interface: %s\n", g_get_prgname(), g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void run_server(const Lab *lab, char **real_folders, int ready_fd) G_GNUC_NORETURN;
static void run_server(const Lab *lab, char **real_folders, int ready_fd)
{
    prctl(PR_SET_NAME, "virt-ccw-sysfs");
    setsid();
    close(lab->signal_fd);
    lab_server_run(lab->init->devices, (const char *const *)real_folders, lab->guest_user.gid, ready_fd);
}

/* Starts the server, or ends this process with an error. */
static void start_server(Lab *lab, char **real_folders)
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
        run_server(lab, real_folders, ready[1]);
    }
    close(ready[1]);
    wait = lab_process_wait(lab->server, ready[0], NULL, lab->signal_fd, SERVER_SECONDS, &signal);
    close(ready[0]);
    if (wait == LAB_WAIT_SIGNAL)
        exit(128 + signal);
    if (wait != LAB_WAIT_READY) /* the server has printed the error */
        exit(EXIT_FAILURE);
}

void lab_init_close_images(const GArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const LabDevice *device = &g_array_index(devices, LabDevice, i);

        close(device->image_fd);
        if (device->is_snapshot)
            close(device->snapshot_fd);
    }
}

/* Makes the lab, without the command, or ends this process with an error. */
static void build(Lab *lab)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) real_folders = NULL;
    LabDaemonsResult result;
    gboolean can_make_nodes = FALSE;
    int signal = 0;

    umask(022);
    if (!lab_mounts_enter(lab->init->programs, lab->init->writable, lab->init->hidden, &can_make_nodes, &error))
        die(error);
    lab->guest_user = lab_guest_find_user();
    start_loopback();
    real_folders = lab_mounts_real_folders();
    start_server(lab, real_folders);
    lab_init_close_images(lab->init->devices); /* the lab's server has its own */
    if (!lab_mounts_finish(real_folders, &error) || !lab_config_write(can_make_nodes, lab->guest_user, &error))
        die(error);
    if (lab->init->resolver && !lab_resolver_set(lab->init->resolver, &error))
        die(error);
    result = lab_daemons_start(lab->signal_fd, &lab->daemons, &signal, &error);
    if (result == LAB_DAEMONS_FAILED)
        die(error);
    if (result == LAB_DAEMONS_SIGNAL)
        exit(128 + signal);
}

/* The terminal did not send the command a ^C that came before it was there. */
static void pass_earlier_signals(const Lab *lab)
{
    int signal;

    while ((signal = lab_process_signal(lab->signal_fd, LAB_TERMINAL_IS_OURS)) != 0)
        if (signal != SIGCHLD)
            kill(lab->command, signal);
}

static void start_command(Lab *lab)
{
    const LabInit *init = lab->init;
    const LabCommand command = { init->command, init->folder, &init->signals, init->umask, FALSE };
    int code = 0;

    lab->command = lab_command_start(&command, &code);
    if (lab->command < 0)
        exit(code);
    pass_earlier_signals(lab);
}

/* A lab that stays reports that it is complete. It ends if the process that started it does not listen any more. */
static void stay(Lab *lab)
{
    lab->relay = lab_relay_start(lab->init->relay_fd);
    if (lab->relay < 0) {
        g_autoptr(GError) error = NULL;

        ccw_error_set_errno(&error, errno, "cannot start the relay for libvirt's clients outside");
        die(error);
    }
    close(lab->init->relay_fd);
    if (!lab_record_set_complete(lab->init->record) || write(lab->init->ready_fd, "", 1) != 1)
        exit(EXIT_FAILURE);
    close(lab->init->ready_fd);
}

/* Returns: the name of a daemon of the lab for messages; NULL: another process */
static const char *daemon_name(const Lab *lab, pid_t pid)
{
    return pid == lab->daemons.libvirtd   ? "libvirtd"
           : pid == lab->daemons.virtccwd ? "virtccwd"
           : pid == lab->relay            ? "relay for libvirt's clients outside"
                                          : NULL;
}

/* Reaps every process that has ended. Returns: whether the command has ended, with its exit code. */
static gboolean reap(const Lab *lab, int *ret_code)
{
    gboolean has_ended = FALSE;
    const char *name;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == lab->command) {
            *ret_code = lab_command_exit_code(status);
            has_ended = TRUE;
        } else if (pid == lab->server) {
            g_printerr("%s: error: the lab's file system ended (code %d)\n", g_get_prgname(),
                       lab_command_exit_code(status));
            exit(EXIT_FAILURE);
        } else if ((name = daemon_name(lab, pid))) {
            g_printerr("%s: warning: the lab's %s ended (code %d)\n", g_get_prgname(), name,
                       lab_command_exit_code(status));
        }
    }
    return has_ended;
}

/*
 * Waits until the command ends. Passes signals on to it, and ends without it GRACE_SECONDS after a signal. A lab that
 * stays ends with the signal.
 */
static int supervise(const Lab *lab)
{
    gint64 deadline = 0;
    int last_signal = 0;
    int code = 0;

    for (;;) {
        gint64 left = deadline ? (deadline - g_get_monotonic_time()) / 1000 : -1;
        struct pollfd poll_fd = { lab->signal_fd, POLLIN, 0 };
        int signal;

        if (reap(lab, &code))
            return code;
        if (deadline && left <= 0)
            return 128 + last_signal;
        poll(&poll_fd, 1, (int)left);
        while ((signal = lab_process_signal(lab->signal_fd, LAB_TERMINAL_IS_THE_COMMANDS)) != 0) {
            if (signal == SIGCHLD)
                continue;
            if (lab->command == 0)
                return EXIT_SUCCESS;
            last_signal = signal;
            deadline = g_get_monotonic_time() + GRACE_SECONDS * G_TIME_SPAN_SECOND;
            kill(lab->command, signal);
        }
    }
}

void lab_init_run(const LabInit *init, const sigset_t *handled)
{
    Lab lab = { .init = init };

    prctl(PR_SET_NAME, "virt-ccw-lab");
    lab.signal_fd = signalfd(-1, handled, SFD_CLOEXEC | SFD_NONBLOCK);
    build(&lab);
    if (init->command)
        start_command(&lab);
    else
        stay(&lab);
    exit(supervise(&lab));
}
