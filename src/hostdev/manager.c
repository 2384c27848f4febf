/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/manager.h"
#include "css/device.h"
#include "hostdev/claim.h"
#include "hostdev/modules.h"
#include "hostdev/process.h"
#include "hostdev/release.h"
#include "hostdev/unmanaged.h"

#include <unistd.h>

#include "hostdev/release-log.h"
#include "util/error.h"
#include "util/log.h"

#define NAMES_MAX 1024

struct _HostdevManager {
    CssHost *host;
    char *token;          /* hostdev_process_identify() of this process */
    GMutex lock;          /* guards the following members */
    GHashTable *held;     /* CcwBusId -> number of attaches, and of clients that detach, reattach or reset it */
    GHashTable *busy;     /* CcwBusId -> Work */
    GHashTable *names;    /* UUID -> name of a domain */
    GCond idle;           /* signalled when a device is no longer busy */
    gboolean has_skipped; /* hostdev_manager_reconcile() has skipped a held device */
    gint generation;      /* atomic; changes under the lock */
};

/* The work of the thread for which a device is busy. */
typedef enum {
    WORK_NONE,
    WORK_END_ATTACH,
    WORK_OPERATE,
} Work;

HostdevManager *hostdev_manager_new(CssHost *host)
{
    HostdevManager *manager = g_atomic_rc_box_new0(HostdevManager);

    manager->host = host;
    manager->token = hostdev_process_identify(host, getpid());
    g_mutex_init(&manager->lock);
    manager->held = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
    manager->busy = g_hash_table_new_full(ccw_bus_id_hash, ccw_bus_id_equal, g_free, NULL);
    manager->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_cond_init(&manager->idle);
    return manager;
}

HostdevManager *hostdev_manager_ref(HostdevManager *manager)
{
    return g_atomic_rc_box_acquire(manager);
}

static void clear(gpointer data)
{
    HostdevManager *manager = data;

    css_host_free(manager->host);
    g_free(manager->token);
    g_mutex_clear(&manager->lock);
    g_cond_clear(&manager->idle);
    g_hash_table_unref(manager->held);
    g_hash_table_unref(manager->busy);
    g_hash_table_unref(manager->names);
}

void hostdev_manager_unref(HostdevManager *manager)
{
    g_atomic_rc_box_release_full(manager, clear);
}

/* Changes the number of holders of a device. Returns the new number. */
static guint count_held(HostdevManager *manager, const CcwBusId *id, gint difference)
{
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(manager->held, id)) + (guint)difference;

    if (count)
        g_hash_table_replace(manager->held, g_memdup2(id, sizeof(*id)), GUINT_TO_POINTER(count));
    else
        g_hash_table_remove(manager->held, id);
    return count;
}

/* The caller has locked the mutex. */
static Work work_on(HostdevManager *manager, const CcwBusId *id)
{
    return (Work)GPOINTER_TO_UINT(g_hash_table_lookup(manager->busy, id));
}

static void set_busy(HostdevManager *manager, const CcwBusId *id, Work work)
{
    if (work == WORK_NONE)
        g_hash_table_remove(manager->busy, id);
    else
        g_hash_table_replace(manager->busy, g_memdup2(id, sizeof(*id)), GUINT_TO_POINTER(work));
    g_cond_broadcast(&manager->idle);
}

static void announce(HostdevManager *manager, const CcwBusId *id)
{
    static CcwLogLimit limit;
    g_autoptr(GError) error = NULL;

    if (manager->token && !hostdev_announce(manager->host, id, manager->token, &error))
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "cannot announce an attach to other processes: %s",
                        error->message);
}

void hostdev_manager_begin_attach(HostdevManager *manager, GArray *ids)
{
    g_mutex_lock(&manager->lock);
    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);

        while (work_on(manager, id) != WORK_NONE)
            g_cond_wait(&manager->idle, &manager->lock);
        count_held(manager, id, 1);
    }
    g_mutex_unlock(&manager->lock);
    for (guint i = 0; i < ids->len; i++) /* without the lock: it may wait */
        announce(manager, &g_array_index(ids, CcwBusId, i));
}

/*
 * Updates the journal after an attach, in this order:
 * 1. names the domain as the owner, so that no process releases the device when the announcement is gone;
 * 2. withdraws the announcement, if no other attach holds the device. No process leaves its claim to this one any more;
 * 3. rolls back, with the claims that other processes have left to this one; or, if the result is unknown, names the
 *    owners of those claims, too.
 */
