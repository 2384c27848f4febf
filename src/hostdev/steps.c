/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/steps.h"

#include <errno.h>
#include <string.h>

#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/openers.h"
#include "css/state.h"
#include "css/sysfs.h"
#include "css/wait.h"
#include "util/error.h"

#define DRIVER_IO "io_subchannel"
#define DRIVER_VFIO "vfio_ccw"
#define MDEV_TYPE "vfio_ccw-io" /* drivers/s390/cio/vfio_ccw_ops.c */

/* What the steps of one device work on. */
typedef struct {
    CcwHost *host;
    CcwRecord *record;
    char device[CCW_BUS_ID_STR_LEN];
    char subchannel[CCW_BUS_ID_STR_LEN];
    char uuid[CCW_UUID_STR_LEN];
    char *css_dir;    /* of the subchannel */
    char *has_now;    /* the device that it has, by its dev_busid; NULL: it has none, or is not there */
    char *ccw_dir;    /* of the ccw device */
    CcwVfioHold held; /* the caller's; -1: none */
} Walk;

static void walk_init(Walk *walk, CcwHost *host, CcwRecord *record, const CcwBusId *subchannel)
{
    walk->host = host;
    walk->record = record;
    walk->held = -1;
    ccw_bus_id_format(&record->device, walk->device);
    ccw_bus_id_format(subchannel, walk->subchannel);
    ccw_uuid_encode(&record->device, walk->uuid);
    walk->css_dir = ccw_host_path(host, "bus/css/devices/%s", walk->subchannel);
    walk->has_now = ccw_sysfs_attr(walk->css_dir, "dev_busid");
    walk->ccw_dir = ccw_host_path(host, "bus/ccw/devices/%s", walk->device);
}

static void walk_clear(Walk *walk)
{
    g_free(walk->css_dir);
    g_free(walk->has_now);
    g_free(walk->ccw_dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)

static int write_attr(Walk *walk, const char *dir, const char *name, const char *value)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    return walk->host->ops->attr_write(path, value, walk->host->ops_data);
}

static int write_driver(Walk *walk, const char *driver, const char *name)
{
    g_autofree char *dir = ccw_host_path(walk->host, "bus/css/drivers/%s", driver);

    return write_attr(walk, dir, name, walk->subchannel);
}

static gboolean driver_is(Walk *walk, const char *driver)
{
    g_autofree char *now = ccw_sysfs_link_name(walk->css_dir, "driver");

    return g_strcmp0(now, driver) == 0;
}

static gboolean attr_is(const char *dir, const char *name, const char *value)
{
    g_autofree char *now = ccw_sysfs_attr(dir, name);

    return g_strcmp0(now, value) == 0;
}

/*
 * Whether the subchannel has the device that it had when the walk began. A write names a subchannel by its number, and
 * the machine may change behind it (z/VM's DETACH and ATTACH): then the write would meet another device, which may be
 * mounted. The kernel has no way to make this look and the write one.
 */
static gboolean check_device(Walk *walk, GError **error)
{
    g_autofree char *now = ccw_sysfs_attr(walk->css_dir, "dev_busid");

    if (g_strcmp0(now, walk->has_now) == 0)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "cannot go on with ccw device %s: the machine changed, subchannel %s has device %s now", walk->device,
                walk->subchannel, now ? now : "none");
    return FALSE;
}

/* --- online: written until the kernel is ready for it --- */

typedef struct {
    Walk *walk;
    const char *value;
    int errnum;
} OnlineWrite;

/*
 * TRUE when there is nothing more to try: it is done, or failed for good. Not ready yet are: the ccw device not
 * recognised (ENOENT), without its driver (EINVAL), being set by another process (EAGAIN), or looked at by udev
 * (EBUSY). EINVAL is also the answer to the value it has already.
 */
static gboolean try_online(gpointer data)
{
    OnlineWrite *online = data;

    if (attr_is(online->walk->ccw_dir, "online", online->value)) {
        online->errnum = 0;
        return TRUE;
    }
    online->errnum = write_attr(online->walk, online->walk->ccw_dir, "online", online->value);
    if (online->errnum == EBUSY)
        return !ccw_in_use_is_momentary(online->walk->host, &online->walk->record->device);
    return online->errnum != ENOENT && online->errnum != EINVAL && online->errnum != EAGAIN;
}

