/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host device manager: through it virtccwd's connections and its watcher acquire and release the host's devices.
 * They query libvirt's live XML, and release devices later. The manager remembers the attaches of the time between:
 *
 * - A device is held from the beginning of an attach to its end. reconcile skips it, whatever domain the journal names,
 *   because the attach may find the mdev that was made for another domain.
 * - A device is busy while one thread works alone on it: it detaches, reattaches or resets the device, or ends an
 *   attach.
 * - The generation is the number of attaches that have succeeded, or may have. A live XML from before the last one is
 *   outdated.
 *
 * One mutex guards these three. A thread locks it only while it reads or changes them: never during a call to libvirt,
 * a wait for the kernel, a scan or file I/O. So slow work on one device does not delay the clients of another. Two
 * things exclude concurrent work on one device: its lock file (hostdev/journal.h), called the device's lock below, and
 * that it is busy. For one device:
 *
 * hostdev_manager_begin_attach() waits while the device is busy, holds it, and announces the attach, which takes the
 * device's lock. So a release that has begun ends before libvirt gets the attach.
 *
 * hostdev_manager_end_attach() waits while the device is busy, and makes it busy. It confirms, withdraws or rolls back.
 * Then it increments the generation, and the device is no longer held and busy, all under the mutex. The calls for two
 * attaches of one device run one after the other, so the second sees the result of the first. A new attach
 * waits until this call is over. Both attaches have the same token, so this call would otherwise remove the announcement
 * and the claim of the new one.
 *
 * hostdev_manager_reconcile() releases each device under the device's lock. Under the lock it first checks whether the
 * device is held or the generation has changed, and skips the device then. The generation shows an attach that has
 * succeeded before; held shows one that hostdev_manager_end_attach() has not finished. An attach that begins now waits
 * for the device's lock in its announcement, and reaches libvirt after the release.
 *
 * hostdev_manager_operate() waits while hostdev_manager_end_attach() works on the device. It fails if the device is
 * held, or if another client detaches, reattaches or resets it. Else it makes the device busy and held.
 *
 * A thread makes only one device busy at a time, so threads cannot deadlock.
 *
 * The functions may wait for the kernel: call them in worker threads, except where the comment allows any thread.
 */
#pragma once

#include <glib.h>

#include "conf/node-name.h"
#include "css/device.h"
#include "hostdev/live.h"

typedef struct _HostdevManager HostdevManager;

/* Takes ownership of @host. */
HostdevManager *hostdev_manager_new(CssHost *host);

/* Any thread may call these. */
HostdevManager *hostdev_manager_ref(HostdevManager *manager);
void hostdev_manager_unref(HostdevManager *manager);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostdevManager, hostdev_manager_unref)

/**
 * hostdev_manager_begin_attach:
 * @ids: array of CcwBusId
 *
 * Call this before an attach goes to libvirt. Also announces the attach to other processes. Waits until no other client
 * detaches, reattaches or resets one of the devices.
 */
void hostdev_manager_begin_attach(HostdevManager *manager, GArray *ids);

typedef enum {
    HOSTDEV_ATTACH_NONE, /* no running domain has the device: libvirt failed, or changed only a configuration */
    HOSTDEV_ATTACH_LIVE, /* the domain runs, and has the device */
    /* It is not known whether a running domain has the device: libvirt has not answered, or its answer does not say. */
    HOSTDEV_ATTACH_UNKNOWN,
} HostdevAttachResult;

/**
 * hostdev_manager_end_attach:
 *
 * Call this after the attach. Updates the journal. Rolls back a claim whose device no domain has got, unless another
 * attach still holds the device: then the last of these attaches rolls back.
 *
 * Returns: TRUE if the caller has to query the live XML
 */
gboolean hostdev_manager_end_attach(HostdevManager *manager, const char *domain_uuid, GArray *ids,
                                    HostdevAttachResult result);

/* The same as hostdev_load_modules(). */
gboolean hostdev_manager_load_modules(HostdevManager *manager, GError **error);

/* The same as hostdev_claim(), on behalf of this process. */
gboolean hostdev_manager_claim(HostdevManager *manager, const CcwBusId *id, const char *domain_uuid, GError **error);

/* The same as hostdev_unmanaged_set_error(). */
void hostdev_manager_unmanaged_set_error(HostdevManager *manager, const CcwBusId *id, GError **error);

/* Makes an empty HostdevLive, before the caller queries libvirt. Does not wait: any thread may call it. */
HostdevLive *hostdev_live_new(HostdevManager *manager);

/* Remembers a domain's name, for log lines about the domain when libvirt no longer has it. */
void hostdev_manager_note_name(HostdevManager *manager, const char *domain_uuid, const char *name);

/**
 * hostdev_manager_reconcile:
 * @only_domain: NULL: all domains
 * @ret_outdated: TRUE: an attach has succeeded since @live was made; query the domains again
 *
 * Releases the devices that no live XML has. Skips held devices.
 */
gboolean hostdev_manager_reconcile(HostdevManager *manager, HostdevLive *live, const char *only_domain,
                                   gboolean *ret_outdated, GError **error);

/* The same as hostdev_has_stale(). */
gboolean hostdev_manager_has_stale(HostdevManager *manager);

/* Returns: the device with this name, or NULL if there is no such channel device. */
CssDevice *hostdev_manager_find(HostdevManager *manager, ConfNodeKind kind, const CcwBusId *id);

/* The same as css_host_lookup_bound(). */
CssDevice *hostdev_manager_find_bound(HostdevManager *manager, const CcwBusId *id);

/* The same as css_host_list_detached(). */
GPtrArray *hostdev_manager_list_detached(HostdevManager *manager);

/*
 * nodedev_detach_as_of() and the like (node_device/node-detach.h). Sets *ret_outdated if a domain has begun to start
 * with the detached device (managed='no') since @as_of: the domain needs the device, and may not be in live.
 */
typedef gboolean (*HostdevOperateFunc)(CssHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_outdated,
                                       GError **error);

/**
 * hostdev_manager_operate:
 * @ret_outdated: TRUE: the function did nothing; query the domains again
 *
 * Calls @func, unless a running domain has the device or is about to get it.
 *
 * Returns: FALSE with CCW_ERROR_BUSY, which names the domain, or with an error of @func
 */
gboolean hostdev_manager_operate(HostdevManager *manager, HostdevOperateFunc func, const CcwBusId *id,
                                 HostdevLive *live, gboolean *ret_outdated, GError **error);
