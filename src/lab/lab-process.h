/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts programs from the lab's process 1, and waits until they report that they are ready.
 */
#pragma once

#include <glib.h>
#include <signal.h>
#include <sys/types.h>

typedef struct {
    const char *path; /* without a slash: searched for in PATH of env */
    char **argv;
    char **env;
    const char *folder; /* the working folder; NULL: the caller's */
    const char *log;    /* a daemon's output; it gets a session of its own and no input. NULL: the caller's streams */
    const sigset_t *signals; /* the first signal mask */
    mode_t umask;
    int keep_fd;      /* a descriptor that the program gets under the same number; -1: no descriptor */
    gboolean is_tied; /* the kernel kills the program when the thread that starts it ends */
} LabProgram;

/**
 * lab_process_start: Starts a program.
 * @ret_errno: written on failure only
 *
 * Returns: the process; -1 with an errno, also if exec fails.
 */
pid_t lab_process_start(const LabProgram *program, int *ret_errno);

typedef enum {
    LAB_WAIT_READY,
    LAB_WAIT_ENDED,  /* the process ended first */
    LAB_WAIT_LATE,   /* the deadline came first */
    LAB_WAIT_SIGNAL, /* a signal ends the lab: *ret_signal */
} LabWait;

/**
 * lab_process_wait: Waits until a process is ready.
 * @fd: gets the messages of the process
 * @line: the line of a message that says "ready"; NULL: any message does
 * @signal_fd: a signalfd. A signal that arrives there ends the wait, except SIGCHLD
 * @seconds: the deadline
 * @ret_signal: the signal of LAB_WAIT_SIGNAL
 */
LabWait lab_process_wait(pid_t pid, int fd, const char *line, int signal_fd, guint seconds, int *ret_signal);

/*
 * Whether the lab handles ^C and ^\ of a terminal itself, or the command of the lab, which gets them from the terminal.
 */
typedef enum {
    LAB_TERMINAL_IS_OURS, /* the command does not run yet */
    LAB_TERMINAL_IS_THE_COMMANDS,
} LabTerminal;

/**
 * lab_process_signal: Takes the next signal that the lab must handle
 *
 * Returns: the signal, which may be SIGCHLD; 0 if there is no signal now
 */
int lab_process_signal(int signal_fd, LabTerminal terminal);

/**
 * lab_process_supervise: Waits until a process ends, and passes signals on to it.
 * @signals: those to pass on, and SIGCHLD; the caller has blocked them. The terminal sends its own to the process
 *
 * Does not reap the process, so that its number stays its own.
 */
void lab_process_supervise(pid_t pid, const sigset_t *signals);

/* Blocks the signals that end a lab or a command in it, and SIGCHLD. @ret_before: the mask of signals before */
void lab_process_block_signals(sigset_t *ret_signals, sigset_t *ret_before);
