/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lab: private namespaces with an embedded channel subsystem in /sys, stock libvirtd on it and virtccwd before that.
 * See docs/lab.md.
 */
#pragma once

#include <glib.h>

/**
 * lab_exec: Runs a command in a new lab, with the caller's working folder, environment and standard streams.
 * @devices: LabDevice of the lab's channel subsystem; their images are open
 * @writable: folders of the host that the lab may write to, besides the temporary ones and the working folder; NULL: no
 *            other
 *
 * Nothing of the lab is left when this returns, nor when the caller is killed. The caller has one thread.
 *
 * Returns: command's exit code, 128 + N for signal N, or -1 with an error when there was no lab to run it in.
 */
int lab_exec(const GArray *devices, char **command, char *const *writable, GError **error);