static gboolean is_fit(Walk *walk, GError **error)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(walk->host, &walk->record->device, NULL);

    return !device || ccw_state_check(walk->host, device, error);
}

static gboolean set_online(Walk *walk, gboolean value, GError **error)
{
    OnlineWrite online = { .walk = walk, .value = value ? "1" : "0" };

    ccw_wait_until(try_online, &online, walk->host->settle_ms);
    if (!online.errnum)
        return TRUE;
    if (online.errnum == EBUSY && !value)
        return ccw_in_use_explain(walk->host, &walk->record->device, error);
    if (!is_fit(walk, error)) /* not recognised for want of a path (ENOENT), boxed (ENODEV) */
        return FALSE;
    ccw_error_set_errno(error, online.errnum, "cannot set ccw device %s %s", walk->device,
                        value ? "online" : "offline");
    return FALSE;
}

/* --- forward --- */

static gboolean take_offline(Walk *walk, GError **error)
{
    return set_online(walk, FALSE, error);
}

static gboolean take_override(Walk *walk, GError **error)
{
    int errnum = write_attr(walk, walk->css_dir, "driver_override", DRIVER_VFIO);

    if (!errnum)
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot reserve subchannel %s of ccw device %s for " DRIVER_VFIO,
                        walk->subchannel, walk->device);
    return FALSE;
}

static gboolean unbind_driver(Walk *walk, const char *driver, GError **error)
{
    int errnum = write_driver(walk, driver, "unbind");

    if (!errnum || !driver_is(walk, driver)) /* ENODEV: it was not bound any more */
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot unbind subchannel %s of ccw device %s from %s", walk->subchannel,
                        walk->device, driver);
    return FALSE;
}

static gboolean bind_driver(Walk *walk, const char *driver, GError **error)
{
    int errnum = write_driver(walk, driver, "bind");

    if (!errnum || driver_is(walk, driver)) /* EBUSY: it was bound already, by a probe of its own */
        return TRUE;
    if (errnum == ENOENT)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "cannot bind subchannel %s of ccw device %s: the kernel has no driver %s", walk->subchannel,
                    walk->device, driver);
    else
        ccw_error_set_errno(error, errnum, "cannot bind subchannel %s of ccw device %s to %s", walk->subchannel,
                            walk->device, driver);
    return FALSE;
}

static gboolean take_unbind(Walk *walk, GError **error)
{
    return unbind_driver(walk, walk->record->found_driver, error);
}

static gboolean has_create(gpointer data)
{
    Walk *walk = data;

    return ccw_sysfs_has(walk->css_dir, "mdev_supported_types/" MDEV_TYPE "/create");
}

static gboolean take_bind(Walk *walk, GError **error)
{
    if (!bind_driver(walk, DRIVER_VFIO, error))
        return FALSE;
    if (ccw_wait_until(has_create, walk, walk->host->settle_ms))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "subchannel %s of ccw device %s offers no mediated device of type " MDEV_TYPE, walk->subchannel,
                walk->device);
    return FALSE;
}

static gboolean take_mdev(Walk *walk, GError **error)
{
    int errnum = write_attr(walk, walk->css_dir, "mdev_supported_types/" MDEV_TYPE "/create", walk->uuid);

    if (!errnum)
        return TRUE;
    /* EUSERS, EEXIST: another made one between our look and now. */
    if (errnum == EUSERS || errnum == EEXIST)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "subchannel %s of ccw device %s got a mediated device meanwhile",
                    walk->subchannel, walk->device);
    else
        ccw_error_set_errno(error, errnum, "cannot create mediated device %s of ccw device %s", walk->uuid,
                            walk->device);
    return FALSE;
}

static gboolean was_online(const CcwRecord *record)
{
    return record->found_online == 1;
}

static gboolean was_not_vfio(const CcwRecord *record)
{
    return g_strcmp0(record->found_driver, DRIVER_VFIO) != 0;
}

static gboolean was_bound_elsewhere(const CcwRecord *record)
{
    return record->found_driver && was_not_vfio(record);
}

