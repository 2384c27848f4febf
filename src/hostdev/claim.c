/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decides whether a domain may acquire a device. steps.c does the writes, journal.c stores the records, and release.c
 * and reconcile.c end a claim.
 */
#include "hostdev/claim.h"

#include <string.h>

#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/state.h"
#include "css/sysfs.h"
#include "css/udev.h"
#include "hostdev/claim-private.h"
#include "hostdev/entries.h"
#include "hostdev/journal.h"
#include "hostdev/steps.h"
#include "util/error.h"

gboolean hostdev_claim_is_whole(CssHost *host, const HostdevRecord *record)
{
    /* An administrator's detach finishes before it unlocks: if its entry is still pending, its process was killed. */
    return record->state != HOSTDEV_CLAIM_RELEASING &&
           (hostdev_owner_kind(record->owner) != HOSTDEV_OWNER_ADMINISTRATOR || hostdev_entry_is_detached(record)) &&
           hostdev_entry_has_mdev(host, record);
}

gboolean hostdev_claim_set_busy(CssHost *host, const HostdevRecord *record, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];
    gboolean is_stale = hostdev_entry_is_stale(host, record);
    gboolean is_qemu_ccw = hostdev_owner_kind(record->owner) == HOSTDEV_OWNER_QEMU_CCW;
    const char *kind = is_qemu_ccw ? "qemu-ccw, process" : "domain";
    const char *text = record->owner + (is_qemu_ccw ? strlen(HOSTDEV_QEMU_CCW_PREFIX) : 0);
    g_autofree char *name = host->domains ? host->domains->name(record->owner, host->domains_data) : NULL;

    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by %s %s%s",
                ccw_bus_id_format(&record->device, buf), name ? "driver QEMU, domain" : kind, /* libvirt's words */
                name ? name : text,
                is_stale ? ", and the process that acquired it has ended: run 'virt-ccw reconcile', which releases the "
                           "device or notes "
                           "its domain"
                         : "");
    return FALSE;
}

/*
 * Whether the entry's domain has lost the device: the device was removed from the machine and came back, or its mdev
 * was removed. While a process acquires the device, the mdev may be about to appear.
 */
static gboolean has_lost_mdev(CssHost *host, const HostdevRecord *record)
{
    return (record->state == HOSTDEV_CLAIM_OWNED || hostdev_entry_is_stale(host, record)) &&
           !hostdev_entry_has_mdev(host, record);
}

gboolean hostdev_claim_is_anothers(CssHost *host, const HostdevRecord *record, const char *owner)
{
    return record->state != HOSTDEV_CLAIM_RELEASING &&
           hostdev_owner_kind(record->owner) != HOSTDEV_OWNER_ADMINISTRATOR && !hostdev_entry_is_of(record, owner) &&
           !has_lost_mdev(host, record);
}

/*
 * Whether a claim puts its token into an entry that its domain has already. The start of a domain does: an attach
 * to this domain that libvirt has not answered can only fail now, and must not roll back the device that the guest is
 * about to get; and an entry may be left from an earlier start of the domain. An attach, which has announced its
 * token, does so only if the process of the entry's token has ended.
 */
static gboolean takes_over(CssHost *host, const HostdevRecord *record, const char *token)
{
    g_autofree char *announced = hostdev_journal_announced(host, &record->device);

    if (hostdev_entry_is_detached(record) || g_strcmp0(record->token, token) == 0)
        return FALSE;
    return hostdev_entry_is_stale(host, record) || g_strcmp0(announced, token) != 0;
}

typedef enum {
    ENTRY_NONE,   /* the device has no entry (any more) */
    ENTRY_USABLE, /* this owner has the device already, or an administrator has detached it */
    ENTRY_ERROR,
} EntryResult;

/*
 * Decides whether a claim can use the device's entry; removes an entry that is not complete. The caller has locked the
 * device.
 */
