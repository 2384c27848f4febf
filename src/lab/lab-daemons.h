/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts libvirtd and virtccwd in the lab, one after the other.
 */
#pragma once

#include "lab/lab-programs.h"

#include <sys/types.h>

typedef struct {
    pid_t libvirtd, virtccwd;
} LabDaemons;

typedef enum {
    LAB_DAEMONS_READY,
    LAB_DAEMONS_FAILED, /* error is set, and the end of the daemon's log is on stderr */
    LAB_DAEMONS_SIGNAL, /* a signal ends the lab: *ret_signal */
} LabDaemonsResult;

/**
 * lab_daemons_start: Starts both daemons and waits until libvirt has enumerated the lab's devices.
 * @signal_fd: a signalfd of the signals that end the lab
 * @ret_daemons: the processes; also written for a daemon that fails
 * @ret_signal: the signal of LAB_DAEMONS_SIGNAL
 *
 * Returns: the result; LAB_DAEMONS_FAILED with an error.
 */
LabDaemonsResult lab_daemons_start(int signal_fd, LabDaemons *ret_daemons, int *ret_signal, GError **error);