static gboolean always(const CcwRecord *record G_GNUC_UNUSED)
{
    return TRUE;
}

static const struct {
    CcwStep step;
    gboolean (*needed)(const CcwRecord *record);
    gboolean (*take)(Walk *walk, GError **error);
} forward[] = {
    { CCW_STEP_OFFLINE, was_online, take_offline },
    { CCW_STEP_OVERRIDE, was_not_vfio, take_override },
    { CCW_STEP_UNBIND, was_bound_elsewhere, take_unbind },
    { CCW_STEP_BIND, was_not_vfio, take_bind },
    { CCW_STEP_MDEV, always, take_mdev },
};

static gboolean take_step(Walk *walk, gsize nth, CcwDiskHold *hold, GError **error)
{
    gboolean taken = ccw_journal_save(walk->host, walk->record, error) &&
                     (forward[nth].step == CCW_STEP_OFFLINE || check_device(walk, error)) &&
                     forward[nth].take(walk, error);

    if (forward[nth].step == CCW_STEP_OFFLINE)
        ccw_disk_hold_clear(hold);
    return taken;
}

static gboolean take_until(CcwHost *host, CcwRecord *record, CcwStep last, CcwDiskHold *hold, GError **error)
{
    g_auto(Walk) walk = { 0 };

    walk_init(&walk, host, record, &record->subchannel);
    g_free(walk.has_now);
    walk.has_now = g_strdup(walk.device);
    for (gsize i = 0; i < G_N_ELEMENTS(forward); i++) {
        if (forward[i].step > last || !forward[i].needed(record))
            continue;
        record->steps |= 1u << forward[i].step;
        if (!take_step(&walk, i, hold, error))
            return FALSE;
    }
    return last != CCW_STEP_MDEV || check_device(&walk, error); /* the mediated device is of the device */
}

gboolean ccw_steps_take(CcwHost *host, CcwRecord *record, CcwDiskHold *hold, GError **error)
{
    return take_until(host, record, CCW_STEP_MDEV, hold, error);
}

/* --- back --- */

typedef struct {
    CcwHost *host;
    char uuid[CCW_UUID_STR_LEN];
    CcwVfioHold *hold;
    CcwVfioUse use;
    GError **error;
} Opener;

static gboolean is_answered(gpointer data)
{
    Opener *opener = data;

    opener->use = ccw_vfio_hold(opener->host, opener->uuid, opener->hold, opener->error);
    return opener->use != CCW_VFIO_IN_USE;
}

gboolean ccw_steps_hold(CcwHost *host, const CcwRecord *record, guint patience_ms, CcwVfioHold *ret_hold,
                        GError **error)
{
    Opener opener = { .host = host, .hold = ret_hold, .error = error };
    g_autofree char *user = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_uuid_encode(&record->device, opener.uuid);
    if (ccw_wait_until(is_answered, &opener, patience_ms))
        return opener.use == CCW_VFIO_FREE;
    user = ccw_mdev_describe_user(host, opener.uuid);
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                "ccw device %s cannot be given back: %s has it open; it can go back when that process has ended",
                ccw_bus_id_format(&record->device, buf), user);
    return FALSE;
}

/* Held until it is removed, whoever holds it: no process can open it between the kernel's answer and the write. */
static gboolean back_mdev(Walk *walk, GError **error)
{
    g_autofree char *dir = g_build_filename(walk->css_dir, walk->uuid, NULL);
    g_auto(CcwVfioHold) hold = -1;
    int errnum;

    if (!g_file_test(dir, G_FILE_TEST_EXISTS))
        return TRUE;
    if (walk->held < 0 && !ccw_steps_hold(walk->host, walk->record, walk->host->patience_ms, &hold, error))
        return FALSE;
    errnum = write_attr(walk, dir, "remove", "1");
    if (!errnum || !g_file_test(dir, G_FILE_TEST_EXISTS))
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot remove mediated device %s of ccw device %s", walk->uuid, walk->device);
    return FALSE;
}

