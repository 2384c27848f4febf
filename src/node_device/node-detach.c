/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Detach, reattach and reset by hand: for whoever calls virsh nodedev-detach and uses the device later. Decisions only,
 * as in hostdev/claim.c. An entry of this file's in the journal names no domain.
 */
#include "node_device/node-detach.h"

#include <string.h>
#include <unistd.h>

#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/openers.h"
#include "css/state.h"
#include "hostdev/claim-private.h"
#include "hostdev/journal.h"
#include "hostdev/steps.h"
#include "hostdev/token.h"
#include "util/error.h"

#define DRIVER_IO "io_subchannel"
#define DRIVER_VFIO "vfio_ccw"

/* For the time that a device is being taken; if this process is killed in it, the next one gives it back. */
static char *own_token(CcwHost *host)
{
    char *token = ccw_host_token(host, getpid());

    return token ? token : g_strdup("0:0");
}

/*
 * Whether libvirt knows of it or not: a QEMU that has it would lose a disk. *ret_hold keeps others from it. The caller
 * has seen that no domain has begun to start with the device (css/vfio-group.h).
 */
static gboolean is_idle(CcwHost *host, const CcwBusId *id, CcwVfioHold *ret_hold, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN], uuid[CCW_UUID_STR_LEN];
    g_autofree char *user = NULL;
    CcwVfioUse use = ccw_vfio_hold(host, ccw_uuid_encode(id, uuid), ret_hold, error);

    if (use != CCW_VFIO_IN_USE)
        return use == CCW_VFIO_FREE;
    user = ccw_mdev_describe_user(host, uuid);
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                "ccw device %s is in use by a guest: its mediated device is open by %s", ccw_bus_id_format(id, buf),
                user);
    return FALSE;
}

/* Another process's attach, which may find the mediated device that is there. This one's own are its own to know. */
static gboolean is_announced_by_none(CcwHost *host, const CcwBusId *id, GError **error)
{
    g_autofree char *token = ccw_journal_announced(host, id);
    g_autofree char *own = own_token(host);
    char buf[CCW_BUS_ID_STR_LEN];

    if (!token || strcmp(token, own) == 0 || !ccw_token_is_live(host, token))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use: it is being attached to a domain",
                ccw_bus_id_format(id, buf));
    return FALSE;
}

/*
 * The entry there is, or NULL; one that is half taken or half given back is brought to its end, and then
 * *ret_given_back is TRUE. One of an earlier boot is removed: it says nothing of what is there now. A domain's is
 * refused.
 */
static gboolean settle(CcwHost *host, const CcwBusId *id, CcwRecord **ret_record, gboolean *ret_given_back,
                       GError **error)
{
    g_autoptr(CcwRecord) record = NULL;

    *ret_given_back = FALSE;
    if (!is_announced_by_none(host, id, error))
        return FALSE;
    if (!ccw_journal_load(host, id, &record, error))
        return FALSE;
    if (!record && !ccw_journal_remove(host, id, error))
        return FALSE;
    if (record && record->domain && record->state != CCW_CLAIM_RELEASING)
        return ccw_claim_refuse(host, record, error);
    if (record && !ccw_claim_is_whole(host, record)) {
        if (!ccw_steps_give_back(host, record, error))
            return FALSE;
        *ret_given_back = TRUE;
        g_clear_pointer(&record, ccw_record_free);
    }
    *ret_record = g_steal_pointer(&record);
    return TRUE;
}

static gboolean keep(CcwHost *host, const CcwBusId *id, GError **error)
{
    g_autoptr(CcwRecord) record = NULL;

    if (!ccw_journal_load(host, id, &record, error))
        return FALSE;
    if (!record || ccw_claim_own(host, record, NULL, error))
        return TRUE;
    ccw_steps_give_back(host, record, NULL);
    return FALSE;
}

gboolean ccw_host_detach(CcwHost *host, const CcwBusId *id, GError **error)
{
    g_autofree char *token = own_token(host);
    g_autoptr(CcwRecord) record = NULL;
    g_auto(CcwLockFd) lock = -1;
    gboolean taken, given_back;

    if (!ccw_claim_lock(host, id, &lock, error) || !settle(host, id, &record, &given_back, error))
        return FALSE;
    if (record)
        return TRUE;
    return ccw_claim_take(host, id, NULL, token, &taken, error) && (!taken || keep(host, id, error));
}

