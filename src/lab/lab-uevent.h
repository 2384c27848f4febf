/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Uevents in the form in which udevd hands them to libudev's listeners, for there is no udevd in a lab: a header (magic
 * and hashes big-endian, sizes of the host's order), then KEY=VALUE strings, each with its NUL
 * (systemd, src/libsystemd/sd-device/device-monitor.c).
 */
#pragma once

#include <glib.h>

/* env: lines KEY=VALUE. */
GByteArray *lab_uevent_message(const char *action, const char *devpath, const char *subsystem, const char *env,
                               guint64 seqnum);

/* A socket to send from, in the network namespace of the caller. -1 and error if the kernel refuses one. */
int lab_uevent_open(GError **error);

/* To all listeners; there may be none. */
void lab_uevent_send(int fd, const GByteArray *message);