static EntryResult use_entry(CssHost *host, const CcwBusId *id, const char *owner, const char *token,
                             gboolean *ret_acquired, GError **error)
{
    g_autoptr(HostdevRecord) record = NULL;

    if (!hostdev_journal_load(host, id, &record, error))
        return ENTRY_ERROR;
    if (!record)
        return ENTRY_NONE;
    if (hostdev_claim_is_anothers(host, record, owner)) {
        hostdev_claim_set_busy(host, record, error);
        return ENTRY_ERROR;
    }
    if (record->state == HOSTDEV_CLAIM_PENDING && !record->steps) /* reserved, by claim-all.c */
        return hostdev_journal_remove(host, id, error) ? ENTRY_NONE : ENTRY_ERROR;
    if (!hostdev_claim_is_whole(host, record))
        return hostdev_steps_release(host, record, error) ? ENTRY_NONE : ENTRY_ERROR;

    *ret_acquired = takes_over(host, record, token);
    if (*ret_acquired) {
        record->state = HOSTDEV_CLAIM_PENDING;
        g_free(record->token);
        record->token = g_strdup(token);
    }
    record->since = css_host_clock(); /* reconcile skips the entry if its list of domains is older */
    return hostdev_journal_save(host, record, error) ? ENTRY_USABLE : ENTRY_ERROR;
}

/* *ret_is_prepared: another program has made the device's mdev: the journal has no entry for it. */
static gboolean check_subchannel(CssHost *host, const CssDevice *device, gboolean *ret_is_prepared, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN], sub[CCW_BUS_ID_STR_LEN], uuid[CONF_UUID_STR_LEN];
    g_autofree char *vfio = css_host_path(host, "bus/css/drivers/vfio_ccw");
    g_autofree char *mdev = css_host_path(host, "bus/mdev/devices/%s", conf_uuid_encode(&device->bus_id, uuid));

    ccw_bus_id_format(&device->bus_id, buf);
    ccw_bus_id_format(&device->subchannel, sub);
    *ret_is_prepared = device->mdevs[0] && g_ascii_strcasecmp(device->mdevs[0], uuid) == 0;
    if (*ret_is_prepared)
        return TRUE;
    if (device->mdevs[0])
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "cannot acquire ccw device %s: its subchannel %s holds mediated device %s already", buf, sub,
                    device->mdevs[0]);
    else if (g_file_test(mdev, G_FILE_TEST_EXISTS))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "cannot acquire ccw device %s: its mediated device %s is on another subchannel than %s", buf, uuid,
                    sub);
    else if (device->driver && strcmp(device->driver, CSS_DRIVER_IO) != 0 &&
             strcmp(device->driver, CSS_DRIVER_VFIO) != 0)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "cannot acquire ccw device %s: its subchannel %s is bound to %s, not to io_subchannel", buf, sub,
                    device->driver);
    else if (!g_file_test(vfio, G_FILE_TEST_IS_DIR))
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "cannot acquire ccw device %s: the kernel module vfio_ccw is not loaded", buf);
    else
        return TRUE;
    return FALSE;
}

