/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs in the child. Never returns; after an error it writes the errno to fd. */
static void run_program(const LabProgram *program, int fd) G_GNUC_NORETURN;
static void run_program(const LabProgram *program, int fd)
{
    const char *path = g_environ_getenv(program->env, "PATH");
    gboolean daemon = program->log != NULL;
    int input = daemon ? open("/dev/null", O_RDONLY) : -1;
    int output = daemon ? open(program->log, O_CREAT | O_WRONLY | O_APPEND, 0644) : -1;
    int problem = 0;

    if (daemon && (setsid() < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0))
        problem = errno;
    if (daemon) {
        close(input);
        close(output);
    }
    if (program->keep_fd >= 0 && fcntl(program->keep_fd, F_SETFD, 0) != 0)
        problem = errno;
    if (program->folder && chdir(program->folder) != 0)
        problem = errno;
    if (program->is_tied)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(program->umask);
    sigprocmask(SIG_SETMASK, program->signals, NULL);
    if (!problem) {
        /* execvpe() searches the PATH of the calling process. */
        if (path)
            g_setenv("PATH", path, TRUE);
        execvpe(program->path, program->argv, program->env);
        problem = errno;
    }
    if (write(fd, &problem, sizeof(problem)) < 0)
        _exit(126);
    _exit(127);
}

pid_t lab_process_start(const LabProgram *program, int *ret_errno)
{
    int result[2];
    int problem = 0;
    pid_t pid;

    if (pipe2(result, O_CLOEXEC) != 0) {
        *ret_errno = errno;
        return -1;
    }
    pid = fork();
    if (pid == 0)
        run_program(program, result[1]);
    if (pid < 0)
        problem = errno;
    close(result[1]);
    if (pid > 0 && read(result[0], &problem, sizeof(problem)) != sizeof(problem))
        problem = 0; /* exec has closed the other end */
    close(result[0]);
    if (!problem)
        return pid;
    *ret_errno = problem;
    return -1;
}

int lab_process_signal(int signal_fd, LabTerminal terminal)
{
    struct signalfd_siginfo info;

    while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
        gboolean of_terminal = info.ssi_code == SI_KERNEL && info.ssi_signo != SIGHUP && info.ssi_signo != SIGTERM;

        /* The terminal sends ^C and ^\ to the command, too, because it is in the foreground with this process. */
        if (info.ssi_signo == SIGCHLD || !of_terminal || terminal == LAB_TERMINAL_IS_OURS)
            return (int)info.ssi_signo;
    }
    return 0;
}

/* Reads one message of lines. Sets *fd to -1 when the other end is closed. Returns: whether line is in the message. */
static gboolean is_ready(int *fd, const char *line)
{
    g_auto(GStrv) lines = NULL;
    char message[4096];
    ssize_t length = read(*fd, message, sizeof(message) - 1);

    if (length <= 0) {
        *fd = -1;
        return FALSE;
    }
    if (!line)
        return TRUE;
    message[length] = '\0';
    lines = g_strsplit(message, "\n", -1);
    return g_strv_contains((const char *const *)lines, line);
}

LabWait lab_process_wait(pid_t pid, int fd, const char *line, int signal_fd, guint seconds, int *ret_signal)
{
    gint64 deadline = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
    int pid_fd = pidfd_open(pid, 0);
    LabWait result = LAB_WAIT_LATE;
    gint64 left;

    while (result == LAB_WAIT_LATE && (left = deadline - g_get_monotonic_time()) > 0) {
        struct pollfd polls[] = { { fd, POLLIN, 0 }, { pid_fd, POLLIN, 0 }, { signal_fd, POLLIN, 0 } };
        int signal = 0;

        if (poll(polls, G_N_ELEMENTS(polls), (int)(left / 1000) + 1) < 0)
            continue;
        if (polls[2].revents)
            signal = lab_process_signal(signal_fd, LAB_TERMINAL_IS_OURS);
        if (signal && signal != SIGCHLD) {
            *ret_signal = signal;
            result = LAB_WAIT_SIGNAL;
        } else if (polls[0].revents && is_ready(&fd, line)) {
            result = LAB_WAIT_READY;
        } else if (polls[1].revents) {
            result = LAB_WAIT_ENDED;
        }
    }
    if (pid_fd >= 0)
        close(pid_fd);
    return result;
}

void lab_process_block_signals(sigset_t *ret_signals, sigset_t *ret_before)
{
    static const int handled[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT };

    signal(SIGCHLD, SIG_DFL); /* with a caller's SIG_IGN, waitpid() would not find the child */
    sigemptyset(ret_signals);
    for (gsize i = 0; i < G_N_ELEMENTS(handled); i++)
        sigaddset(ret_signals, handled[i]);
    sigprocmask(SIG_BLOCK, ret_signals, ret_before);
}

static gboolean has_ended(pid_t pid)
{
    siginfo_t info = { 0 };

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

void lab_process_supervise(pid_t pid, const sigset_t *signals)
{
    int signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);

    while (!has_ended(pid)) {
        struct pollfd poll_fd = { signal_fd, POLLIN, 0 };
        int signal;

        poll(&poll_fd, 1, -1);
        while ((signal = lab_process_signal(signal_fd, LAB_TERMINAL_IS_THE_COMMANDS)) != 0)
            if (signal != SIGCHLD)
                kill(pid, signal);
    }
    close(signal_fd);
}
