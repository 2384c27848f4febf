/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a command in a lab: private namespaces with an embedded channel subsystem in /sys, stock libvirtd, and virtccwd
 * in front of libvirtd. A lab ends with its command, or stays. See docs/lab.md.
 */
#pragma once

#include <glib.h>

#include "lab/lab-settings.h"

/**
 * lab_exec: Runs a command in a new lab, with the caller's working folder, environment and standard streams.
 *
 * Everything of the lab is gone when this returns, and also when the caller is killed. The caller must have one thread.
 *
 * Returns: the command's exit code, 128 + N for signal N, or -1 with an error if the lab cannot be made.
 */
int lab_exec(const LabSettings *settings, char **command, GError **error);

/**
 * lab_start: Starts a lab that stays until lab_stop(), and waits until it is complete.
 * @dasds: the devices as text, for the record (lab-record.h)
 * @ret_uri: for libvirt's clients outside the lab; free with g_free()
 *
 * The caller must have one thread. A signal that ends the caller while it waits also ends the lab.
 *
 * Returns: 0; 128 + N if signal N ended the wait; -1 with an error, and the end of the lab's log is on stderr.
 */
int lab_start(const char *name, const LabSettings *settings, char *const *dasds, char **ret_uri, GError **error);

/**
 * lab_stop: Ends a lab that stays, and waits until it is gone. Removes what a lab that died has left.
 * @ret_died: whether the lab had died before
 *
 * Returns: FALSE with an error.
 */
gboolean lab_stop(const char *name, gboolean *ret_died, GError **error);

/**
 * lab_enter: Runs a command in a lab that stays, with the caller's working folder, environment and standard streams.
 *
 * The command is killed when the lab ends, and when the caller is killed. The caller must have one thread.
 *
 * Returns: the command's exit code, 128 + N for signal N, or -1 with an error.
 */
int lab_enter(const char *name, char **command, GError **error);
