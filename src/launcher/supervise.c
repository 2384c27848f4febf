/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"

static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP };

static void block_signals(sigset_t *set, sigset_t *before)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    for (gsize i = 0; i < G_N_ELEMENTS(passed_on); i++)
        sigaddset(set, passed_on[i]);
    signal(SIGCHLD, SIG_DFL); /* with a caller's SIG_IGN, waitpid() would not find QEMU */
    sigprocmask(SIG_BLOCK, set, before);
}

static gboolean acquire_all(const Launcher *launch, GError **error)
{
    for (guint i = 0; i < launch->to_acquire->len; i++)
        if (!launcher_devices_acquire(launch->devices, &g_array_index(launch->to_acquire, CcwBusId, i), error))
            return FALSE;
    return TRUE;
}

G_NORETURN static void become_qemu(Launcher *launch, pid_t parent, const sigset_t *mask, char **envp)
{
    g_autoptr(GError) error = NULL;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        launcher_exec(launch, envp, &error);
        fprintf(stderr, "%s: error: %s\n", g_get_prgname(), error->message);
    }
    _exit(1);
}

static int exit_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Passes signals on, except those of the terminal (SI_KERNEL), which QEMU gets itself in the same process group. */
static int wait_for_qemu(pid_t qemu, const sigset_t *set)
{
    siginfo_t info;
    int status;

    for (;;) {
        if (sigwaitinfo(set, &info) < 0)
            continue;
        if (info.si_signo != SIGCHLD && info.si_code != SI_KERNEL)
            kill(qemu, info.si_signo);
        if (info.si_signo == SIGCHLD && waitpid(qemu, &status, WNOHANG) == qemu)
            return exit_status(status);
    }
}

/* The monitor ends after QEMU. It may acquire a device until then, which launcher_devices_release() releases, too. */
static void wait_for_monitor(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static int run_qemu(Launcher *launch, const sigset_t *set, const sigset_t *before, char **envp, GError **error)
{
    pid_t self = getpid(), qemu = fork();
    int saved = errno, status = -1;

    if (qemu == 0)
        become_qemu(launch, self, before, envp);
    launcher_close_monitor(launch);
    if (qemu > 0)
        status = wait_for_qemu(qemu, set);
    else
        ccw_error_set_errno(error, saved, "cannot start a process for %s", launch->argv->program);
    wait_for_monitor();
    return status;
}

int launcher_supervise_run(Launcher *launch, char **envp, GError **error)
{
    sigset_t set, before;
    int status = -1;
    gboolean is_released;

    block_signals(&set, &before);
    if (acquire_all(launch, error))
        status = run_qemu(launch, &set, &before, envp, error);
    is_released = launcher_devices_release(launch->devices, status < 0 ? NULL : error);
    return is_released ? status : -1;
}
