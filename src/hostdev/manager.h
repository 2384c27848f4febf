/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How virtccwd's connections and its watcher share the taking and giving back of host devices
 * (css/host.h). They look at libvirt's live XML at one time and give devices back at a later one. The
 * manager remembers what may have been attached in between:
 *
 *   held        devices of attach calls that libvirt has and has not answered: reconcile skips them, whichever domain
 *               the journal names, because an attach may find the mdev that was made for another one
 *   busy        devices that one thread works on alone: it detaches, reattaches, resets, or settles an attach
 *   generation  counts the attaches that have succeeded: a live XML from before the last one is stale
 *
 * One lock guards these three, and nothing else. It is held for the bookkeeping only: never across a call to libvirt, a
 * wait for the kernel, a scan, or a file. So what is done to one device, however long the kernel takes, holds up no
 * client of another one. What excludes two deeds on one device is the device's own lock file
 * (hostdev/journal.h), and here that the device is busy. The order of events, for one device:
 *
 * ccw_manager_hold(): waits while the device is busy, holds it, and announces the attach, which takes the device's
 * lock. A release that has begun is over before libvirt is asked.
 *
 * ccw_manager_settle(): waits while the device is busy and makes it busy; confirms, withdraws, rolls back. Then, in
 * one step under the lock, it counts up the generation, and the device is neither held nor busy any more. Two
 * attaches to one device are settled one after the other, so that the last one sees what the first has confirmed. A
 * new attach waits meanwhile, as its announcement and its claim have the same token as those that are being
 * withdrawn and rolled back.
 *
 * ccw_manager_reconcile(): gives back each device under the device's own lock. Behind that lock it asks for each: is
 * the device held or busy, or has the generation gone up? Then it skips the device. If not, an attach that begins
 * now waits for the device's lock when it is announced, and so comes to libvirt after the release. The generation
 * shows an attach that had succeeded before; the hold shows one that is being settled.
 *
 * ccw_manager_by_hand(): waits while the device is being settled, and refuses if it is held, or if another client
 * detaches, reattaches or resets it. Else it makes the device busy and holds it.
 *
 * A thread makes one device busy at a time, so that no two wait for each other.
 *
 * Functions may wait for the kernel: they are for worker threads, except where they say so.
 */
#pragma once

#include <glib.h>

#include "conf/node-name.h"
#include "css/device.h"
#include "hostdev/reconcile.h"

typedef struct _CcwManager CcwManager;

/* Takes host. */
CcwManager *ccw_manager_new(CcwHost *host);
void ccw_manager_free(CcwManager *manager);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwManager, ccw_manager_free)

/*
 * Before an attach goes to libvirt; ids: elements are CcwBusId. Announces the attach to other processes, too. Waits
 * until no other client detaches, reattaches or resets one of the devices.
 */
void ccw_manager_hold(CcwManager *manager, GArray *ids);

typedef enum {
    CCW_ATTACH_NONE,    /* no running domain has got it: libvirt refused, or changed a configuration alone */
    CCW_ATTACH_LIVE,    /* the domain has it, and runs */
    CCW_ATTACH_UNKNOWN, /* libvirt has not said */
} CcwAttachResult;

/*
 * After the attach: brings the journal in line. Rolls back a claim whose device no domain got, unless another attach
 * still holds the device: then the last of these attaches does it. TRUE if the caller has to look at the live XML.
 */
gboolean ccw_manager_settle(CcwManager *manager, const char *domain_uuid, GArray *ids, CcwAttachResult result);

/* As css/host.h has them, with virtccwd's token. */
gboolean ccw_manager_load_modules(CcwManager *manager, GError **error);
gboolean ccw_manager_claim(CcwManager *manager, const CcwBusId *id, const char *domain_uuid, GError **error);

/* Sets the error that tells the user what to do about a device that is not managed and that libvirt misses. */
void ccw_manager_refuse_unmanaged(CcwManager *manager, const CcwBusId *id, GError **error);

/* What the running domains have, as libvirt said after this was made. Making one does not wait: for any thread. */
typedef struct _CcwLive CcwLive;
CcwLive *ccw_live_new(CcwManager *manager);
void ccw_live_free(CcwLive *live);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwLive, ccw_live_free)

/* domain_uuid: lower case. name: for messages, or NULL. Errors: as ccw_conf_collect. */
gboolean ccw_live_add(CcwLive *live, const char *domain_uuid, const char *name, const char *xml, GError **error);

/*
 * ccw_live_add_unknown: adds a running domain whose devices are unknown
 * @domain_uuid: lower case
 *
 * Devices that the journal names as this domain's stay with it. The kernel's answer decides about all other devices:
 * what QEMU has open is not given back.
 */
void ccw_live_add_unknown(CcwLive *live, const char *domain_uuid);

/* Leaves claims alone whose process has died: a domain may be about to get such a device. */
void ccw_live_keep_stale(CcwLive *live);

/* FALSE after one of the two: a later look may decide about more devices. */
gboolean ccw_live_is_complete(const CcwLive *live);

/* Puts that into a request: it lives as long as live does. */
void ccw_live_ask(CcwLive *live, CcwReconcile *request);

/* The name of a domain, as libvirt has it: for log lines about the domain when libvirt no longer has it. */
void ccw_manager_note_name(CcwManager *manager, const char *domain_uuid, const char *name);

/*
 * Gives back what is in no live XML any more: of only_domain, or of all for NULL. What is held is left alone.
 * *ret_stale: something was attached since live was made, and nothing was done; look again.
 */
gboolean ccw_manager_reconcile(CcwManager *manager, CcwLive *live, const char *only_domain, gboolean *ret_stale,
                               GError **error);

/* As ccw_host_has_stale(). */
gboolean ccw_manager_has_stale(CcwManager *manager);

/* The device of that name, or NULL if no channel device has it. */
CcwHostDevice *ccw_manager_find(CcwManager *manager, CcwNodeKind kind, const CcwBusId *id);

/* As ccw_host_lookup_bound. */
CcwHostDevice *ccw_manager_find_bound(CcwManager *manager, const CcwBusId *id);

/* As ccw_host_list_detached. */
GPtrArray *ccw_manager_list_detached(CcwManager *manager);

/*
 * ccw_host_detach_as_of and the like (node_device/node-detach.h). A domain that has begun to start with a detached
 * device (managed='no') since as_of needs it there, and may not be in live: then *ret_stale is TRUE.
 */
typedef gboolean (*CcwByHandFunc)(CcwHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_stale, GError **error);

/*
 * Calls func, unless a running domain has the device or is about to get it: that is CCW_ERROR_BUSY, with the domain.
 * *ret_stale: as ccw_manager_reconcile.
 */
gboolean ccw_manager_by_hand(CcwManager *manager, CcwByHandFunc func, const CcwBusId *id, CcwLive *live,
                             gboolean *ret_stale, GError **error);
