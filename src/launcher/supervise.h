/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs QEMU with devices of the host as a child of qemu-ccw, and releases the devices at QEMU's end.
 */
#pragma once

#include "launcher/launch.h"

/**
 * launcher_supervise_run: Acquires all devices or no device, runs QEMU, and releases all devices at its end, also those
 * of a hot-plug. Passes SIGTERM, SIGINT and SIGHUP on to QEMU. QEMU gets SIGTERM, too, if this process is killed.
 *
 * Returns: QEMU's exit status, or 128 and the signal that has ended it; -1 with an error if QEMU could not be started,
 * or a device could not be released, which the journal then knows.
 */
int launcher_supervise_run(Launcher *launch, char **envp, GError **error);
