/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Acquires all devices of a domain that starts, or none of them. First it reserves each device in the journal, in the
 * order of the bus ids; then it acquires them in parallel. If two domains start at once with some of the same devices,
 * the one that reserves the lowest of these gets them all. It holds only one device's lock at a time, so two starts
 * cannot deadlock.
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
    gboolean is_reserved; /* this call has made its entry */
    gboolean is_acquired;
    GError *error;
} Device;

typedef struct {
    CssHost *host;
    const char *owner;
    const char *token;
    GArray *devices; /* Device, ordered by bus id */
    gint has_failed; /* atomic; no further claim begins then */
} Batch;

static void device_clear(gpointer data)
{
    Device *device = data;

    g_clear_error(&device->error);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    guint i = ccw_bus_id_hash(&((const Device *)a)->id); /* the hash orders like the bus id */
    guint j = ccw_bus_id_hash(&((const Device *)b)->id);

    return i < j ? -1 : i > j;
}

/* Makes an entry without steps. The claim replaces it, with what it finds of the device. */
static HostdevRecord *reservation(const Batch *batch, const CcwBusId *id, const CcwBusId *subchannel)
{
    HostdevRecord *record = g_new0(HostdevRecord, 1);

    record->device = *id;
    record->subchannel = *subchannel;
    record->state = HOSTDEV_CLAIM_PENDING;
    record->since = css_host_clock();
    record->owner = g_ascii_strdown(batch->owner, -1);
    record->token = g_strdup(batch->token);
    record->found_online = -1;
    record->found_override = g_strdup("");
    return record;
}

/* Reserves a device. Leaves a device to the claim if it has an entry or its mdev already. */
static gboolean reserve(const Batch *batch, Device *device, GError **error)
{
    char uuid[CONF_UUID_STR_LEN];
    g_autofree char *mdev = css_host_path(batch->host, "bus/mdev/devices/%s", conf_uuid_encode(&device->id, uuid));
    g_autoptr(HostdevRecord) record = NULL;
    g_auto(HostdevLockFd) lock = -1;
    CcwBusId subchannel;

    if (!hostdev_claim_lock(batch->host, &device->id, &lock, error) ||
        !hostdev_journal_load(batch->host, &device->id, &record, error))
        return FALSE;
    if (record && hostdev_claim_is_anothers(batch->host, record, batch->owner))
        return hostdev_claim_set_busy(batch->host, record, error);
    if (record || g_file_test(mdev, G_FILE_TEST_EXISTS) || !css_subchannel_of(batch->host, &device->id, &subchannel))
        return TRUE;
    record = reservation(batch, &device->id, &subchannel);
    device->is_reserved = hostdev_journal_save(batch->host, record, error);
    return device->is_reserved;
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

    if (g_atomic_int_get(&batch->has_failed))
        return;
    if (!hostdev_claim(batch->host, &device->id, batch->owner, batch->token, &device->is_acquired, &device->error))
        g_atomic_int_set(&batch->has_failed, TRUE);
}

/* A device that cannot be released now stays in the journal, and libvirt calls `release` after a vetoed start. */
static void undo(guint index, gpointer data)
{
    Batch *batch = data;
    Device *device = &g_array_index(batch->devices, Device, batch->devices->len - 1 - index);

    if (device->is_reserved || device->is_acquired)
        hostdev_release(batch->host, &device->id, batch->owner, NULL);
}

/* Reports the error of the lowest bus id: the claims begin in this order. */
static void propagate_first(const Batch *batch, GError **error)
{
    for (guint i = 0; i < batch->devices->len; i++) {
        Device *device = &g_array_index(batch->devices, Device, i);

        if (device->error) {
            g_propagate_error(error, g_steal_pointer(&device->error));
            return;
        }
    }
}

gboolean hostdev_claim_all(CssHost *host, const CcwBusId *ids, guint n, const char *owner, const char *token,
                           GError **error)
{
    g_autoptr(GArray) devices = g_array_new(FALSE, TRUE, sizeof(Device));
    Batch batch = { .host = host, .owner = owner, .token = token, .devices = devices };

    if (!hostdev_claim_check_arguments(owner, token, error))
        return FALSE;
    g_array_set_clear_func(devices, device_clear);
    for (guint i = 0; i < n; i++)
        g_array_append_vals(devices, &(Device){ .id = ids[i] }, 1);
    g_array_sort(devices, compare);
    if (n == 1 || reserve_all(&batch, error)) {
        ccw_parallel_run(n, host->parallel, claim, &batch);
        if (!batch.has_failed)
            return TRUE;
        propagate_first(&batch, error);
    }
    ccw_parallel_run(n, host->parallel, undo, &batch);
    return FALSE;
}
