/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a domain may take a device, and the taking. Decisions only; steps.c does the writes, journal.c keeps
 * the records; what becomes of a claim is release.c's and reconcile.c's.
 */
#include "hostdev/claim.h"

#include <string.h>

#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/state.h"
#include "css/sysfs.h"
#include "hostdev/claim-private.h"
#include "hostdev/entries.h"
#include "hostdev/journal.h"
#include "hostdev/steps.h"
#include "util/error.h"

gboolean ccw_claim_is_whole(CcwHost *host, const CcwRecord *record)
{
    /* Taking by hand is through before the lock is let go: what is pending still was killed in it. */
    return record->state != CCW_CLAIM_RELEASING && (record->domain || ccw_entry_is_by_hand(record)) &&
           ccw_entry_has_mdev(host, record);
}

/* --- claim --- */

typedef enum {
    PRIOR_NONE, /* nothing in the journal (any more): take it */
    PRIOR_HELD, /* this domain has it already, or it was detached by hand */
    PRIOR_REFUSED,
} Prior;

gboolean ccw_claim_refuse(CcwHost *host, const CcwRecord *record, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN];
    gboolean stale = ccw_entry_is_stale(host, record);
    gboolean is_lease = g_str_has_prefix(record->domain, CCW_OWNER_QEMU_CCW);
    const char *kind = is_lease ? "qemu-ccw, process" : "domain";
    const char *who = record->domain + (is_lease ? strlen(CCW_OWNER_QEMU_CCW) : 0);
    g_autofree char *name = host->domains ? host->domains->name(record->domain, host->domains_data) : NULL;

    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by %s %s%s",
                ccw_bus_id_format(&record->device, buf), name ? "driver QEMU, domain" : kind, /* as libvirt does */
                name ? name : who,
                stale ? ", and the process that took it has ended: 'virt-ccw reconcile' decides who has it" : "");
    return FALSE;
}

/*
 * A domain had it, and has it no more: it was taken out of the machine and came back, or its mdev was removed. Not
 * while a process is taking it, which may be about to make one.
 */
static gboolean is_bereft(CcwHost *host, const CcwRecord *record)
{
    return (record->state == CCW_CLAIM_OWNED || ccw_entry_is_stale(host, record)) && !ccw_entry_has_mdev(host, record);
}

gboolean ccw_claim_is_anothers(CcwHost *host, const CcwRecord *record, const char *domain_uuid)
{
    return record->state != CCW_CLAIM_RELEASING && record->domain && !ccw_entry_is_of(record, domain_uuid) &&
           !is_bereft(host, record);
}

/*
 * Who starts a domain answers for what it has already: an attach to it that libvirt has not answered can only fail now,
 * and would roll back what the guest is about to get; and what an earlier run of it left is this one's. An attach
 * (its token is announced) answers for what another process took only if that has ended.
 */
static gboolean takes_over(CcwHost *host, const CcwRecord *record, const char *token)
{
    g_autofree char *announced = ccw_journal_announced(host, &record->device);

    if (ccw_entry_is_by_hand(record) || g_strcmp0(record->token, token) == 0)
        return FALSE;
    return ccw_entry_is_stale(host, record) || g_strcmp0(announced, token) != 0;
}

/* What an entry that is there already means for a claim. The device's lock is held. */
static Prior settle_prior(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                          gboolean *ret_taken, GError **error)
{
    g_autoptr(CcwRecord) record = NULL;

    if (!ccw_journal_load(host, id, &record, error))
        return PRIOR_REFUSED;
    if (!record)
        return PRIOR_NONE;
    if (ccw_claim_is_anothers(host, record, domain_uuid)) {
        ccw_claim_refuse(host, record, error);
        return PRIOR_REFUSED;
    }
    if (record->state == CCW_CLAIM_PENDING && !record->steps) /* reserved (claim-all.c); nothing was done to it */
        return ccw_journal_remove(host, id, error) ? PRIOR_NONE : PRIOR_REFUSED;
    /* Half taken, half given back, or its mdev was removed under us: back to the beginning first. */
    if (!ccw_claim_is_whole(host, record))
        return ccw_steps_give_back(host, record, error) ? PRIOR_NONE : PRIOR_REFUSED;

    *ret_taken = takes_over(host, record, token);
    if (*ret_taken) {
        record->state = CCW_CLAIM_PENDING;
        g_free(record->token);
        record->token = g_strdup(token);
    }
    record->since = ccw_host_clock(); /* whoever looked before this does not know */
    return ccw_journal_save(host, record, error) ? PRIOR_HELD : PRIOR_REFUSED;
}

/* *ret_foreign: our mdev is there, and this journal has no entry for it. */
static gboolean check_subchannel(CcwHost *host, const CcwHostDevice *device, gboolean *ret_foreign, GError **error)
{
    char buf[CCW_BUS_ID_STR_LEN], sub[CCW_BUS_ID_STR_LEN], uuid[CCW_UUID_STR_LEN];
    g_autofree char *vfio = ccw_host_path(host, "bus/css/drivers/vfio_ccw");
    g_autofree char *mdev = ccw_host_path(host, "bus/mdev/devices/%s", ccw_uuid_encode(&device->bus_id, uuid));

    ccw_bus_id_format(&device->bus_id, buf);
    ccw_bus_id_format(&device->subchannel, sub);
    *ret_foreign = device->mdevs[0] && g_ascii_strcasecmp(device->mdevs[0], uuid) == 0;
    if (*ret_foreign)
        return TRUE;
    if (device->mdevs[0])
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s cannot be taken: its subchannel %s holds mediated device %s already", buf, sub,
                    device->mdevs[0]);
    else if (g_file_test(mdev, G_FILE_TEST_EXISTS))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s cannot be taken: its mediated device %s is on another subchannel than %s", buf, uuid,
                    sub);
    else if (device->driver && strcmp(device->driver, "io_subchannel") != 0 && strcmp(device->driver, "vfio_ccw") != 0)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "ccw device %s cannot be taken: its subchannel %s is bound to %s, not to io_subchannel", buf, sub,
                    device->driver);
    else if (!g_file_test(vfio, G_FILE_TEST_IS_DIR))
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "ccw device %s cannot be taken: the kernel module vfio_ccw is not loaded", buf);
    else
        return TRUE;
    return FALSE;
}

