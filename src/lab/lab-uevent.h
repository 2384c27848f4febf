/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sends uevents to libudev's listeners in the form in which udevd sends them, because a lab has no udevd: a header
 * (magic and hashes big-endian, sizes in the host's byte order), then KEY=VALUE strings, each with its NUL
 * (systemd, src/libsystemd/sd-device/device-monitor.c).
 */
#pragma once

#include <glib.h>

/* @env: lines KEY=VALUE besides ACTION, DEVPATH, SUBSYSTEM and SEQNUM. Returns: a new message. */
GByteArray *lab_uevent_message(const char *action, const char *devpath, const char *subsystem, const char *env,
                               guint64 seqnum);

/* Opens a socket to send from, in the caller's network namespace. Returns: the socket; -1 with an error. */
int lab_uevent_open(GError **error);

/* Sends a message to all listeners, if there are listeners. */
void lab_uevent_send(int fd, const GByteArray *message);