/* Unbinding would destroy a mediated device without a word. Ours is gone by now: one that is there is another's. */
static gboolean back_bind(Walk *walk, GError **error)
{
    g_auto(GStrv) mdevs = NULL;
    CcwBusId subchannel;

    if (!driver_is(walk, DRIVER_VFIO))
        return TRUE;
    if (ccw_bus_id_parse(walk->subchannel, &subchannel, NULL))
        mdevs = ccw_subchannel_mdevs(walk->host, &subchannel);
    if (mdevs && mdevs[0]) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "subchannel %s of ccw device %s holds mediated device %s, which is not ours: remove that first",
                    walk->subchannel, walk->device, mdevs[0]);
        return FALSE;
    }
    return unbind_driver(walk, DRIVER_VFIO, error);
}

static gboolean write_override(Walk *walk, const char *value, GError **error)
{
    int errnum;

    if (attr_is(walk->css_dir, "driver_override", *value ? value : "(null)"))
        return TRUE;
    errnum = write_attr(walk, walk->css_dir, "driver_override", *value ? value : "\n");
    if (!errnum)
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot restore driver_override of subchannel %s of ccw device %s",
                        walk->subchannel, walk->device);
    return FALSE;
}

/* One that keeps the old driver from being bound again waits until that is done (back_unbind). */
static gboolean back_override(Walk *walk, GError **error)
{
    const CcwRecord *record = walk->record;
    gboolean binds = record->steps & 1u << CCW_STEP_UNBIND;
    gboolean allows = g_strcmp0(record->found_override, record->found_driver) == 0;

    return write_override(walk, binds && !allows ? "" : record->found_override, error);
}

static gboolean has_device(gpointer data)
{
    Walk *walk = data;

    return ccw_sysfs_has(walk->ccw_dir, "online");
}

static gboolean back_unbind(Walk *walk, GError **error)
{
    const char *found = walk->record->found_driver;

    if (!driver_is(walk, found)) {
        /* An unbound subchannel is grabbed when vfio_ccw is loaded. */
        if (strcmp(found, DRIVER_VFIO) != 0 && !back_bind(walk, error))
            return FALSE;
        if (!bind_driver(walk, found, error))
            return FALSE;
    }
    return write_override(walk, walk->record->found_override, error);
}

/* The device is there again, and usable: that one cannot be set is no reason to keep it. */
static void restore_settings(Walk *walk)
{
    for (guint i = 0; i < CCW_DASD_SETTINGS; i++) {
        const char *name = ccw_dasd_setting_name(i);
        const char *value = walk->record->found_settings.values[i];
        int errnum;

        if (!value || attr_is(walk->ccw_dir, name, value))
            continue;
        errnum = write_attr(walk, walk->ccw_dir, name, value);
        if (errnum)
            g_warning("ccw device %s is online again, but its %s cannot be set to %s as before: %s", walk->device, name,
                      value, g_strerror(errnum));
    }
}

static gboolean back_offline(Walk *walk, GError **error)
{
    if (!set_online(walk, TRUE, error))
        return FALSE;
    restore_settings(walk);
    return TRUE;
}

/* In reverse, but that binding the old driver is refused (ENODEV) while driver_override names another. */
static const struct {
    CcwStep step;
    gboolean (*back)(Walk *walk, GError **error);
} backward[] = {
    { CCW_STEP_MDEV, back_mdev },     { CCW_STEP_BIND, back_bind },       { CCW_STEP_OVERRIDE, back_override },
    { CCW_STEP_UNBIND, back_unbind }, { CCW_STEP_OFFLINE, back_offline },
};
G_STATIC_ASSERT(G_N_ELEMENTS(backward) == CCW_STEP_LAST);

/* TRUE if the step needs nothing any more: it is undone, or the subchannel was taken out of the machine. */
static gboolean back_step(Walk *walk, gsize nth, GError **error)
{
    g_autoptr(GError) step_error = NULL;

    if ((backward[nth].step == CCW_STEP_OFFLINE || check_device(walk, &step_error)) &&
        backward[nth].back(walk, &step_error))
        return TRUE;
    if (!g_file_test(walk->css_dir, G_FILE_TEST_EXISTS))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&step_error));
    return FALSE;
}

/* --- a subchannel that the device has left --- */

