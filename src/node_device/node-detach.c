/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides about the operations; hostdev/steps.c does the writes. A journal entry of this file names no domain. */
#include "node_device/node-detach.h"

#include <string.h>
#include <unistd.h>

#include "conf/uuid.h"
#include "css/device.h"
#include "css/fuser.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/state.h"
#include "hostdev/claim-private.h"
#include "hostdev/journal.h"
#include "hostdev/process.h"
#include "hostdev/steps.h"
#include "util/error.h"

/* Identifies this process in a pending entry: if it is killed, another process releases the device. */
static char *own_token(CssHost *host)
{
    char *token = hostdev_process_identify(host, getpid());

    return token ? token : g_strdup("0:0");
}

/*
 * Checks that no process has the mdev open: also a QEMU that libvirt does not know would lose a disk. *ret_group_fd
 * keeps other processes from the mdev. The caller has made sure that no domain is about to get the device
 * (css/vfio-group.h).
 */
static gboolean check_idle(CssHost *host, const CcwBusId *id, CssVfioGroupFd *ret_group_fd, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN], uuid[CONF_UUID_STR_LEN];
    g_autofree char *user = NULL;
    CssVfioUse use = css_vfio_group_open(host, conf_uuid_encode(id, uuid), ret_group_fd, error);

    if (use != CSS_VFIO_IN_USE)
        return use == CSS_VFIO_FREE;
    user = css_mdev_describe_user(host, uuid);
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                "ccw device %s is in use by a guest: its mediated device is open by %s", ccw_bus_id_format(id, buf),
                user);
    return FALSE;
}

/*
 * Checks that no other process has announced an attach, which may find the present mdev. hostdev/manager.c knows the
 * attaches of this process.
 */
static gboolean check_not_announced(CssHost *host, const CcwBusId *id, GError **error)
{
    g_autofree char *token = hostdev_journal_announced(host, id);
    g_autofree char *own = own_token(host);
    char buf[CCW_BUS_ID_STR_LEN];

    if (!token || strcmp(token, own) == 0 || !hostdev_process_is_live(host, token))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use: it is being attached to a domain",
                ccw_bus_id_format(id, buf));
    return FALSE;
}

/*
 * Returns the entry of an administrator's detach, or NULL if the journal has no such entry. Removes an entry of an
 * earlier boot. Releases a device whose steps are not complete, and then sets *ret_is_released. Fails if the entry
 * names a domain or a qemu-ccw.
 */
static gboolean load_entry(CssHost *host, const CcwBusId *id, HostdevRecord **ret_record, gboolean *ret_is_released,
                           GError **error)
{
    g_autoptr(HostdevRecord) record = NULL;

    *ret_is_released = FALSE;
    if (!check_not_announced(host, id, error))
        return FALSE;
    if (!hostdev_journal_load(host, id, &record, error))
        return FALSE;
    if (!record && !hostdev_journal_remove(host, id, error))
        return FALSE;
    if (record && hostdev_owner_kind(record->owner) != HOSTDEV_OWNER_ADMINISTRATOR &&
        record->state != HOSTDEV_CLAIM_RELEASING)
        return hostdev_claim_set_busy(host, record, error);
    if (record && !hostdev_claim_is_whole(host, record)) {
        if (!hostdev_steps_release(host, record, error))
            return FALSE;
        *ret_is_released = TRUE;
        g_clear_pointer(&record, hostdev_record_free);
    }
    *ret_record = g_steal_pointer(&record);
    return TRUE;
}

/* Makes an administrator the owner of the pending entry, or releases the device. */
static gboolean own_entry(CssHost *host, const CcwBusId *id, GError **error)
{
    g_autoptr(HostdevRecord) record = NULL;

    if (!hostdev_journal_load(host, id, &record, error))
        return FALSE;
    if (!record || hostdev_claim_own(host, record, NULL, error))
        return TRUE;
    hostdev_steps_release(host, record, NULL);
    return FALSE;
}

gboolean nodedev_detach(CssHost *host, const CcwBusId *id, GError **error)
{
    g_autofree char *token = own_token(host);
    g_autoptr(HostdevRecord) record = NULL;
    g_auto(HostdevLockFd) lock = -1;
    gboolean is_acquired, is_released;

    if (!hostdev_claim_lock(host, id, &lock, error) || !load_entry(host, id, &record, &is_released, error))
        return FALSE;
    if (record)
        return TRUE;
    return hostdev_claim_acquire(host, id, NULL, token, &is_acquired, error) &&
           (!is_acquired || own_entry(host, id, error));
}