CcwRecord *ccw_claim_record(CcwHost *host, const CcwHostDevice *device, const char *domain_uuid, const char *token)
{
    CcwRecord *record = g_new0(CcwRecord, 1);
    char buf[CCW_BUS_ID_STR_LEN], sub[CCW_BUS_ID_STR_LEN];
    g_autofree char *dir = ccw_host_path(host, "bus/css/devices/%s", ccw_bus_id_format(&device->subchannel, sub));
    g_autofree char *ccw = g_build_filename(dir, ccw_bus_id_format(&device->bus_id, buf), NULL);
    g_autofree char *override = ccw_sysfs_attr(dir, "driver_override");

    record->device = device->bus_id;
    record->subchannel = device->subchannel;
    record->state = CCW_CLAIM_PENDING;
    record->since = ccw_host_clock();
    record->domain = domain_uuid ? g_ascii_strdown(domain_uuid, -1) : NULL;
    record->token = g_strdup(token);
    record->found_online = device->online;
    record->found_driver = g_strdup(device->driver);
    /* An unset one reads "(null)" (drivers/s390/cio/css.c). */
    record->found_override = g_strdup(override && strcmp(override, "(null)") != 0 ? override : "");
    if (device->online == 1)
        ccw_dasd_settings_read(ccw, &record->found_settings);
    return record;
}

/* Takes it, or leaves all as it was. */
static gboolean take(CcwHost *host, const CcwHostDevice *device, const char *domain_uuid, const char *token,
                     CcwDiskHold *hold, GError **error)
{
    g_autoptr(CcwRecord) record = ccw_claim_record(host, device, domain_uuid, token);
    g_autoptr(GError) take_error = NULL;
    g_autoptr(GError) back_error = NULL;

    if (ccw_steps_take(host, record, hold, &take_error))
        return TRUE;
    if (ccw_steps_give_back(host, record, &back_error))
        g_propagate_error(error, g_steal_pointer(&take_error));
    else
        g_set_error(error, take_error->domain, take_error->code,
                    "%s; giving it back to the host failed, too (%s), and will be tried again when the device is used "
                    "next",
                    take_error->message, back_error->message);
    return FALSE;
}

gboolean ccw_claim_take(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                        gboolean *ret_taken, GError **error)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, id, error);
    g_auto(CcwDiskHold) hold = -1;
    gboolean foreign;

    if (!device || !check_subchannel(host, device, &foreign, error))
        return FALSE;
    if (!foreign && (!ccw_state_check(host, device, error) || !ccw_in_use_check(host, device, &hold, error) ||
                     !take(host, device, domain_uuid, token, &hold, error)))
        return FALSE;
    *ret_taken = !foreign;
    return TRUE;
}

gboolean ccw_claim_lock(CcwHost *host, const CcwBusId *id, CcwLockFd *ret_lock, GError **error)
{
    int lock;

    if (!ccw_journal_has(host, id)) { /* no lock file for what is not there */
        g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, id, error);

        if (!device)
            return FALSE;
    }
    lock = ccw_journal_lock(host, id, error);
    if (lock < 0)
        return FALSE;
    *ret_lock = lock;
    return TRUE;
}

/* A domain's UUID, which a client chooses, or what launcher/lease.c has in its place, which is no UUID. */
gboolean ccw_claim_check_arguments(const char *domain_uuid, const char *token, GError **error)
{
    gboolean is_uuid = domain_uuid && g_uuid_string_is_valid(domain_uuid);
    gboolean is_lease = domain_uuid && g_str_has_prefix(domain_uuid, CCW_OWNER_QEMU_CCW);

    if (token && is_uuid && ccw_journal_is_reserved(domain_uuid)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "domain UUID %s is reserved for qemu-ccw: give the domain another one", domain_uuid);
        return FALSE;
    }
    if (token && (is_uuid || is_lease))
        return TRUE;
    if (token)
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' is not a domain UUID", domain_uuid ? domain_uuid : "");
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "the process that a device was to be taken for has ended");
    return FALSE;
}

gboolean ccw_host_claim(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                        gboolean *ret_taken, GError **error)
{
    g_auto(CcwLockFd) lock = -1;
    gboolean taken = FALSE;
    Prior prior;

    if (!ccw_claim_check_arguments(domain_uuid, token, error) || !ccw_claim_lock(host, id, &lock, error))
        return FALSE;
    prior = settle_prior(host, id, domain_uuid, token, &taken, error);
    if (prior == PRIOR_REFUSED)
        return FALSE;
    if (prior == PRIOR_NONE && !ccw_claim_take(host, id, domain_uuid, token, &taken, error))
        return FALSE;
    *ret_taken = taken;
    return TRUE;
}
