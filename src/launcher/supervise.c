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
    signal(SIGCHLD, SIG_DFL); /* a caller's SIG_IGN would leave nothing to wait for */
    sigprocmask(SIG_BLOCK, set, before);
}

static gboolean take_all(const CcwLaunch *launch, GError **error)
{
    for (guint i = 0; i < launch->taken->len; i++)
        if (!ccw_lease_take(launch->lease, &g_array_index(launch->taken, CcwBusId, i), error))
            return FALSE;
    return TRUE;
}

G_NORETURN static void become_qemu(CcwLaunch *launch, pid_t parent, const sigset_t *mask, char **envp)
{
    g_autoptr(GError) error = NULL;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        ccw_launch_exec(launch, envp, &error);
        fprintf(stderr, "%s: error: %s\n", g_get_prgname(), error->message);
    }
    _exit(1);
}

static int exit_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A signal of the terminal's, which the kernel sends, went to QEMU as well: it is in the same process group. */
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

/* Its end follows QEMU's; it may be taking a device, which is given back as the others are. */
static void wait_for_monitor(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static int run_qemu(CcwLaunch *launch, const sigset_t *set, const sigset_t *before, char **envp, GError **error)
{
    pid_t self = getpid(), qemu = fork();
    int saved = errno, status = -1;

    if (qemu == 0)
        become_qemu(launch, self, before, envp);
    ccw_launch_close_monitor(launch);
    if (qemu > 0)
        status = wait_for_qemu(qemu, set);
    else
        ccw_error_set_errno(error, saved, "cannot start a process for %s", launch->argv->program);
    wait_for_monitor();
    return status;
}

int ccw_supervise_run(CcwLaunch *launch, char **envp, GError **error)
{
    sigset_t set, before;
    int status = -1;
    gboolean back;

    block_signals(&set, &before);
    if (take_all(launch, error))
        status = run_qemu(launch, &set, &before, envp, error);
    back = ccw_lease_give_back(launch->lease, status < 0 ? NULL : error);
    return back ? status : -1;
}
