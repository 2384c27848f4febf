/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All devices of a domain that starts, or none. They are reserved in the journal first, one after another in the order
 * of their bus ids, and then taken side by side: of two domains that start at once with some of the same devices, the
 * one that reserves the lowest of these gets them all. No lock is held from one device to the next, so that nobody can
 * wait in a circle.
 */
#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/sysfs.h"
#include "hostdev/claim-private.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/release.h"
#include "util/thread.h"

typedef struct {
    CcwBusId id;
    gboolean reserved; /* this call has made its entry */
    gboolean taken;
    GError *error;
} Device;

typedef struct {
    CcwHost *host;
    const char *domain_uuid;
    const char *token;
    GArray *devices; /* of Device, ordered */
    gint failed;     /* atomic: what has not begun need not */
} Batch;

static void device_clear(gpointer data)
{
    Device *device = data;

    g_clear_error(&device->error);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    guint i = ccw_bus_id_hash(&((const Device *)a)->id); /* the hash is the number itself */
    guint j = ccw_bus_id_hash(&((const Device *)b)->id);

    return i < j ? -1 : i > j;
}

/* Nothing was done yet, so nothing has been found either: the claim looks. */
static CcwRecord *reservation(const Batch *batch, const CcwBusId *id, const CcwBusId *subchannel)
{
    CcwRecord *record = g_new0(CcwRecord, 1);

    record->device = *id;
    record->subchannel = *subchannel;
    record->state = CCW_CLAIM_PENDING;
    record->since = ccw_host_clock();
    record->domain = g_ascii_strdown(batch->domain_uuid, -1);
    record->token = g_strdup(batch->token);
    record->found_online = -1;
    record->found_override = g_strdup("");
    return record;
}

/* A device that has an entry already, or its mdev, is left to the claim. */
static gboolean reserve(const Batch *batch, Device *device, GError **error)
{
    char uuid[CCW_UUID_STR_LEN];
    g_autofree char *mdev = ccw_host_path(batch->host, "bus/mdev/devices/%s", ccw_uuid_encode(&device->id, uuid));
    g_autoptr(CcwRecord) record = NULL;
    g_auto(CcwLockFd) lock = -1;
    CcwBusId subchannel;

    if (!ccw_claim_lock(batch->host, &device->id, &lock, error) ||
        !ccw_journal_load(batch->host, &device->id, &record, error))
        return FALSE;
    if (record && ccw_claim_is_anothers(batch->host, record, batch->domain_uuid))
        return ccw_claim_refuse(batch->host, record, error);
    if (record || g_file_test(mdev, G_FILE_TEST_EXISTS) || !ccw_subchannel_of(batch->host, &device->id, &subchannel))
        return TRUE;
    record = reservation(batch, &device->id, &subchannel);
    device->reserved = ccw_journal_save(batch->host, record, error);
    return device->reserved;
}

static gboolean reserve_all(const Batch *batch, GError **error)
{
    for (guint i = 0; i < batch->devices->len; i++)
        if (!reserve(batch, &g_array_index(batch->devices, Device, i), error))
            return FALSE;
    return TRUE;
}

static void claim(guint index, gpointer data)
{
    Batch *batch = data;
    Device *device = &g_array_index(batch->devices, Device, index);

    if (g_atomic_int_get(&batch->failed))
        return;
    if (!ccw_host_claim(batch->host, &device->id, batch->domain_uuid, batch->token, &device->taken, &device->error))
        g_atomic_int_set(&batch->failed, TRUE);
}

/* What cannot be given back now is in the journal, and libvirt calls `release` after a vetoed start. */
static void undo(guint index, gpointer data)
{
    Batch *batch = data;
    Device *device = &g_array_index(batch->devices, Device, batch->devices->len - 1 - index);

    if (device->reserved || device->taken)
        ccw_host_release(batch->host, &device->id, batch->domain_uuid, NULL);
}

/* The first one's, as if they had been taken in that order: an index is begun after those before it. */
static void tell_first(const Batch *batch, GError **error)
{
    for (guint i = 0; i < batch->devices->len; i++) {
        Device *device = &g_array_index(batch->devices, Device, i);

        if (device->error) {
            g_propagate_error(error, g_steal_pointer(&device->error));
            return;
        }
    }
}

gboolean ccw_host_claim_all(CcwHost *host, const CcwBusId *ids, guint n, const char *domain_uuid, const char *token,
                            GError **error)
{
    g_autoptr(GArray) devices = g_array_new(FALSE, TRUE, sizeof(Device));
    Batch batch = { .host = host, .domain_uuid = domain_uuid, .token = token, .devices = devices };

    if (!ccw_claim_check_arguments(domain_uuid, token, error))
        return FALSE;
    g_array_set_clear_func(devices, device_clear);
    for (guint i = 0; i < n; i++)
        g_array_append_vals(devices, &(Device){ .id = ids[i] }, 1);
    g_array_sort(devices, compare);
    if (n == 1 || reserve_all(&batch, error)) {
        ccw_parallel_run(n, host->parallel, claim, &batch);
        if (!batch.failed)
            return TRUE;
        tell_first(&batch, error);
    }
    ccw_parallel_run(n, host->parallel, undo, &batch);
    return FALSE;
}
