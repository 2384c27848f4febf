/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the running domains have, by libvirt's public API. */
#pragma once

#include <libvirt/libvirt.h>

#include "hostdev/manager.h"

/*
 * ccw_look: asks libvirt which devices the running domains have
 *
 * A domain whose XML libvirt does not send, or whose XML is not understood, is in the result as one with unknown
 * devices. Waits for libvirt.
 *
 * Returns: NULL and CCW_ERROR_SYSTEM if the list of domains is not complete, because libvirt has gone for example.
 */
CcwLive *ccw_look(virConnectPtr conn, CcwManager *manager, GError **error);

/*
 * What a process of ours needs before it opens a connection. libvirt's own messages are not printed: they come to us as
 * return values. SIGPIPE is ignored from then on.
 */
void ccw_libvirt_prepare(void);
