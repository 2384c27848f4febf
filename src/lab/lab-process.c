/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* Never returns; what went wrong goes through fd as an errno. */
static void run(const LabProgram *program, int fd) G_GNUC_NORETURN;
static void run(const LabProgram *program, int fd)
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
    umask(program->umask);
    sigprocmask(SIG_SETMASK, program->signals, NULL);
    if (!problem) {
        /* execvpe() looks in our own PATH. */
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
        run(program, result[1]);
    if (pid < 0)
        problem = errno;
    close(result[1]);
    if (pid > 0 && read(result[0], &problem, sizeof(problem)) != sizeof(problem))
        problem = 0; /* exec closed it */
    close(result[0]);
    if (!problem)
        return pid;
    *ret_errno = problem;
    return -1;
}

int lab_process_signal(int signal_fd)
{
    struct signalfd_siginfo info;

    while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
        gboolean terminal = info.ssi_code == SI_KERNEL && info.ssi_signo != SIGHUP && info.ssi_signo != SIGTERM;

        /* ^C and ^\ reach the command by themselves: it is in the terminal's foreground, as we are. */
        if (info.ssi_signo == SIGCHLD || !terminal)
            return (int)info.ssi_signo;
    }
    return 0;
}

/* A message without the word is none. At its end, *fd is no longer to be asked. */
static gboolean is_ready(int *fd, const char *word)
{
    char message[4096];
    ssize_t length = read(*fd, message, sizeof(message) - 1);

    if (length <= 0) {
        *fd = -1;
        return FALSE;
    }
    message[length] = '\0';
    return !word || strstr(message, word);
}

LabWait lab_process_wait(pid_t pid, int fd, const char *word, int signal_fd, guint seconds, int *ret_signal)
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
            signal = lab_process_signal(signal_fd);
        if (signal && signal != SIGCHLD) {
            *ret_signal = signal;
            result = LAB_WAIT_SIGNAL;
        } else if (polls[0].revents && is_ready(&fd, word)) {
            result = LAB_WAIT_READY;
        } else if (polls[1].revents) {
            result = LAB_WAIT_ENDED;
        }
    }
    if (pid_fd >= 0)
        close(pid_fd);
    return result;
}