HostdevRecord *hostdev_claim_record(CssHost *host, const CssDevice *device, const char *owner, const char *token)
{
    HostdevRecord *record = g_new0(HostdevRecord, 1);
    char buf[CCW_BUS_ID_STR_LEN], sub[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = css_host_path(host, "bus/css/devices/%s", ccw_bus_id_format(&device->subchannel, sub));
    g_autofree char *ccw = g_build_filename(dir, ccw_bus_id_format(&device->bus_id, buf), NULL);
    g_autofree char *override = css_sysfs_attr(dir, "driver_override");

    record->device = device->bus_id;
    record->subchannel = device->subchannel;
    record->state = HOSTDEV_CLAIM_PENDING;
    record->since = css_host_clock();
    record->owner = owner ? g_ascii_strdown(owner, -1) : NULL;
    record->token = g_strdup(token);
    record->found_online = device->online;
    record->found_driver = g_strdup(device->driver);
    /* driver_override reads "(null)" if it is not set (drivers/s390/cio/css.c). */
    record->found_override = g_strdup(override && strcmp(override, "(null)") != 0 ? override : "");
    record->found_devtype = g_strdup(device->devtype);
    record->found_cutype = g_strdup(device->cutype);
    record->found_volser = css_udev_volser(host, device);
    if (device->online == 1)
        hostdev_dasd_settings_read(ccw, &record->found_settings);
    return record;
}

/* Does all steps, or undoes those that it has done. */
static gboolean acquire(CssHost *host, const CssDevice *device, const char *owner, const char *token,
                        CssDiskFd *disk_fd, GError **error)
{
    g_autoptr(HostdevRecord) record = hostdev_claim_record(host, device, owner, token);
    g_autoptr(GError) acquire_error = NULL;
    g_autoptr(GError) release_error = NULL;

    if (hostdev_steps_acquire(host, record, disk_fd, &acquire_error))
        return TRUE;
    if (hostdev_steps_release(host, record, &release_error))
        g_propagate_error(error, g_steal_pointer(&acquire_error));
    else
        g_set_error(error, acquire_error->domain, acquire_error->code,
                    "%s; its release failed, too (%s), and the next use of the device tries that again",
                    acquire_error->message, release_error->message);
    return FALSE;
}

gboolean hostdev_claim_acquire(CssHost *host, const CcwBusId *id, const char *owner, const char *token,
                               gboolean *ret_acquired, GError **error)
{
    g_autoptr(CssDevice) device = css_host_lookup(host, id, error);
    g_auto(CssDiskFd) disk_fd = -1;
    gboolean is_prepared;

    if (!device || !check_subchannel(host, device, &is_prepared, error))
        return FALSE;
    if (!is_prepared && (!css_state_check(host, device, error) || !css_in_use_check(host, device, &disk_fd, error) ||
                         !acquire(host, device, owner, token, &disk_fd, error)))
        return FALSE;
    *ret_acquired = !is_prepared;
    return TRUE;
}

gboolean hostdev_claim_lock(CssHost *host, const CcwBusId *id, HostdevLockFd *ret_lock, GError **error)
{
    int lock;

    if (!hostdev_journal_has(host, id)) { /* do not make a lock file for a device that does not exist */
        g_autoptr(CssDevice) device = css_host_lookup(host, id, error);

        if (!device)
            return FALSE;
    }
    lock = hostdev_journal_lock(host, id, error);
    if (lock < 0)
        return FALSE;
    *ret_lock = lock;
    return TRUE;
}

/* Clients choose a domain's UUID. launcher/host-devices.c passes the owner of a qemu-ccw. */
gboolean hostdev_claim_check_arguments(const char *owner, const char *token, GError **error)
{
    gboolean is_uuid = owner && g_uuid_string_is_valid(owner);
    gboolean is_qemu_ccw = hostdev_owner_kind(owner) == HOSTDEV_OWNER_QEMU_CCW;

    if (token && is_uuid && hostdev_record_is_qemu_ccw_uuid(owner)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "domain UUID %s is reserved for qemu-ccw: give the domain another one", owner);
        return FALSE;
    }
    if (token && (is_uuid || is_qemu_ccw))
        return TRUE;
    if (token)
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' is not a domain UUID", owner ? owner : "");
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "the process for which a device was to be acquired has ended");
    return FALSE;
}

gboolean hostdev_claim(CssHost *host, const CcwBusId *id, const char *owner, const char *token, gboolean *ret_acquired,
                       GError **error)
{
    g_auto(HostdevLockFd) lock = -1;
    gboolean is_acquired = FALSE;
    EntryResult entry;

    if (!hostdev_claim_check_arguments(owner, token, error) || !hostdev_claim_lock(host, id, &lock, error))
        return FALSE;
    entry = use_entry(host, id, owner, token, &is_acquired, error);
    if (entry == ENTRY_ERROR)
        return FALSE;
    if (entry == ENTRY_NONE && !hostdev_claim_acquire(host, id, owner, token, &is_acquired, error))
        return FALSE;
    *ret_acquired = is_acquired;
    return TRUE;
}
