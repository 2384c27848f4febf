/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks libvirt, by its public API, which devices the running domains have. */
#pragma once

#include <libvirt/libvirt.h>

#include "hostdev/manager.h"

/**
 * hostdev_query_domains:
 *
 * Lists the devices of all running domains. A domain has unknown devices in the result if libvirt does not send its
 * XML, or the XML is malformed. Waits for libvirt.
 *
 * Returns: NULL with CCW_ERROR_SYSTEM if the list of domains is not complete, for example because libvirt has ended
 */
HostdevLive *hostdev_query_domains(virConnectPtr conn, HostdevManager *manager, GError **error);

/**
 * hostdev_libvirt_prepare:
 *
 * Call this once in a process before it opens a connection. Stops libvirt's library from printing errors, which it also
 * returns, and ignores SIGPIPE.
 */
void hostdev_libvirt_prepare(void);