gboolean ccw_host_detach_as_of(CcwHost *host, const CcwBusId *id, gint64 as_of G_GNUC_UNUSED, gboolean *ret_stale,
                               GError **error)
{
    *ret_stale = FALSE;
    return ccw_host_detach(host, id, error);
}

/* The mediated device that stands in the way of unbinding vfio_ccw, or NULL: that with our UUID does not. */
static const char *stranger(const CcwHostDevice *device)
{
    char uuid[CCW_UUID_STR_LEN];

    ccw_uuid_encode(&device->bus_id, uuid);
    for (gsize i = 0; device->mdevs[i]; i++)
        if (g_ascii_strcasecmp(device->mdevs[i], uuid) != 0)
            return device->mdevs[i];
    return NULL;
}

/*
 * There is no record of what was found. It goes to the driver that channel devices have, as libvirt does it with PCI
 * devices, from vfio_ccw or from no driver.
 */
static gboolean reattach_unknown(CcwHost *host, const CcwBusId *id, CcwVfioHold hold, GError **error)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, id, error);
    g_autoptr(CcwRecord) record = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    if (!device)
        return FALSE;
    if (device->driver && strcmp(device->driver, DRIVER_VFIO) != 0)
        return TRUE;
    if (stranger(device)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s cannot be reattached: its subchannel holds mediated device %s, which is not ours: "
                    "remove that first",
                    ccw_bus_id_format(id, buf), stranger(device));
        return FALSE;
    }
    record = ccw_claim_record(host, device, NULL, NULL);
    g_free(record->found_driver);
    record->found_driver = g_strdup(DRIVER_IO);
    g_free(record->found_override);
    record->found_override = g_strdup("");
    record->found_online = 0;
    record->steps = 1u << CCW_STEP_OVERRIDE | 1u << CCW_STEP_UNBIND | 1u << CCW_STEP_BIND | 1u << CCW_STEP_MDEV;
    return ccw_steps_give_back_held(host, record, hold, error);
}

gboolean ccw_host_reattach_as_of(CcwHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_stale, GError **error)
{
    g_autoptr(CcwRecord) record = NULL;
    g_auto(CcwVfioHold) hold = -1;
    g_auto(CcwLockFd) lock = -1;
    gboolean given_back;

    if (!ccw_claim_lock(host, id, &lock, error) || !settle(host, id, &record, &given_back, error))
        return FALSE;
    *ret_stale = record && record->since > as_of;
    if (*ret_stale)
        return TRUE;
    if (!is_idle(host, id, &hold, error))
        return FALSE;
    if (record)
        return ccw_steps_give_back_held(host, record, hold, error);
    return given_back || reattach_unknown(host, id, hold, error);
}

gboolean ccw_host_reattach(CcwHost *host, const CcwBusId *id, GError **error)
{
    gboolean stale;

    return ccw_host_reattach_as_of(host, id, G_MAXINT64, &stale, error);
}

gboolean ccw_host_reset_as_of(CcwHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_stale, GError **error)
{
    g_autofree char *token = own_token(host);
    g_autoptr(CcwHostDevice) device = NULL;
    g_autoptr(CcwRecord) record = NULL;
    g_auto(CcwVfioHold) hold = -1;
    g_auto(CcwDiskHold) disk = -1;
    g_auto(CcwLockFd) lock = -1;
    gboolean given_back;

    if (!ccw_claim_lock(host, id, &lock, error) || !settle(host, id, &record, &given_back, error))
        return FALSE;
    *ret_stale = record && record->since > as_of;
    if (*ret_stale)
        return TRUE;
    if (record)
        return is_idle(host, id, &hold, error);
    device = ccw_host_lookup(host, id, error);
    if (!device)
        return FALSE;
    if (device->online != 1) /* nothing is done to it, and no start of a domain with it is noted: it is not asked for */
        return TRUE;
    /* One without a path would go offline, and not come back. */
    if (!ccw_state_check(host, device, error) || !ccw_in_use_check(host, device, &disk, error))
        return FALSE;
    record = ccw_claim_record(host, device, NULL, token);
    return ccw_steps_restart(host, record, &disk, error);
}

gboolean ccw_host_reset(CcwHost *host, const CcwBusId *id, GError **error)
{
    gboolean stale;

    return ccw_host_reset_as_of(host, id, G_MAXINT64, &stale, error);
}
