/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the running domains have, by libvirt's public API. */
#pragma once

#include <libvirt/libvirt.h>

#include "remote/ccw-keeper.h"

/* NULL unless every running domain was seen; libvirt's last error, or the log, says why. Waits for libvirt. */
CcwLive *ccw_look(virConnectPtr conn, CcwKeeper *keeper);

/*
 * What a process of ours needs before it opens a connection. libvirt's own messages are not printed: they come to us as
 * return values. SIGPIPE is ignored from then on.
 */
void ccw_libvirt_prepare(void);
