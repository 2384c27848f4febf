/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu-ccw with devices of the host: it stays while QEMU runs, as its parent, and gives them back when QEMU has ended.
 */
#pragma once

#include "launcher/launch.h"

/*
 * Takes the devices, all or none, runs QEMU to its end and gives back what was taken, also what was plugged in
 * meanwhile. SIGTERM, SIGINT and SIGHUP sent to this process are passed on to QEMU, which gets SIGTERM, too, if this
 * process is killed. Returns QEMU's exit status, 128 and the signal's number if one ended it; or -1 and sets error:
 * QEMU was not started, or not all went back (which the journal then knows).
 */
int ccw_supervise_run(CcwLaunch *launch, char **envp, GError **error);
