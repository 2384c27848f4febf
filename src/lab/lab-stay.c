/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lab that stays: starts it in the background, ends it, and runs commands in it. lab.h has the functions. */
#include "lab/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab-command.h"
#include "lab/lab-namespaces.h"
#include "lab/lab-process.h"
#include "lab/lab-record.h"
#include "lab/lab-run.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/file.h"

#define START_SECONDS 200 /* more than its steps may take, each of which has a deadline of its own */
#define STOP_MS 10000
#define LOG_MAX (64 * 1024) /* bytes of the log that are shown after an error */

/* A lab that starts. */
typedef struct {
    const LabSettings *settings;
    LabRecord *record;
    LabInit init;
    int log_fd;
    sigset_t handled, before; /* signals that are blocked now, and the caller's mask */
} Stay;

static void run_in_background(Stay *stay) G_GNUC_NORETURN;
static void run_in_background(Stay *stay)
{
    g_autoptr(GError) error = NULL;
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int code;

    setsid();
    ccw_fd_close_inherited(); /* a reader of a pipe must not wait for the end of the lab */
    sigprocmask(SIG_SETMASK, &stay->before, NULL);
    dup2(input, STDIN_FILENO);
    dup2(stay->log_fd, STDOUT_FILENO);
    dup2(stay->log_fd, STDERR_FILENO);
    code = lab_run(stay->settings, &stay->init, stay->record, &error);
    if (error)
        g_printerr("%s: error: %s\n", g_get_prgname(), error->message);
    lab_record_remove(stay->record, FALSE);
    _exit(code == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Copies the end of the log to stderr. */
static void show_log(int fd)
{
    g_autofree char *text = g_malloc(LOG_MAX);
    struct stat found;
    off_t size = fstat(fd, &found) == 0 ? found.st_size : 0;
    ssize_t length = pread(fd, text, LOG_MAX, MAX(size - LOG_MAX, 0));

    if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0)
        return;
}

/* Waits until the lab is complete. Returns: as lab_start() */
static int wait_complete(pid_t pid, int ready_fd, const Stay *stay, GError **error)
{
    int signal_fd = signalfd(-1, &stay->handled, SFD_CLOEXEC | SFD_NONBLOCK);
    int signal = 0;
    LabWait wait = lab_process_wait(pid, ready_fd, NULL, signal_fd, START_SECONDS, &signal);
    if (wait != LAB_WAIT_READY) {
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
        lab_record_remove(stay->record, FALSE);
    }
    close(signal_fd);
    if (wait == LAB_WAIT_READY)
        return 0;
    if (wait == LAB_WAIT_SIGNAL)
        return 128 + signal;
    show_log(stay->log_fd);
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "the lab '%s' %s; its log is above", stay->record->name,
                wait == LAB_WAIT_LATE ? "is not complete after " G_STRINGIFY(START_SECONDS) " seconds"
                                      : "could not be made");
    return -1;
}

/* Makes the log, the socket and the pipe. */
static gboolean prepare(Stay *stay, int ready[2], GError **error)
{
    stay->log_fd = lab_record_open_log(stay->record, error);
    stay->init.relay_fd = stay->log_fd >= 0 ? lab_record_listen(stay->record, error) : -1;
    if (stay->init.relay_fd < 0)
        return FALSE;
    if (pipe2(ready, O_CLOEXEC) == 0)
        return TRUE;
    ccw_error_set_errno(error, errno, "cannot make a pipe");
    return FALSE;
}

/* Starts the process in the background, and waits. Returns: as lab_start() */
static int start(Stay *stay, GError **error)
{
    int ready[2];
    pid_t pid;

    if (!prepare(stay, ready, error)) {
        lab_record_remove(stay->record, FALSE);
        return -1;
    }
    pid = fork();
    if (pid == 0) {
        close(ready[0]);
        stay->init.ready_fd = ready[1];
        run_in_background(stay);
    }
    close(ready[1]);
    close(stay->init.relay_fd);
    if (pid > 0)
        return wait_complete(pid, ready[0], stay, error);
    ccw_error_set_errno(error, errno, "cannot start the lab");
    lab_record_remove(stay->record, FALSE);
    return -1;
}