gboolean nodedev_detach_as_of(CssHost *host, const CcwBusId *id, gint64 as_of G_GNUC_UNUSED, gboolean *ret_outdated,
                              GError **error)
{
    *ret_outdated = FALSE;
    return nodedev_detach(host, id, error);
}

/*
 * Returns a mediated device of another program, which the user must remove first, or NULL if the subchannel has none.
 */
static const char *foreign_mdev(const CssDevice *device)
{
    char uuid[CONF_UUID_STR_LEN];

    conf_uuid_encode(&device->bus_id, uuid);
    for (gsize i = 0; device->mdevs[i]; i++)
        if (g_ascii_strcasecmp(device->mdevs[i], uuid) != 0)
            return device->mdevs[i];
    return NULL;
}

/*
 * Reattaches a device without an entry, whose earlier state is unknown. Binds it to the usual driver of channel
 * devices, if it has vfio_ccw or no driver: libvirt does so with PCI devices.
 */
static gboolean reattach_unknown(CssHost *host, const CcwBusId *id, CssVfioGroupFd group_fd, GError **error)
{
    g_autoptr(CssDevice) device = css_host_lookup(host, id, error);
    g_autoptr(HostdevRecord) record = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    if (!device)
        return FALSE;
    if (device->driver && strcmp(device->driver, CSS_DRIVER_VFIO) != 0)
        return TRUE;
    if (foreign_mdev(device)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s cannot be reattached: its subchannel holds mediated device %s, which another "
                    "program has made: remove that first",
                    ccw_bus_id_format(id, buf), foreign_mdev(device));
        return FALSE;
    }
    record = hostdev_claim_record(host, device, NULL, NULL);
    g_free(record->found_driver);
    record->found_driver = g_strdup(CSS_DRIVER_IO);
    g_free(record->found_override);
    record->found_override = g_strdup("");
    record->found_online = 0;
    record->steps =
        1u << HOSTDEV_STEP_OVERRIDE | 1u << HOSTDEV_STEP_UNBIND | 1u << HOSTDEV_STEP_BIND | 1u << HOSTDEV_STEP_MDEV;
    return hostdev_steps_release_with_group(host, record, group_fd, error);
}

gboolean nodedev_reattach_as_of(CssHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_outdated, GError **error)
{
    g_autoptr(HostdevRecord) record = NULL;
    g_auto(CssVfioGroupFd) group_fd = -1;
    g_auto(HostdevLockFd) lock = -1;
    gboolean is_released;

    if (!hostdev_claim_lock(host, id, &lock, error) || !load_entry(host, id, &record, &is_released, error))
        return FALSE;
    *ret_outdated = record && record->since > as_of;
    if (*ret_outdated)
        return TRUE;
    if (!check_idle(host, id, &group_fd, error))
        return FALSE;
    if (record)
        return hostdev_steps_release_with_group(host, record, group_fd, error);
    return is_released || reattach_unknown(host, id, group_fd, error);
}

gboolean nodedev_reattach(CssHost *host, const CcwBusId *id, GError **error)
{
    gboolean outdated;

    return nodedev_reattach_as_of(host, id, G_MAXINT64, &outdated, error);
}

gboolean nodedev_reset_as_of(CssHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_outdated, GError **error)
{
    g_autofree char *token = own_token(host);
    g_autoptr(CssDevice) device = NULL;
    g_autoptr(HostdevRecord) record = NULL;
    g_auto(CssVfioGroupFd) group_fd = -1;
    g_auto(CssDiskFd) disk_fd = -1;
    g_auto(HostdevLockFd) lock = -1;
    gboolean is_released;

    if (!hostdev_claim_lock(host, id, &lock, error) || !load_entry(host, id, &record, &is_released, error))
        return FALSE;
    *ret_outdated = record && record->since > as_of;
    if (*ret_outdated)
        return TRUE;
    if (record)
        return check_idle(host, id, &group_fd, error);
    device = css_host_lookup(host, id, error);
    if (!device)
        return FALSE;
    /* Nothing to do. check_idle() is not allowed here: without an entry, the start of a domain is not visible. */
    if (device->online != 1)
        return TRUE;
    /* A device without a path would go offline, and stay offline. */
    if (!css_state_check(host, device, error) || !css_in_use_check(host, device, &disk_fd, error))
        return FALSE;
    record = hostdev_claim_record(host, device, NULL, token);
    return hostdev_steps_restart(host, record, &disk_fd, error);
}

gboolean nodedev_reset(CssHost *host, const CcwBusId *id, GError **error)
{
    gboolean outdated;

    return nodedev_reset_as_of(host, id, G_MAXINT64, &outdated, error);
}