static gboolean update_journal(HostdevManager *manager, const char *domain_uuid, const CcwBusId *id, gboolean is_last,
                               HostdevAttachResult result, GError **error)
{
    gboolean is_done = TRUE;

    if (result == HOSTDEV_ATTACH_LIVE)
        is_done = hostdev_confirm(manager->host, id, domain_uuid, error);
    else if (result == HOSTDEV_ATTACH_UNKNOWN)
        is_done = hostdev_leave_open(manager->host, id, manager->token, error);
    if (is_last)
        hostdev_withdraw(manager->host, id);
    if (!is_done)
        return FALSE;
    if (result == HOSTDEV_ATTACH_UNKNOWN)
        return hostdev_leave_open(manager->host, id, manager->token, error);
    return result == HOSTDEV_ATTACH_LIVE || !is_last || hostdev_roll_back(manager->host, id, manager->token, error);
}

/* Waits until the device is not busy, and makes it busy. Returns whether this attach is the last that holds it. */
static gboolean begin_ending(HostdevManager *manager, const CcwBusId *id)
{
    gboolean is_last;

    g_mutex_lock(&manager->lock);
    while (work_on(manager, id) != WORK_NONE)
        g_cond_wait(&manager->idle, &manager->lock);
    set_busy(manager, id, WORK_END_ATTACH);
    is_last = count_held(manager, id, 0) == 1;
    g_mutex_unlock(&manager->lock);
    return is_last;
}

/* Makes an older live XML outdated and the device no longer held, in one step under the mutex. */
static void finish_ending(HostdevManager *manager, const CcwBusId *id, HostdevAttachResult result)
{
    g_mutex_lock(&manager->lock);
    if (result != HOSTDEV_ATTACH_NONE)
        g_atomic_int_inc(&manager->generation);
    count_held(manager, id, -1);
    set_busy(manager, id, WORK_NONE);
    g_mutex_unlock(&manager->lock);
}

/* Returns whether hostdev_manager_reconcile() has skipped a device since the last call. */
static gboolean clear_skipped(HostdevManager *manager)
{
    gboolean has_skipped;

    g_mutex_lock(&manager->lock);
    has_skipped = manager->has_skipped;
    manager->has_skipped = FALSE;
    g_mutex_unlock(&manager->lock);
    return has_skipped;
}

gboolean hostdev_manager_end_attach(HostdevManager *manager, const char *domain_uuid, GArray *ids,
                                    HostdevAttachResult result)
{
    gboolean must_query = result == HOSTDEV_ATTACH_UNKNOWN;

    for (guint i = 0; i < ids->len; i++) {
        const CcwBusId *id = &g_array_index(ids, CcwBusId, i);
        gboolean is_last = begin_ending(manager, id);
        g_autoptr(GError) error = NULL;

        if (!update_journal(manager, domain_uuid, id, is_last, result, &error)) {
            g_warning("after an attach to domain %s: %s", domain_uuid, error->message);
            must_query = TRUE; /* reconcile then tries again */
        }
        finish_ending(manager, id, result);
    }
    return clear_skipped(manager) || must_query;
}

gboolean hostdev_manager_load_modules(HostdevManager *manager, GError **error)
{
    return hostdev_load_modules(manager->host, error);
}

gboolean hostdev_manager_claim(HostdevManager *manager, const CcwBusId *id, const char *domain_uuid, GError **error)
{
    gboolean is_acquired; /* ignored: hostdev_manager_end_attach() decides about a release */

    return hostdev_claim(manager->host, id, domain_uuid, manager->token, &is_acquired, error);
}

void hostdev_manager_unmanaged_set_error(HostdevManager *manager, const CcwBusId *id, GError **error)
{
    hostdev_unmanaged_set_error(manager->host, id, error);
}

HostdevLive *hostdev_live_new(HostdevManager *manager)
{
    return hostdev_live_create(g_atomic_int_get(&manager->generation));
}

static gboolean is_outdated(HostdevManager *manager, const HostdevLive *live)
{
    return g_atomic_int_get(&manager->generation) != hostdev_live_generation(live);
}

typedef struct {
    HostdevManager *manager;
    const HostdevLive *live;
} Reconciliation;

/* Called with the device's lock held. An attach has to take that lock before it goes to libvirt. */
static gboolean must_skip_device(const CcwBusId *id, gpointer data)
{
    const Reconciliation *reconciliation = data;
    HostdevManager *manager = reconciliation->manager;
    gboolean must_skip, is_held;

    g_mutex_lock(&manager->lock);
    is_held = g_hash_table_contains(manager->held, id);
    must_skip = is_held || is_outdated(manager, reconciliation->live);
    manager->has_skipped = manager->has_skipped || is_held;
    g_mutex_unlock(&manager->lock);
    return must_skip;
}

