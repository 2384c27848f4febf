/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-command.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab-config.h"
#include "lab/lab-process.h"
#include "lab/lab-programs.h"

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

pid_t lab_command_start(const LabCommand *command, int *ret_code)
{
    g_auto(GStrv) env = command_environment();
    LabProgram program = { command->argv[0], command->argv,  env, command->folder, NULL,
                           command->signals, command->umask, -1,  command->is_tied };
    int problem = 0;
    pid_t pid;

    if (command->folder && access(command->folder, X_OK) != 0) {
        g_printerr("%s: error: the lab does not have the current folder %s (it has its own /run and /dev): %s\n",
                   g_get_prgname(), command->folder, g_strerror(errno));
        *ret_code = 1;
        return -1;
    }
    pid = lab_process_start(&program, &problem);
    if (pid >= 0)
        return pid;
    g_printerr("%s: error: cannot run %s: %s\n", g_get_prgname(), command->argv[0], g_strerror(problem));
    *ret_code = problem == ENOENT ? 127 : 126;
    return -1;
}

int lab_command_exit_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