/* Whether the journal says that a device was taken; an entry that is not understood may say so. */
static gboolean has_entry(CcwHost *host, const char *device)
{
    g_autoptr(CcwRecord) record = NULL;
    CcwBusId id;

    return device && ccw_bus_id_parse(device, &id, NULL) && (!ccw_journal_load(host, &id, &record, NULL) || record);
}

/* Whether the subchannel is as this record's steps may have left it, and no other taking of a device explains that. */
static gboolean is_left_changed(Walk *walk)
{
    g_auto(GStrv) mdevs = ccw_subchannel_mdevs(walk->host, &walk->record->subchannel);

    if (mdevs[0] || has_entry(walk->host, walk->has_now))
        return FALSE;
    return driver_is(walk, DRIVER_VFIO) || driver_is(walk, NULL) ||
           attr_is(walk->css_dir, "driver_override", DRIVER_VFIO);
}

/*
 * The device is on another subchannel now, or nowhere, and the one that it was taken on may have another device. That
 * one gets back the driver and the driver_override that were found, if they are as the steps leave them: its own
 * device would stay on vfio_ccw otherwise, without a record.
 */
static gboolean restore_left(CcwHost *host, CcwRecord *record, CcwVfioHold hold, GError **error)
{
    g_auto(Walk) walk = { 0 };

    walk_init(&walk, host, record, &record->subchannel);
    walk.held = hold;
    if (!g_file_test(walk.css_dir, G_FILE_TEST_EXISTS))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(backward); i++) {
        if (!(record->steps & 1u << backward[i].step) || backward[i].step == CCW_STEP_OFFLINE)
            continue;
        if (backward[i].step != CCW_STEP_MDEV && !is_left_changed(&walk))
            continue;
        if (!back_step(&walk, i, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean walk_back(CcwHost *host, CcwRecord *record, const CcwBusId *subchannel, CcwVfioHold hold,
                          GError **error)
{
    g_auto(Walk) walk = { 0 };
    gboolean reappears = record->steps & 1u << CCW_STEP_UNBIND && record->found_online >= 0;

    walk_init(&walk, host, record, subchannel);
    walk.held = hold;
    for (gsize i = 0; i < G_N_ELEMENTS(backward); i++) {
        if (!(record->steps & 1u << backward[i].step))
            continue;
        if (!back_step(&walk, i, error))
            return FALSE;
        record->steps &= ~(1u << backward[i].step);
        ccw_journal_save(host, record, NULL);
    }
    /* Who takes it next shall find it. */
    if (reappears && g_file_test(walk.css_dir, G_FILE_TEST_EXISTS))
        ccw_wait_until(has_device, &walk, host->settle_ms);
    return TRUE;
}

gboolean ccw_steps_give_back_held(CcwHost *host, CcwRecord *record, CcwVfioHold hold, GError **error)
{
    CcwBusId subchannel;
    gboolean is_there;

    /* That a way back cannot be recorded (a full disk) is no reason not to walk it: it can be walked twice. */
    record->state = CCW_CLAIM_RELEASING;
    g_clear_pointer(&record->token, g_free);
    ccw_journal_save(host, record, NULL);
    is_there = ccw_subchannel_of(host, &record->device, &subchannel);
    if (!(is_there && ccw_bus_id_equal(&subchannel, &record->subchannel)) && !restore_left(host, record, hold, error))
        return FALSE;
    if (is_there && !walk_back(host, record, &subchannel, hold, error))
        return FALSE;
    return ccw_journal_remove(host, &record->device, error);
}

gboolean ccw_steps_give_back(CcwHost *host, CcwRecord *record, GError **error)
{
    return ccw_steps_give_back_held(host, record, -1, error);
}

gboolean ccw_steps_restart(CcwHost *host, CcwRecord *record, CcwDiskHold *hold, GError **error)
{
    g_autoptr(GError) offline_error = NULL;
    gboolean offline = take_until(host, record, CCW_STEP_OFFLINE, hold, &offline_error);
    gboolean back = ccw_steps_give_back(host, record, offline ? error : NULL);

    if (offline_error)
        g_propagate_error(error, g_steal_pointer(&offline_error));
    return offline && back;
}
