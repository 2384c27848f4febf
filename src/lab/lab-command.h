/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts a command of the user in a lab: its environment, its working folder, and the exit code if it cannot be run.
 */
#pragma once

#include <glib.h>
#include <signal.h>
#include <sys/types.h>

typedef struct {
    char **argv;
    const char *folder;      /* the caller's working folder */
    const sigset_t *signals; /* the caller's signal mask */
    mode_t umask;            /* the caller's */
    gboolean is_tied;        /* the command is killed when the process that starts it ends */
} LabCommand;

/**
 * lab_command_start: Starts the command. Prints the error if that fails.
 * @ret_code: on failure: the exit code, as of a shell
 *
 * PATH has the project's programs after the caller's, and a QEMU that the command starts itself gets the VFIO library.
 *
 * Returns: the process, or -1.
 */
pid_t lab_command_start(const LabCommand *command, int *ret_code);

/* Returns: the exit code for a status of waitpid(2), as of a shell: 128 + N for signal N. */
int lab_command_exit_code(int status);
