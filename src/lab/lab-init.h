/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Process 1 of a lab: builds the lab, runs the command in it, and reaps orphaned processes. When it ends, the kernel
 * kills every process of the lab, and the mounts go with them.
 */
#pragma once

#include "lab/lab-programs.h"
#include "lab/lab-record.h"

#include <signal.h>
#include <sys/types.h>

typedef struct {
    const GArray *devices; /* LabDevice */
    const LabPrograms *programs;
    char **command;              /* NULL: the lab stays until a signal ends it */
    const char *folder;          /* the caller's working folder */
    const char *const *writable; /* real paths of folders of the host, NULL after the last */
    mode_t umask;
    sigset_t signals;        /* the caller's signal mask, for the command */
    const char *resolver;    /* the name server of the lab's network; NULL: the lab has no network */
    const char *hidden;      /* a folder of the host that the lab does not show; NULL: none */
    int relay_fd;            /* of a lab that stays: a listening socket for libvirt's clients outside */
    const LabRecord *record; /* of a lab that stays; else NULL */
    int ready_fd;            /* of a lab that stays: gets a byte when the lab is complete */
} LabInit;

/* Closes this process's copies of the images, which hold their locks. @devices: LabDevice */
void lab_init_close_images(const GArray *devices);

/**
 * lab_init_run: Runs process 1, and ends it with the lab's exit code.
 * @handled: the signals that end the lab, and SIGCHLD; the caller has blocked them
 */
void lab_init_run(const LabInit *init, const sigset_t *handled) G_GNUC_NORETURN;
