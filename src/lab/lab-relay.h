/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connects libvirt clients outside the lab with the lab's libvirt. The clients connect to a socket on the host, and the
 * relay, a process of the lab, listens on it. virtccwd cannot serve these clients: it looks up each client in the lab's
 * /proc, which does not have processes outside the lab.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define LAB_RELAY_TARGET "/run/libvirt/libvirt-sock"

/**
 * lab_relay_start: Starts the relay, in a process of its own.
 * @fd: a listening UNIX socket
 *
 * The relay serves the caller's user, and only processes outside the lab: a guest's QEMU may have the same user. To
 * libvirt, the clients are root of the lab. The relay passes bytes on, and no file descriptors.
 *
 * Returns: the process, or -1 with errno.
 */
pid_t lab_relay_start(int fd);

/* Runs the relay for ever. @target: the path of libvirt's socket. For lab_relay_start() and its test. */
void lab_relay_run(int fd, const char *target) G_GNUC_NORETURN;

/* Passes bytes on between two connections, in both directions, until both directions have ended. */
void lab_relay_pump(int client, int libvirt);

/* Returns: whether the relay serves a client with these credentials. */
gboolean lab_relay_admits(pid_t pid, uid_t uid);
