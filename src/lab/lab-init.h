/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Process 1 of a lab: builds it, runs the command in it, reaps what is left over. When it ends, the kernel ends every
 * process of the lab, and with them the mounts.
 */
#pragma once

#include "lab/lab-parts.h"

#include <signal.h>
#include <sys/types.h>

typedef struct {
    const GArray *devices; /* LabDevice */
    const LabParts *parts;
    char **command;
    const char *folder;          /* the caller's */
    const char *const *writable; /* folders of the host, by their real paths */
    mode_t umask;
    sigset_t signals; /* the caller's mask, for the command */
} LabInit;

/* The signals in the set must be blocked already. The exit code is the lab's. */
void lab_init_run(const LabInit *init, const sigset_t *handled) G_GNUC_NORETURN;
