/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting programs from the lab's process 1 and waiting until they say that they are ready.
 */
#pragma once

#include <glib.h>
#include <signal.h>
#include <sys/types.h>

typedef struct {
    const char *path; /* looked for in PATH of env when it has no slash */
    char **argv;
    char **env;
    const char *folder;      /* to be in; NULL: as it is */
    const char *log;         /* a daemon: own session, no input, output goes there; NULL: the caller's streams */
    const sigset_t *signals; /* the mask it begins with */
    mode_t umask;
    int keep_fd; /* handed on under its own number; -1: none */
} LabProgram;

/* Returns its pid; or -1 with an errno in *ret_errno, also when exec fails. */
pid_t lab_process_start(const LabProgram *program, int *ret_errno);

typedef enum {
    LAB_WAIT_READY,
    LAB_WAIT_ENDED,  /* the process ended first */
    LAB_WAIT_LATE,   /* the deadline came first */
    LAB_WAIT_SIGNAL, /* the lab is to end: *ret_signal */
} LabWait;

/*
 * Waits for a message on fd: any when word is NULL, else one with that word in it. signal_fd is a signalfd; what
 * arrives there meanwhile, but for SIGCHLD and signals of a terminal, ends the wait.
 */
LabWait lab_process_wait(pid_t pid, int fd, const char *word, int signal_fd, guint seconds, int *ret_signal);

/* The next signal of a signalfd that is meant for the lab, 0 when there is none now. SIGCHLD is one. */
int lab_process_signal(int signal_fd);