void hostdev_manager_note_name(HostdevManager *manager, const char *domain_uuid, const char *name)
{
    g_mutex_lock(&manager->lock);
    if (g_hash_table_size(manager->names) >= NAMES_MAX) /* limits memory; the names are only for the log */
        g_hash_table_remove_all(manager->names);
    g_hash_table_replace(manager->names, g_strdup(domain_uuid), g_strdup(name));
    g_mutex_unlock(&manager->lock);
}

static char *name_of(const Reconciliation *reconciliation, const char *domain_uuid)
{
    const char *name = hostdev_live_name(reconciliation->live, domain_uuid);
    HostdevManager *manager = reconciliation->manager;
    char *copy;

    g_mutex_lock(&manager->lock);
    copy = g_strdup(name ? name : g_hash_table_lookup(manager->names, domain_uuid));
    g_mutex_unlock(&manager->lock);
    return copy;
}

static void report(const HostdevReconciled *reconciled, gpointer data)
{
    g_autofree char *name = reconciled->domain ? name_of(data, reconciled->domain) : NULL;

    if (reconciled->result == HOSTDEV_RECONCILE_RELEASED)
        hostdev_log_release(&reconciled->device, reconciled->domain, name);
}

gboolean hostdev_manager_reconcile(HostdevManager *manager, HostdevLive *live, const char *only_domain,
                                   gboolean *ret_outdated, GError **error)
{
    Reconciliation reconciliation = { .manager = manager, .live = live };
    HostdevReconcile request = {
        .must_skip = must_skip_device,
        .skip_data = &reconciliation,
        .only_domain = only_domain,
        .report = report,
        .report_data = &reconciliation,
    };
    gboolean is_done = TRUE;

    hostdev_live_ask(live, &request);
    if (!is_outdated(manager, live))
        is_done = hostdev_reconcile(manager->host, &request, error);
    *ret_outdated = is_done && is_outdated(manager, live);
    return is_done;
}

gboolean hostdev_manager_has_stale(HostdevManager *manager)
{
    return hostdev_has_stale(manager->host);
}

CssDevice *hostdev_manager_find(HostdevManager *manager, ConfNodeKind kind, const CcwBusId *id)
{
    return kind == CONF_NODE_CCW ? css_host_lookup(manager->host, id, NULL)
                                 : css_host_lookup_subchannel(manager->host, id, NULL);
}

CssDevice *hostdev_manager_find_bound(HostdevManager *manager, const CcwBusId *id)
{
    return css_host_lookup_bound(manager->host, id);
}

GPtrArray *hostdev_manager_list_detached(HostdevManager *manager)
{
    return css_host_list_detached(manager->host);
}

/* Checks that no domain in live has the device, and that no other client works on it; the mutex is locked. */
static gboolean check_free(HostdevManager *manager, const CcwBusId *id, HostdevLive *live, GError **error)
{
    const char *user = hostdev_live_user(live, id);
    char buf[CCW_BUS_ID_STR_LEN];

    if (user) /* libvirt's message for a PCI device (src/hypervisor/virhostdev.c) */
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by driver QEMU, domain %s",
                    ccw_bus_id_format(id, buf), user);
    else if (work_on(manager, id) == WORK_OPERATE)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s is in use: another client detaches, reattaches or resets it",
                    ccw_bus_id_format(id, buf));
    else if (g_hash_table_contains(manager->held, id))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use: it is being attached to a domain",
                    ccw_bus_id_format(id, buf));
    else
        return TRUE;
    return FALSE;
}

gboolean hostdev_manager_operate(HostdevManager *manager, HostdevOperateFunc func, const CcwBusId *id,
                                 HostdevLive *live, gboolean *ret_outdated, GError **error)
{
    gboolean is_done;

    g_mutex_lock(&manager->lock);
    while (work_on(manager, id) == WORK_END_ATTACH)
        g_cond_wait(&manager->idle, &manager->lock);
    *ret_outdated = is_outdated(manager, live);
    is_done = !*ret_outdated && check_free(manager, id, live, error);
    if (!is_done) {
        g_mutex_unlock(&manager->lock);
        return *ret_outdated;
    }
    set_busy(manager, id, WORK_OPERATE);
    count_held(manager, id, 1);
    g_mutex_unlock(&manager->lock);
    /* Without the lock: func may wait. */
    is_done = func(manager->host, id, hostdev_live_as_of(live), ret_outdated, error);
    g_mutex_lock(&manager->lock);
    count_held(manager, id, -1);
    set_busy(manager, id, WORK_NONE);
    g_mutex_unlock(&manager->lock);
    return is_done;
}