/* A signal that comes when the record is there, and before the lab is complete, ends the lab. */
int lab_start(const char *name, const LabSettings *settings, char *const *dasds, char **ret_uri, GError **error)
{
    g_autoptr(LabRecord) record = NULL;
    g_autofree char *labs = NULL;
    Stay stay = { .settings = settings };
    int code;

    lab_process_block_signals(&stay.handled, &stay.before);
    record = lab_record_create(name, error);
    if (!record) {
        sigprocmask(SIG_SETMASK, &stay.before, NULL);
        return -1;
    }
    labs = g_path_get_dirname(record->folder);
    g_strfreev(record->dasds);
    record->dasds = g_strdupv((char **)dasds);
    stay.record = record;
    stay.init.hidden = labs;
    code = start(&stay, error);
    sigprocmask(SIG_SETMASK, &stay.before, NULL);
    *ret_uri = code == 0 ? g_strdup(record->uri) : NULL;
    return code;
}

/*
 * Opens process 1 of a lab. The lock is checked after that: while it is held, process 1 is not reaped, and no other
 * process has its number. Returns: -1 with an error.
 */
static int open_process(const LabRecord *record, GError **error)
{
    g_autoptr(LabRecord) now = NULL;
    int fd;

    if (record->pid > 0 && !lab_record_is_of_own_namespace(record)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "the lab '%s' was started in another PID namespace, such as a container's: run this command there",
                    record->name);
        return -1;
    }
    fd = record->pid > 0 ? pidfd_open(record->pid, 0) : -1;
    if (record->state == LAB_RECORD_STARTING && fd < 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "the lab '%s' has only begun to start: try again", record->name);
        return -1;
    }
    now = fd >= 0 ? lab_record_find(record->name, NULL) : NULL;
    if (now && now->state != LAB_RECORD_DIED && now->pid == record->pid)
        return fd;
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "the lab '%s' has just ended", record->name);
    if (fd >= 0)
        close(fd);
    return -1;
}

static gboolean wait_end(int pid_fd, int milliseconds)
{
    struct pollfd end = { pid_fd, POLLIN, 0 };

    return poll(&end, 1, milliseconds) > 0;
}

gboolean lab_stop(const char *name, gboolean *ret_died, GError **error)
{
    g_autoptr(LabRecord) record = lab_record_find(name, error);
    int pid_fd;

    if (!record)
        return FALSE;
    *ret_died = record->state == LAB_RECORD_DIED;
    if (!*ret_died) {
        pid_fd = open_process(record, error);
        if (pid_fd < 0)
            return FALSE;
        pidfd_send_signal(pid_fd, SIGTERM, NULL, 0);
        if (!wait_end(pid_fd, STOP_MS))
            pidfd_send_signal(pid_fd, SIGKILL, NULL, 0);
        wait_end(pid_fd, -1);
        close(pid_fd);
    }
    lab_record_remove(record, TRUE);
    return TRUE;
}

static gboolean has_own_user_namespace(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/user", (int)pid);
    struct stat ours, theirs;

    return stat(path, &theirs) == 0 && stat("/proc/self/ns/user", &ours) == 0 && !ccw_file_is_same(&ours, &theirs);
}

/* Enters the namespaces of a lab. Processes that this one starts then are in the lab. */
static gboolean join(const char *name, GError **error)
{
    g_autoptr(LabRecord) record = lab_record_find(name, error);
    gboolean is_in;
    int namespaces = LAB_NAMESPACES;
    int pid_fd;

    if (!record)
        return FALSE;
    if (record->state != LAB_RECORD_RUNNING) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "the lab '%s' %s", name,
                    record->state == LAB_RECORD_DIED ? "has died: 'virt-ccw lab start' makes a new one of this name"
                                                     : "is still starting");
        return FALSE;
    }
    pid_fd = open_process(record, error);
    if (pid_fd < 0)
        return FALSE;
    if (has_own_user_namespace(record->pid))
        namespaces |= CLONE_NEWUSER;
    is_in = setns(pid_fd, namespaces) == 0;
    if (!is_in)
        ccw_error_set_errno(error, errno, "cannot enter the lab '%s'", name);
    close(pid_fd);
    return is_in;
}

int lab_enter(const char *name, char **command, GError **error)
{
    g_autofree char *folder = g_get_current_dir();
    sigset_t handled, before;
    LabCommand run = { command, folder, &before, umask(0), TRUE };
    int code = 0, status;
    pid_t pid;

    umask(run.umask);
    if (!join(name, error))
        return -1;
    lab_process_block_signals(&handled, &before);
    pid = lab_command_start(&run, &code);
    if (pid >= 0) {
        lab_process_supervise(pid, &handled);
        waitpid(pid, &status, 0);
        code = lab_command_exit_code(status);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return code;
}
