/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirtd and virtccwd in the lab: started one after the other, each when the one before is ready.
 */
#pragma once

#include "lab/lab-parts.h"

#include <sys/types.h>

typedef struct {
    pid_t libvirtd, virtccwd;
} LabDaemons;

typedef enum {
    LAB_DAEMONS_READY,
    LAB_DAEMONS_FAILED, /* error is set; the log's end was printed */
    LAB_DAEMONS_SIGNAL, /* the lab is to end: *ret_signal */
} LabDaemonsResult;

LabDaemonsResult lab_daemons_start(int signal_fd, LabDaemons *ret_daemons, int *ret_signal, GError **error);
