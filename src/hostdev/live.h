/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The devices of the running domains, from libvirt's live XML at one time. live-domains.h queries libvirt; manager.h
 * makes an empty one.
 */
#pragma once

#include "hostdev/reconcile.h"

typedef struct _HostdevLive HostdevLive;

/* generation: the manager's number of successful attaches at this time. */
HostdevLive *hostdev_live_create(gint generation);
void hostdev_live_free(HostdevLive *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostdevLive, hostdev_live_free)

/**
 * hostdev_live_add:
 * @domain_uuid: lower case
 * @name: for messages, or NULL
 *
 * Adds a running domain with the devices in its XML.
 *
 * Returns: FALSE with an error of conf_collect()
 */
gboolean hostdev_live_add(HostdevLive *live, const char *domain_uuid, const char *name, const char *xml,
                          GError **error);

/**
 * hostdev_live_add_unknown:
 * @domain_uuid: lower case
 *
 * Adds a running domain whose devices are unknown. Devices that the journal names as this domain's stay with it. The
 * kernel decides about all other devices: reconcile does not release a device that QEMU has open.
 */
void hostdev_live_add_unknown(HostdevLive *live, const char *domain_uuid);

/* Makes reconcile skip claims whose process has died: a domain may be about to get such a device. */
void hostdev_live_keep_stale(HostdevLive *live);

/* Returns: FALSE after one of these two calls: a later query may decide about more devices. */
gboolean hostdev_live_is_complete(const HostdevLive *live);

/* Fills in a request, which must not outlive @live. */
void hostdev_live_ask(HostdevLive *live, HostdevReconcile *request);

/* Returns: the name of the domain that has the device, or its UUID if it has no name, or NULL if no domain has it. */
const char *hostdev_live_user(const HostdevLive *live, const CcwBusId *id);

/* Returns: the name of a domain, or NULL. */
const char *hostdev_live_name(const HostdevLive *live, const char *domain_uuid);

/* Returns: css_host_clock() when it was made. */
gint64 hostdev_live_as_of(const HostdevLive *live);

/* Returns: the argument of hostdev_live_create(). */
gint hostdev_live_generation(const HostdevLive *live);
