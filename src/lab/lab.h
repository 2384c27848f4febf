/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lab: private namespaces with an embedded channel subsystem in /sys, stock libvirtd on it and virtccwd before that.
 * See docs/lab.md.
 */
#pragma once

#include <glib.h>

/*
 * Runs command in a new lab whose channel subsystem has these devices (LabDevice; their images are open), with the
 * caller's working folder, environment and standard streams. Returns command's exit code, 128 + N for signal N, or -1
 * with an error when there was no lab to run it in. Nothing of the lab is left when this returns, nor when the caller
 * is killed. The caller has one thread.
 */
int lab_exec(const GArray *devices, char **command, GError **error);
